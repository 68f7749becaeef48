"""Receipts for many entries at once, under one checkpoint; and the registry's signed count of a person's entries."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from vault.clock import millis
from vault.crypto.keyring import KeyRing
from vault.db import Session
from vault.errors import Tampered
from vault.ids import PersonId
from vault.ledger.checkpoint import parse, ring_signer
from vault.ledger.counting import Count, sign_count, whose
from vault.ledger.proofs import ProofFailed, build, inclusion_nodes, verify_inclusion
from vault.ledger.receipt import Receipt, make_receipt
from vault.ledger.stored import fetch_nodes, fetcher
from vault.ledger.subjects import key_and_count, tags
from vault.ledger.tables import CheckpointRow, OutboxRow
from vault.ledger.tree import leaf_hash

_BODIES: Final = "SELECT idx, body FROM ledger_bodies WHERE shard = $1 AND idx = ANY ($2::bigint[])"
_KNOWN: Final = "SELECT size, note FROM ledger_checkpoints WHERE shard = $1 AND size = $2"
_AT_ONCE: Final = 5000


async def receipts_at(
    session: Session, indexes: Sequence[int], *, size: int | None = None, shard: int = 0
) -> dict[int, Receipt]:
    """The receipts of these entries under one checkpoint, by index; without those whose bodies are not here.

    ``size``: of the checkpoint, the newest by default. Entries that it does not cover are left out.
    """
    fetch = fetcher(session)
    if size is None:
        newest = sa.select(sa.func.max(CheckpointRow.size)).where(CheckpointRow.shard == shard)
        size = (await session.scalar(newest)) or 0
    rows = await fetch(_KNOWN, shard, size)
    if not rows:
        return {}
    note: str = rows[0][1]
    root = parse(note)[0].root
    bodies = {row[0]: row[1] for row in await fetch(_BODIES, shard, [i for i in indexes if i < size])}
    planned = {index: inclusion_nodes(index, size) for index in bodies}
    nodes = {node for parts in planned.values() for part in parts for node in part}
    lookup = await fetch_nodes(fetch, shard, nodes, size=size)
    receipts = {}
    for index, body in bodies.items():
        path = build(planned[index], lookup)
        try:
            verify_inclusion(leaf_hash(body), index, size, path=path, root=root)
        except ProofFailed as error:
            raise Tampered(private=f"entry {index}: {error.public}") from error
        receipts[index] = make_receipt(body, index, size=size, path=path, note=note)
    return receipts


async def stated_count(session: Session, person: PersonId, ring: KeyRing, origin: str, *, shard: int = 0) -> str:
    """The registry's signed statement of how many entries are about a person now (``counting``). Raises NotFound."""
    k_s, count = await key_and_count(session, person)
    waiting = 0
    for first in range(0, count, _AT_ONCE):
        wanted = tags(k_s, shard, first, min(_AT_ONCE, count - first))
        there = sa.select(sa.func.count()).where(OutboxRow.shard == shard, OutboxRow.tag.in_(wanted))
        waiting += (await session.scalar(there)) or 0
    said = Count(origin, shard, whose(k_s), count, waiting, millis(session.now))
    return sign_count(ring_signer(ring, origin), said)
