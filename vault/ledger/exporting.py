"""From the rows to a copy of the log as files (``copies``): everything, or the range of one partition.

Every leaf is hashed again on its way out, and the hashes must lead to the root that the checkpoint signs: what does
not verify is not exported. Entries whose bodies were redacted stand there without bytes; those of a detached
partition are not there, their archive is.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from vault.errors import NotFound, Tampered
from vault.ledger.checkpoint import LogKey, verify
from vault.ledger.copies import CHECKPOINTS, Sink
from vault.ledger.places import ENTRIES, Place
from vault.ledger.tiles import CHECKPOINT, bundle
from vault.ledger.tree import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, Edge, leaf_hash

CHUNK: Final = 32
"""Bundles read at a time."""
_NOTES: Final = "SELECT note FROM ledger_checkpoints WHERE shard = $1 AND size <= $2 ORDER BY size"
_NEWEST: Final = "SELECT size, note FROM ledger_checkpoints WHERE shard = $1 ORDER BY size DESC LIMIT 1"
_HASHES: Final = "SELECT n, hashes FROM ledger_tiles WHERE shard = $1 AND level = 0 AND n >= $2 AND n < $3"
_LOOSE: Final = """
SELECT string_agg(leaf_hash, ''::bytea ORDER BY idx) FROM ledger_entries WHERE shard = $1 AND idx >= $2 AND idx < $3
"""
_BODIES: Final = "SELECT idx, body FROM ledger_bodies WHERE shard = $1 AND idx >= $2 AND idx < $3"
_AWAY: Final = "SELECT first, until FROM ledger_partitions WHERE detached_at IS NOT NULL"


async def export(
    connection: Any,
    sink: Sink,
    keys: Sequence[LogKey],
    *,
    shard: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Export everything under the newest checkpoint, over a plain asyncpg connection. Returns how many entries.

    ``keys``: every key the log ever signed with. Raises NotFound for an empty log, Tampered for one that does not
    verify; then no checkpoint is written.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        newest = await connection.fetchrow(_NEWEST, shard)
        if newest is None:
            raise NotFound("The ledger is empty.")
        size, note = newest
        edge = Edge()
        for first in range(0, size, CHUNK * TILE_WIDTH):
            until = min(size, first + CHUNK * TILE_WIDTH)
            rows = await read_rows(connection, shard, first, until)
            _write(sink, edge, rows)
            progress(until, size)
        _write_edge(sink, edge)
        if (signed := verify(note, keys)).root != edge.root() or signed.size != size:
            raise Tampered(private=f"the entries do not lead to the root of checkpoint {size}")
        notes = [msgspec.json.encode(row["note"]) for row in await connection.fetch(_NOTES, shard, size)]
    sink.put(CHECKPOINTS, b"\n".join(notes) + b"\n")
    sink.put(CHECKPOINT, note.encode())
    return int(size)


Rows = list[tuple[bytes, bytes | None]]
"""Leaf hash and body of entries in order; b"" for a body that was redacted, None for one of a detached partition."""


async def read_rows(connection: Any, shard: int, first: int, until: int) -> Rows:
    """The entries ``first`` up to ``until``; ``first`` is a multiple of 256. Raises Tampered."""
    low, high = first // TILE_WIDTH, until // TILE_WIDTH
    found = dict([tuple(row) for row in await connection.fetch(_HASHES, shard, low, high)])
    if until % TILE_WIDTH:
        found[high] = await connection.fetchval(_LOOSE, shard, high * TILE_WIDTH, until) or b""
    joined = b"".join(found.get(n, b"") for n in range(low, -(-until // TILE_WIDTH)))
    if len(joined) != (until - first) * HASH_BYTES:
        raise Tampered(private=f"leaf hashes between {first} and {until} are gone")
    bodies = dict([tuple(row) for row in await connection.fetch(_BODIES, shard, first, until)])
    away = [tuple(row) for row in await connection.fetch(_AWAY)]
    rows: Rows = []
    for at, index in enumerate(range(first, until)):
        hashed, body = joined[at * HASH_BYTES : (at + 1) * HASH_BYTES], bodies.get(index)
        if body is not None and leaf_hash(body) != hashed:
            raise Tampered(private=f"the body of entry {index} is not what its leaf hash says")
        is_away = body is None and any(begin <= index < end for begin, end in away)
        rows.append((hashed, None if is_away else body or b""))
    return rows


def put_bundles(sink: Sink, first: int, rows: Rows) -> None:
    """Write the bundles of entries from ``first`` on, a multiple of 256; those of a detached partition are left out."""
    for at in range(0, len(rows), TILE_WIDTH):
        entries = [body for _, body in rows[at : at + TILE_WIDTH] if body is not None]
        if entries:
            place = Place(ENTRIES, (first + at) // TILE_WIDTH, len(entries))
            sink.put(place.path, bundle(entries))


def _write(sink: Sink, edge: Edge, rows: Rows) -> None:
    since = edge.size
    put_bundles(sink, since, rows)
    edge.extend([hashed for hashed, _ in rows])
    for tile in edge.finished_tiles(since):
        sink.put(Place(tile.level, tile.n).path, tile.hashes)
    edge.forget(edge.size)


def _write_edge(sink: Sink, edge: Edge) -> None:
    for place in unfinished(edge.size):
        hashes = [
            edge.node(TILE_HEIGHT * place.level, place.n * TILE_WIDTH + position) for position in range(place.width)
        ]
        sink.put(place.path, b"".join(hashes))


def unfinished(size: int) -> list[Place]:
    """The partial tiles of hashes that a tree of this size has."""
    found, level = [], 0
    while count := size >> TILE_HEIGHT * level:
        if count % TILE_WIDTH:
            found.append(Place(level, count // TILE_WIDTH, count % TILE_WIDTH))
        level += 1
    return found
