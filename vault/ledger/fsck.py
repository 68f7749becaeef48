"""Checking a stored log from its rows alone: nothing is taken on trust but the log's public keys.

Every leaf hash from its body, every search column, the order without gaps, every tile, every
checkpoint's root and signature, every requester's sequence, every tag, the head. Reads one snapshot
in a stream, in any role that may read the ledger; memory does not grow with the log, except by a
counter per requester.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vault.ledger.audit import Audit, Broken, Finding, Redaction, StoredEntry
from vault.ledger.checkpoint import LogKey
from vault.ledger.places import hashes_of
from vault.ledger.tree import TILE_WIDTH

CHUNK: Final = 2048
_REDACTED: Final = """
SELECT m.first, m.count, m.digest
FROM ledger_bodies r, json_to_record(encode(r.body, 'escape')::json) AS m (first bigint, count bigint, digest text)
WHERE r.shard = $1 AND r.event = 'ledger.redacted' AND m.first >= 0 AND m.count > 0 AND m.digest IS NOT NULL
ORDER BY r.idx
"""
_AWAY: Final = """
SELECT t.n, t.hashes FROM ledger_partitions p
JOIN ledger_tiles t ON t.shard = $1 AND t.level = 0 AND t.n >= p.first / 256 AND t.n < p.until / 256
WHERE p.detached_at IS NOT NULL ORDER BY t.n
"""
_IDS: Final = """
SELECT e.idx FROM ledger_entries e LEFT JOIN ledger_ids i ON i.id = e.id
WHERE e.shard = $1 AND i.shard IS NOT NULL AND (i.shard, i.idx) <> (e.shard, e.idx) LIMIT 100
"""
_ENTRIES: Final = """
SELECT e.idx, e.leaf_hash, e.id, b.body, b.at, b.event, b.requester, b.declaration, b.purpose, b.outcome, b.tag, b.seq
FROM ledger_entries e LEFT JOIN ledger_bodies b ON b.shard = e.shard AND b.idx = e.idx
WHERE e.shard = $1 ORDER BY e.idx
"""
_CHECKPOINTS: Final = "SELECT size, note FROM ledger_checkpoints WHERE shard = $1 ORDER BY size"
_HEAD: Final = "SELECT size, root, frontier FROM ledger_heads WHERE shard = $1"
_TILES: Final = """
SELECT t.level, t.n, t.hashes, t.root
FROM unnest($2::smallint[], $3::bigint[]) AS wanted (level, n)
JOIN ledger_tiles t ON t.shard = $1 AND t.level = wanted.level AND t.n = wanted.n
"""
_TILE_COUNT: Final = "SELECT count(*) FROM ledger_tiles WHERE shard = $1"
_BODY_COUNT: Final = """
SELECT count(*) FROM ledger_bodies b
WHERE b.shard = $1 AND NOT EXISTS (SELECT FROM ledger_entries e WHERE e.shard = b.shard AND e.idx = b.idx)
"""
_TAGS: Final = """
SELECT max(idx) FROM ledger_bodies WHERE shard = $1 AND tag IS NOT NULL GROUP BY tag HAVING count(*) > 1 LIMIT 100
"""


@dataclass(frozen=True, slots=True)
class Report:
    """What was checked and what was found; ``more`` counts findings beyond those listed."""

    entries: int
    checkpoints: int
    findings: Sequence[Finding]
    more: int

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


async def fsck(
    connection: Any, keys: Sequence[LogKey], *, shard: int = 0, progress: Callable[[int, int], None] | None = None
) -> Report:
    """Check one shard over a plain asyncpg connection. ``progress`` is given entries done and entries in all.

    ``keys``: every key the log ever signed with. Never stops at a finding; raises only what the driver raises.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        audit = Audit(keys, [Redaction(*row) for row in await connection.fetch(_REDACTED, shard)])
        head = await connection.fetchrow(_HEAD, shard)
        total = 0 if head is None else head["size"]
        tiles = await _stream(connection, audit, shard, lambda done: progress(done, total) if progress else None)
        if head is None:
            audit.note(Broken.HEAD, 0, "the head row is gone")
        else:
            audit.end(size=head["size"], root=head["root"], frontier=head["frontier"])
        await _look_for_strays(connection, audit, shard, tiles)
    return Report(audit.entries, audit.checkpoints, audit.findings, audit.more)


async def _stream(connection: Any, audit: Audit, shard: int, progress: Callable[[int], None]) -> int:
    """Feed everything to the audit. Returns how many tiles there should be."""
    tiles = 0
    entries, checkpoints = _chunks(connection, _ENTRIES, shard), _one_by_one(connection, _CHECKPOINTS, shard)
    signed = await anext(checkpoints, None)
    async for chunk in _chunks(connection, _AWAY, shard, most=CHUNK // TILE_WIDTH):
        for n, hashes in chunk:  # detached partitions: the oldest, so they come before all that is here
            for position, hashed in enumerate(hashes_of(hashes, TILE_WIDTH), n * TILE_WIDTH):
                while signed is not None and signed["size"] <= position:
                    audit.checkpoint(signed["size"], signed["note"])
                    signed = await anext(checkpoints, None)
                audit.archived(position, [hashed])
        tiles += await _compare_tiles(connection, audit, shard)
    async for chunk in entries:
        for position, leaf_hash, entry_id, body, *searched in chunk:
            while signed is not None and signed["size"] <= position:
                audit.checkpoint(signed["size"], signed["note"])
                signed = await anext(checkpoints, None)
            audit.entry(StoredEntry(position, leaf_hash, entry_id, body, searched))
        tiles += await _compare_tiles(connection, audit, shard)
        progress(audit.entries)
    while signed is not None:
        audit.checkpoint(signed["size"], signed["note"])
        signed = await anext(checkpoints, None)
    return tiles


async def _compare_tiles(connection: Any, audit: Audit, shard: int) -> int:
    places = [(tile.level, tile.n) for tile in audit.expected_tiles()]
    stored = await connection.fetch(_TILES, shard, [level for level, _ in places], [n for _, n in places])
    return len(audit.tiles({(level, n): (hashes, root) for level, n, hashes, root in stored}))


async def _look_for_strays(connection: Any, audit: Audit, shard: int, tiles: int) -> None:
    for (index,) in await connection.fetch(_IDS, shard):
        audit.note(Broken.COLUMN, index, f"the id of entry {index} leads to another entry")
    stored_tiles = await connection.fetchval(_TILE_COUNT, shard)
    if stored_tiles > tiles:
        audit.note(Broken.TILE, tiles, f"there are {stored_tiles - tiles} tiles more than the entries fill")
    strays = await connection.fetchval(_BODY_COUNT, shard)
    if strays:
        audit.note(Broken.ENTRY_MISSING, audit.entries, f"{strays} bodies have no entry")
    for (index,) in await connection.fetch(_TAGS, shard):
        audit.note(Broken.TAG, index, f"the tag of entry {index} is on an earlier entry too")


async def _chunks(connection: Any, statement: str, shard: int, *, most: int = CHUNK) -> AsyncIterator[Sequence[Any]]:
    cursor = await connection.cursor(statement, shard)
    while rows := await cursor.fetch(most):
        yield rows


async def _one_by_one(connection: Any, statement: str, shard: int) -> AsyncIterator[Any]:
    async for chunk in _chunks(connection, statement, shard):
        for row in chunk:
            yield row
