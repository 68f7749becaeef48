"""Finding entries by any combination of filters, newest first, by postings where there are, by reading where not yet.

A filter is a facet (see ``postings``) with the values that fit; filters are joined by AND. Acts on a session of any
run-time role.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any, Final

import sqlalchemy as sa

from vault.crypto.canonical import canonical_unchecked, reread
from vault.crypto.rowmac import check_row
from vault.db import Session
from vault.ledger.log import SHARD
from vault.ledger.postings import check_posting, decode, places, values_of
from vault.ledger.reading import Entry
from vault.ledger.tables import BlockRow, BodyRow, HeadRow, PostingRow

_WINDOWS: Final = (4, 28, 256)
"""Blocks looked at in one round trip: few at first, since what is common is found at once."""
_CHUNK: Final = 2_000
_RAREST_FIRST: Final = ("declaration", "requester", "reason", "outcome", "item", "purpose", "event", "hour")
"""What leaves nothing of a block spares reading the rest of it: the order in which that is likely."""


@dataclass(frozen=True)
class Sieve:
    """What entries must fit: facet → values of which one fits; ``since`` and ``until`` in ms, until excluded."""

    facets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    since: int | None = None
    until: int | None = None

    def fits(self, members: Mapping[str, Any]) -> bool:
        """Whether an entry with these members passes."""
        if not self.holds(members["at"]):
            return False
        has = set(values_of(members))
        return all(any((facet, value) in has for value in values) for facet, values in self.facets.items())

    def holds(self, at: int) -> bool:
        """Whether a moment lies in the period."""
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Block:
    """An indexed block: its first index, its width, the moments between which its entries lie."""

    number: int
    first: int
    width: int
    first_at: int
    last_at: int


async def find(
    session: Session, sieve: Sieve, *, before: int | None = None, limit: int = 100, shard: int = SHARD
) -> list[int]:
    """Indexes of entries that fit, newest first, below ``before``; at most ``limit``. Raises Tampered."""
    found: list[int] = []
    async for chunk in stretches(session, sieve, below=before, shard=shard):
        found += chunk[: limit - len(found)]
        if len(found) >= limit:
            break
    return found


async def stretches(
    session: Session, sieve: Sieve, *, below: int | None = None, shard: int = SHARD
) -> AsyncIterator[list[int]]:
    """Everything that fits below an index (None: everything), newest first, a stretch at a time."""
    size = await session.scalar(sa.select(HeadRow.size).where(HeadRow.shard == shard)) or 0
    below = size if below is None else min(below, size)
    covered = await indexed(session, shard)
    for high in range(below, covered, -_CHUNK):
        yield await _read_through(session, sieve, max(covered, high - _CHUNK), high, shard)
    top = min(below, covered)
    for width in chain(_WINDOWS, repeat(_WINDOWS[-1])):
        window = await blocks(session, sieve, below=top, limit=width, shard=shard)
        if not window:
            return
        bits = await fitting_bits(session, sieve, window, shard)
        for block in window:
            fitting = bits[block.number]
            if block.first + block.width > below:
                fitting &= (1 << (below - block.first)) - 1
            if fitting:
                yield await _in_period(session, sieve, block, fitting, shard)
        top = window[-1].first


async def entries_at(session: Session, indexes: Collection[int], *, shard: int = SHARD) -> list[Entry]:
    """The entries at these indexes, newest first; one whose body was taken away is left out."""
    wanted = sa.select(BodyRow.idx, BodyRow.body).where(BodyRow.shard == shard, BodyRow.idx.in_(list(indexes)))
    return [Entry(idx, body, reread(body)) for idx, body in await session.execute(wanted.order_by(BodyRow.idx.desc()))]


async def blocks(
    session: Session, sieve: Sieve, *, below: int, limit: int | None = None, shard: int = SHARD
) -> list[Block]:
    """The indexed blocks that begin below an index and reach into the sieve's period, newest first. Raises Tampered."""
    wanted = sa.select(BlockRow.__table__).where(BlockRow.shard == shard, BlockRow.block * BlockRow.width < below)
    if sieve.since is not None:
        wanted = wanted.where(BlockRow.last_at >= sieve.since)
    if sieve.until is not None:
        wanted = wanted.where(BlockRow.first_at < sieve.until)
    found = []
    for row in (await session.execute(wanted.order_by(BlockRow.block.desc()).limit(limit))).mappings():
        check_row(session.ring, "ledger_blocks", {name: row[name] for name in row if name != "mac"}, row["mac"])
        number, width = row["block"], row["width"]
        found.append(Block(number, number * width, width, row["first_at"], row["last_at"]))
    return found


