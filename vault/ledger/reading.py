"""Reading the ledger: proofs for any entry, pages for a regulator, a person's own lines.

Acts on a session of any run-time role. Proofs are made from tiles and the rows of the unfinished
ones, and verified before they leave: Tampered means that the rows contradict the checkpoint.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.crypto.canonical import b64, reread
from vault.db import Session
from vault.errors import NotFound, Tampered
from vault.ids import EntryId
from vault.ledger.checkpoint import parse
from vault.ledger.partitions import why_not_here
from vault.ledger.proofs import (
    ProofFailed,
    build,
    consistency_nodes,
    inclusion_nodes,
    verify_consistency,
    verify_inclusion,
)
from vault.ledger.receipt import Consistency, Receipt, decode, encode, make_receipt
from vault.ledger.stored import Fetch, fetch_nodes, fetcher
from vault.ledger.subjects import tags
from vault.ledger.tables import BodyRow
from vault.ledger.tree import leaf_hash

MOST_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class Signed:
    """A stored checkpoint: how many entries it covers, and its signed note."""

    size: int
    note: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as stored: its index, the exact bytes of its leaf, their members (see ``leaf``)."""

    index: int
    body: bytes
    members: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What a regulator asks for; None means any. ``since`` and ``until``: ms since 1970, until excluded."""

    requester: UUID | None = None
    declaration: UUID | None = None
    purpose: str | None = None
    event: str | None = None
    outcome: str | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a person's history: its number and its entry.

    Without an entry it is on its way (``waiting``), archived or redacted (``withheld``: its index), or missing;
    several mean that the counter was set back.
    """

    n: int
    entries: tuple[Entry, ...]
    waiting: bool
    withheld: int | None = None

    @property
    def entry(self) -> Entry | None:
        """The one entry there should be."""
        return self.entries[0] if self.entries else None


_BY_ID: Final = """
SELECT e.idx, b.body, c.size, c.note
FROM ledger_ids e
LEFT JOIN ledger_bodies b ON b.shard = e.shard AND b.idx = e.idx
CROSS JOIN LATERAL (
    SELECT size, note FROM ledger_checkpoints WHERE shard = e.shard ORDER BY size DESC LIMIT 1
) c
WHERE e.shard = $1 AND e.id = $2::uuid
"""
_BY_INDEX: Final = """
SELECT $2::bigint, b.body, c.size, c.note
FROM (SELECT size, note FROM ledger_checkpoints WHERE shard = $1 ORDER BY size DESC LIMIT 1) c
LEFT JOIN ledger_bodies b ON b.shard = $1 AND b.idx = $2::bigint
WHERE $2::bigint >= 0 AND $2::bigint < c.size
"""
_CHECKPOINTS: Final = "SELECT size, note FROM ledger_checkpoints WHERE shard = $1 AND size = ANY ($2::bigint[])"
_ENDS: Final = """
(SELECT size, note FROM ledger_checkpoints WHERE shard = $1 ORDER BY size LIMIT 1)
UNION ALL
(SELECT size, note FROM ledger_checkpoints WHERE shard = $1 ORDER BY size DESC LIMIT 1)
"""
_TAGGED: Final = """
SELECT b.idx, b.body, b.tag FROM unnest($2::text[]) AS wanted (tag)
JOIN ledger_bodies b ON b.tag = wanted.tag AND b.shard = $1
ORDER BY b.idx
"""
_WITHHELD: Final = "SELECT tag, idx FROM ledger_withheld WHERE shard = $1 AND tag = ANY ($2::text[])"
_WAITING: Final = "SELECT tag FROM ledger_outbox WHERE shard = $1 AND tag = ANY ($2::bytea[])"


async def first_and_latest(session: Session, *, shard: int = 0) -> tuple[Signed, Signed] | None:
    """The oldest and the newest checkpoint; None while the ledger is empty."""
    rows = await fetcher(session)(_ENDS, shard)
    if not rows:
        return None
    oldest, newest = (Signed(*row) for row in rows)
    return oldest, newest


