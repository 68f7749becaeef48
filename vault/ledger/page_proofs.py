"""Proof of a page: every entry on it, against one signed checkpoint."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from vault.db import Session
from vault.errors import NotFound, Tampered
from vault.ledger.checkpoint import parse
from vault.ledger.log import SHARD
from vault.ledger.proofs import ProofFailed, build, inclusion_nodes, verify_inclusion
from vault.ledger.reading import Entry
from vault.ledger.receipt import Receipt, encode
from vault.ledger.stored import fetch_nodes, fetcher
from vault.ledger.tables import CheckpointRow
from vault.ledger.tree import leaf_hash


class ProvenPlace(msgspec.Struct, frozen=True):
    """An entry's exact bytes (base64), its index, and the hashes that lead to the root of the page's checkpoint."""

    entry: str
    index: int
    inclusion_path: list[str]


class PageProof(msgspec.Struct, frozen=True):
    """Entries of one page, each proven against ``checkpoint``, which covers ``tree_size`` entries."""

    tree_size: int
    checkpoint: str
    entries: list[ProvenPlace]

    def receipts(self) -> list[Receipt]:
        """The same as receipts, each of which ``pivault ledger verify`` takes on its own."""
        return [
            Receipt(each.entry, each.index, self.tree_size, each.inclusion_path, self.checkpoint)
            for each in self.entries
        ]


async def checkpoint_at(session: Session, size: int | None = None, *, shard: int = SHARD) -> str:
    """The signed note of the checkpoint of this size; None: the newest. Raises NotFound."""
    wanted = sa.select(CheckpointRow.note).where(CheckpointRow.shard == shard)
    if size is not None:
        wanted = wanted.where(CheckpointRow.size == size)
    note: str | None = await session.scalar(wanted.order_by(CheckpointRow.size.desc()).limit(1))
    if note is None:
        raise NotFound("There is no such checkpoint.")
    return note


async def prove(
    session: Session, entries: Sequence[Entry], *, size: int | None = None, shard: int = SHARD
) -> PageProof:
    """The proof of these entries against the checkpoint of this size (None: the newest), verified before it leaves.

    Raises NotFound, Tampered.
    """
    note = await checkpoint_at(session, size, shard=shard)
    checkpoint = parse(note)[0]
    size, root = checkpoint.size, checkpoint.root
    parts = [inclusion_nodes(each.index, size) for each in entries]
    nodes = [node for path in parts for part in path for node in part]
    lookup = await fetch_nodes(fetcher(session), shard, nodes, size=size)
    places = []
    for each, planned in zip(entries, parts, strict=True):
        path = build(planned, lookup)
        try:
            verify_inclusion(leaf_hash(each.body), each.index, size, path=path, root=root)
        except ProofFailed as error:
            raise Tampered(private=f"entry {each.index}: {error.public}") from error
        places.append(ProvenPlace(encode(each.body), each.index, [encode(step) for step in path]))
    return PageProof(size, note, places)
