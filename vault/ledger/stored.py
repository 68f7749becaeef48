"""Reading a stored tree: tiles where they are full, rows where they are not.

Shared by everybody who reads the tree, over whichever connection they have: a :class:`Fetch` runs a
statement with ``$1``-style parameters and gives rows in order. Rows are not trusted here; whoever
asks compares what follows from them with a signed checkpoint.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias

from vault.db import Session
from vault.errors import Tampered
from vault.ledger.tree import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, Edge, subtree_root

Place: TypeAlias = tuple[int, int]
"""A tile's level and number."""
Rows: TypeAlias = Mapping[Place, Sequence[bytes]]

_TILES: Final = """
SELECT t.level, t.n, t.hashes
FROM unnest($2::smallint[], $3::bigint[]) AS full_tile (level, n)
JOIN ledger_tiles t ON t.shard = $1 AND t.level = full_tile.level AND t.n = full_tile.n
UNION ALL
SELECT 0, edge.n, string_agg(e.leaf_hash, ''::bytea ORDER BY e.idx)
FROM unnest($4::smallint[], $5::bigint[]) AS edge (level, n)
JOIN ledger_entries e ON e.shard = $1 AND e.idx >= edge.n * 256 AND e.idx < (edge.n + 1) * 256
WHERE edge.level = 0
GROUP BY edge.n
UNION ALL
SELECT edge.level, edge.n, string_agg(t.root, ''::bytea ORDER BY t.n)
FROM unnest($4::smallint[], $5::bigint[]) AS edge (level, n)
JOIN ledger_tiles t ON t.shard = $1 AND t.level = edge.level - 1 AND t.n >= edge.n * 256 AND t.n < (edge.n + 1) * 256
WHERE edge.level > 0
GROUP BY edge.level, edge.n
"""


class Fetch(Protocol):
    """Runs one statement and returns its rows; what asyncpg's ``Connection.fetch`` does."""

    async def __call__(self, statement: str, /, *args: Any) -> Sequence[Any]: ...


def fetcher(session: Session) -> Fetch:
    """A session's connection, inside its transaction, as a :class:`Fetch`."""

    async def fetch(statement: str, /, *args: Any) -> Sequence[Any]:
        connection = await session.connection()
        return (await connection.exec_driver_sql(statement, args)).fetchall()

    return fetch


async def fetch_edge(fetch: Fetch, shard: int, size: int) -> Edge:
    """The right edge of a tree as it stood at ``size`` entries. Raises Tampered when rows are missing."""
    levels = range(max(1, -(-size.bit_length() // TILE_HEIGHT)))
    unfinished = [(level, size >> TILE_HEIGHT * (level + 1)) for level in levels]
    rows = await _fetch_rows(fetch, shard, full=(), unfinished=unfinished)
    try:
        return Edge.restored(
            size,
            {
                level: rows.get((level, n), ())[: (size >> TILE_HEIGHT * level) - n * TILE_WIDTH]
                for level, n in unfinished
            },
        )
    except ValueError as error:
        raise Tampered(private=f"the rows of shard {shard} do not make up {size} entries: {error}") from None


async def fetch_nodes(fetch: Fetch, shard: int, nodes: Iterable[Place], *, size: int) -> Callable[[int, int], bytes]:
    """A lookup for the given perfect nodes ``(level, position)``, in one query.

    ``size``: any size the tree is known to have reached, no smaller than the proof's. The lookup raises
    Tampered when the rows of a node are missing.
    """
    tiles = {_tile_of(*node) for node in nodes}
    full = {(level, n) for level, n in tiles if (n + 1) << TILE_HEIGHT * (level + 1) <= size}
    rows = await _fetch_rows(fetch, shard, full=full, unfinished=tiles - full)

    def lookup(level: int, position: int) -> bytes:
        place, inner = _tile_of(level, position), level % TILE_HEIGHT
        first = (position << inner) - place[1] * TILE_WIDTH
        hashes = rows.get(place, ())[first : first + (1 << inner)]
        if len(hashes) != 1 << inner:
            raise Tampered(private=f"node {position} of level {level} of shard {shard} has lost its rows")
        return subtree_root(hashes)

    return lookup


def _tile_of(level: int, position: int) -> Place:
    return level // TILE_HEIGHT, position >> (TILE_HEIGHT - level % TILE_HEIGHT)


async def _fetch_rows(fetch: Fetch, shard: int, *, full: Iterable[Place], unfinished: Iterable[Place]) -> Rows:
    found = await fetch(_TILES, shard, *_columns(full), *_columns(unfinished))
    return {(level, n): _split(hashes) for level, n, hashes in found}


def _columns(places: Iterable[Place]) -> tuple[list[int], list[int]]:
    ordered = sorted(places)
    return [level for level, _ in ordered], [n for _, n in ordered]


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