async def receipt_of(session: Session, entry_id: EntryId, *, shard: int = 0) -> Receipt:
    """The receipt of an entry under the newest checkpoint. Raises NotFound: unknown, or not in the tree yet;
    Archived and Redacted: its place is known, its bytes are not here."""
    return await _receipt(fetcher(session), _BY_ID, shard, entry_id)


async def receipt_at(session: Session, index: int, *, shard: int = 0) -> Receipt:
    """The receipt of the entry at an index, from 0. Raises NotFound, Archived, Redacted."""
    return await _receipt(fetcher(session), _BY_INDEX, shard, index)


async def receipt_under(session: Session, receipt: Receipt, note: str, *, shard: int = 0) -> Receipt:
    """The same entry under another checkpoint of this log; as it is where that does not cover it. Raises Tampered."""
    size, body = parse(note)[0].size, decode(receipt.entry, "The entry")
    if receipt.index >= size:
        return receipt
    row = (receipt.index, body, size, note)
    return await _proven(fetcher(session), shard, row)


async def consistency(session: Session, old_size: int, new_size: int, *, shard: int = 0) -> Consistency:
    """Proof that the older of two stored checkpoints is the beginning of the newer. Raises NotFound, Invalid."""
    parts = consistency_nodes(old_size, new_size)
    fetch = fetcher(session)
    notes: dict[int, str] = dict([tuple(row) for row in await fetch(_CHECKPOINTS, shard, [old_size, new_size])])
    if len(notes) != len({old_size, new_size}):
        raise NotFound("There is no checkpoint of this size.")
    lookup = await fetch_nodes(fetch, shard, [node for part in parts for node in part], size=new_size)
    path = build(parts, lookup)
    old_root, new_root = (parse(notes[size])[0].root for size in (old_size, new_size))
    try:
        verify_consistency(old_size, new_size, path=path, old_root=old_root, new_root=new_root)
    except ProofFailed as error:
        raise Tampered(private=f"sizes {old_size} and {new_size}: {error.public}") from error
    return Consistency(old_size, new_size, [encode(step) for step in path], notes[old_size], notes[new_size])