async def postings(
    session: Session, facet: str, values: Collection[str] | None, *, numbers: Collection[int], shard: int = SHARD
) -> dict[str, dict[int, int]]:
    """{value: {block: bits}} of a facet, in the blocks of these numbers; None: of every value. Raises Tampered."""
    row = PostingRow
    wanted = sa.select(row.value, row.block, row.bits, row.mac).where(
        row.shard == shard, row.facet == facet, row.block.in_(list(numbers))
    )
    if values is not None:
        wanted = wanted.where(row.value.in_(list(values)))
    found: dict[str, dict[int, int]] = {}
    for value, block, bits, sealed in await session.execute(wanted):
        check_posting(session.ring, (facet, value), (shard, block), bits, sealed)
        found.setdefault(value, {})[block] = decode(bits)
    return found


async def indexed(session: Session, shard: int = SHARD) -> int:
    """How many entries from the first are indexed."""
    last = sa.select(BlockRow.block, BlockRow.width).where(BlockRow.shard == shard)
    row = (await session.execute(last.order_by(BlockRow.block.desc()).limit(1))).one_or_none()
    return 0 if row is None else int((row[0] + 1) * row[1])


async def fitting_bits(session: Session, sieve: Sieve, window: list[Block], shard: int = SHARD) -> dict[int, int]:
    """Of each block in a window, the entries that fit every facet."""
    found = {block.number: (1 << block.width) - 1 for block in window}
    for facet in sorted(sieve.facets, key=_RAREST_FIRST.index):
        fitting: dict[int, int] = {}
        alive = [number for number, bits in found.items() if bits]
        if not alive:
            break
        for by_block in (await postings(session, facet, sieve.facets[facet], numbers=alive, shard=shard)).values():
            for number, bits in by_block.items():
                fitting[number] = fitting.get(number, 0) | bits
        found = {number: bits & fitting.get(number, 0) for number, bits in found.items()}
    return found


async def _in_period(session: Session, sieve: Sieve, block: Block, bits: int, shard: int) -> list[int]:
    """The entries behind the bits; where the block reaches beyond the period, those within it."""
    indexes = [block.first + place for place in places(bits)]
    if sieve.holds(block.first_at) and sieve.holds(block.last_at):
        return indexes
    wanted = sa.select(BodyRow.idx).where(
        BodyRow.shard == shard, BodyRow.idx >= block.first, BodyRow.idx < block.first + block.width
    )
    if sieve.since is not None:
        wanted = wanted.where(BodyRow.at >= sieve.since)
    if sieve.until is not None:
        wanted = wanted.where(BodyRow.at < sieve.until)
    within = set(await session.scalars(wanted))
    return [index for index in indexes if index in within]


_COLUMNS: Final = {
    "requester": BodyRow.requester,
    "declaration": BodyRow.declaration,
    "purpose": BodyRow.purpose,
    "event": BodyRow.event,
    "outcome": BodyRow.outcome,
}


async def _read_through(session: Session, sieve: Sieve, low: int, high: int, shard: int) -> list[int]:
    """What fits of entries that are not indexed yet: their bodies are looked at, those only whose columns fit."""
    wanted = sa.select(BodyRow.idx, BodyRow.body).where(BodyRow.shard == shard, BodyRow.idx >= low, BodyRow.idx < high)
    if sieve.since is not None:
        wanted = wanted.where(BodyRow.at >= sieve.since)
    if sieve.until is not None:
        wanted = wanted.where(BodyRow.at < sieve.until)
    for facet, values in sieve.facets.items():
        if facet in _COLUMNS and "" not in values:
            wanted = wanted.where(_COLUMNS[facet].in_(list(values)))
        elif facet in {"item", "reason"} and "" not in values:
            said = [sa.literal(canonical_unchecked({facet: each})[1:-1]) for each in values]
            looks = [sa.func.position(text.op("IN")(BodyRow.body)) for text in said]
            wanted = wanted.where(sa.or_(*(look > 0 for look in looks)))
    rows = await session.execute(wanted.order_by(BodyRow.idx.desc()))
    return [idx for idx, body in rows if sieve.fits(reread(body))]