async def page(
    session: Session, question: Question, *, before: int | None = None, limit: int = 100, shard: int = 0
) -> list[Entry]:
    """Entries that fit the question, newest first, from the one before the index ``before`` on.

    At most ``limit`` (no more than MOST_ROWS). For the next page pass the last entry's index as ``before``.
    """
    wanted = sa.select(BodyRow.idx, BodyRow.body).where(BodyRow.shard == shard)
    equal = {
        BodyRow.requester: None if question.requester is None else ids.public(ids.REQUESTER, question.requester),
        BodyRow.declaration: None
        if question.declaration is None
        else ids.public(ids.DECLARATION, question.declaration),
        BodyRow.purpose: question.purpose,
        BodyRow.event: question.event,
        BodyRow.outcome: question.outcome,
    }
    wanted = wanted.where(*(column == value for column, value in equal.items() if value is not None))
    if question.since is not None:
        wanted = wanted.where(BodyRow.at >= question.since)
    if question.until is not None:
        wanted = wanted.where(BodyRow.at < question.until)
    if before is not None:
        wanted = wanted.where(BodyRow.idx < before)
    rows = await session.execute(wanted.order_by(BodyRow.idx.desc()).limit(min(limit, MOST_ROWS)))
    return [_entry(index, body) for index, body in rows]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Entries, newest first. ``next``: pass it as ``before`` for older ones; None: there are no more."""

    entries: list[Entry]
    next: int | None


@dataclass(frozen=True, slots=True)
class Back:
    """How far back to look: before an index, for so many entries that fit, over so many that count; in which shard."""

    before: int | None = None
    limit: int = 50
    reach: int = 5_000
    shard: int = 0


async def of_requester(
    session: Session, requester: UUID, events: Collection[str], back: Back = Back(), *, counted: Collection[str]
) -> Stretch:
    """A requester's entries of these events, found by the index over requesters.

    A page may hold fewer than ``limit``, even none, and still have a next one: what it costs is bounded by ``reach``.
    ``counted``: the events whose number the reader may know. Others do not count for ``reach``: where a page ends
    would tell that there is one, of a person's no for example.
    """
    limit, before, reach, shard = min(back.limit, MOST_ROWS), back.before, back.reach, back.shard
    mine = (
        BodyRow.shard == shard,
        BodyRow.requester == ids.public(ids.REQUESTER, requester),
        BodyRow.event.in_({*counted, *events}),
    )
    past = sa.select(BodyRow.idx, BodyRow.event).where(*mine)
    if before is not None:
        past = past.where(BodyRow.idx < before)
    looked_at = past.order_by(BodyRow.idx.desc()).limit(reach).subquery()
    fitting = sa.select(looked_at.c.idx).where(looked_at.c.event.in_(events)).order_by(looked_at.c.idx.desc())
    ends = sa.select(sa.func.min(looked_at.c.idx), sa.func.count())
    indexes = list(await session.scalars(fitting.limit(limit + 1)))
    wanted = sa.select(BodyRow.idx, BodyRow.body).where(BodyRow.shard == shard, BodyRow.idx.in_(indexes[:limit]))
    rows = await session.execute(wanted.order_by(BodyRow.idx.desc()))
    entries = [_entry(index, body) for index, body in rows]
    if len(indexes) > limit:
        return Stretch(entries, entries[-1].index)
    oldest, seen = (await session.execute(ends)).one()
    return Stretch(entries, oldest if seen == reach else None)


async def tagged(session: Session, wanted: Sequence[str], *, shard: int = 0) -> list[Entry]:
    """The entries with these tags (base64url), newest first."""
    rows = await fetcher(session)(_TAGGED, shard, list(wanted))
    return [_entry(index, body) for index, body, _ in reversed(rows)]


async def history(session: Session, k_s: bytes, first: int, count: int, *, shard: int = 0) -> list[Line]:
    """A person's lines numbered ``first`` to ``first + count - 1``, found by the tags of their ledger key."""
    wanted = tags(k_s, shard, first, count)
    fetch = fetcher(session)
    waiting = {bytes(tag) for (tag,) in await fetch(_WAITING, shard, wanted)}
    # The outbox first: what leaves it between the two statements is in the tree by then.
    found: dict[str, list[Entry]] = {}
    for index, body, tag in await fetch(_TAGGED, shard, [b64(tag) for tag in wanted]):
        found.setdefault(tag, []).append(_entry(index, body))
    named = [b64(tag) for tag in wanted]
    gone = dict([tuple(row) for row in await fetch(_WITHHELD, shard, [tag for tag in named if tag not in found])])
    return [
        Line(n, tuple(found.get(name, ())), waiting=tag in waiting and name not in found, withheld=gone.get(name))
        for n, (tag, name) in enumerate(zip(wanted, named, strict=True), first)
    ]


def _entry(index: int, body: bytes) -> Entry:
    return Entry(index, body, reread(body))


async def _receipt(fetch: Fetch, statement: str, shard: int, which: UUID | int) -> Receipt:
    rows: Sequence[Any] = await fetch(statement, shard, which)
    if not rows:
        raise NotFound("There is no such entry.")
    return await _proven(fetch, shard, rows[0])


async def _proven(fetch: Fetch, shard: int, row: Sequence[Any]) -> Receipt:
    index, body, size, note = row
    if body is None:
        raise await why_not_here(fetch, index)
    parts = inclusion_nodes(index, size)
    path = build(parts, await fetch_nodes(fetch, shard, [node for part in parts for node in part], size=size))
    try:
        verify_inclusion(leaf_hash(body), index, size, path=path, root=parse(note)[0].root)
    except ProofFailed as error:
        raise Tampered(private=f"entry {index}: {error.public}") from error
    return make_receipt(body, index, size=size, path=path, note=note)
