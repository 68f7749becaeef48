"""The Merkle tree of RFC 6962 section 2.1 (SHA-256), seen from its right edge.

A *perfect node* ``(level, position)`` covers the leaves ``position << level`` up to ``(position + 1) << level``.
A *tile* ``(L, n)`` is the run of 256 perfect nodes of level ``8 * L`` from ``256 * n`` on (C2SP
tlog-tiles); it never changes once it is full. No I/O here.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
MAX_LEVEL: Final = 62
"""Sizes stay below 2**63, so that they fit PostgreSQL's bigint."""


class Node(NamedTuple):
    """A perfect node: ``level`` 0 are the leaves, ``position`` counts within the level."""

    level: int
    position: int


class Tile(NamedTuple):
    """A full tile: its place, its 256 hashes in one piece (8,192 bytes), the hash of the node above it."""

    level: int
    n: int
    hashes: bytes
    root: bytes


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry), 32 bytes (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right), 32 bytes (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The hash of neighbouring perfect subtrees, largest first, joined from the right; of none, the empty root."""
    if not hashes:
        return EMPTY_ROOT
    joined = hashes[-1]
    for left in reversed(hashes[:-1]):
        joined = node_hash(left, joined)
    return joined


def peaks(size: int) -> list[Node]:
    """The perfect nodes that make up a tree of ``size`` leaves, largest first: its compact range."""
    return [Node(level, (size >> level) - 1) for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]


def subtree_root(hashes: Sequence[bytes]) -> bytes:
    """The node above a whole tile of hashes, or above any run whose length is a power of two."""
    while len(hashes) > 1:
        hashes = _parents(hashes)
    return hashes[0]


class Edge:
    """The right edge of a growing tree: every perfect node from some leaf on, and the peaks.

    ``extend`` appends, ``forget`` drops whole tiles that nobody asks for any more. What was dropped
    raises LookupError; it can be had from the stored tiles.
    """

    def __init__(self) -> None:
        self.size = 0
        self._starts: list[int] = [0]
        self._rows: list[list[bytes]] = [[]]

    @classmethod
    def restored(cls, size: int, rows: Mapping[int, Sequence[bytes]]) -> "Edge":
        """The edge of a stored tree.

        ``rows[L]`` holds the hashes of the unfinished tile of level L, oldest first: for L = 0 the leaf
        hashes from the last multiple of 256 on, for others the ``root`` of the finished tiles of
        level L - 1. Raises ValueError when a row is not as long as the size demands.
        """
        edge = cls()
        edge.size = size
        for level in range(max(1, size.bit_length())):
            edge._row(level)
            count, row_level = size >> level, level // TILE_HEIGHT
            edge._starts[level] = size >> TILE_HEIGHT * (row_level + 1) << (TILE_HEIGHT - level % TILE_HEIGHT)
            if level % TILE_HEIGHT == 0:
                edge._rows[level] = list(rows.get(row_level, ()))
            else:
                edge._rows[level] = _parents(edge._rows[level - 1])
            if edge._starts[level] + len(edge._rows[level]) != count:
                raise ValueError(f"level {level} holds another number of nodes than a tree of {size} leaves has")
        return edge

    def extend(self, hashes: Iterable[bytes]) -> None:
        """Append leaf hashes."""
        fresh = list(hashes)
        self.size += len(fresh)
        level = 0
        while fresh:
            row = self._row(level)
            odd = (self._starts[level] + len(row)) & 1
            fresh_parents = _parents([row[-1], *fresh] if odd else fresh)
            row += fresh
            fresh, level = fresh_parents, level + 1

    def node(self, level: int, position: int) -> bytes:
        """The hash of a perfect node. Raises LookupError when it was dropped or does not exist yet."""
        if level < len(self._rows):
            offset = position - self._starts[level]
            if 0 <= offset < len(self._rows[level]):
                return self._rows[level][offset]
        raise LookupError(f"node {position} of level {level} is not at the edge")

    def frontier(self) -> list[bytes]:
        """The hashes of :func:`peaks`, largest first; at most 63."""
        return [self.node(*peak) for peak in peaks(self.size)]

    def root(self) -> bytes:
        """The root of the whole tree (RFC 6962 section 2.1)."""
        return fold(self.frontier())

    def finished_tiles(self, since: int) -> list[Tile]:
        """The tiles that became full when the tree grew from ``since`` leaves to what it has now."""
        tiles = []
        level = 0
        while self.size >> TILE_HEIGHT * (level + 1):
            shift = TILE_HEIGHT * (level + 1)
            for n in range(since >> shift, self.size >> shift):
                first = n * TILE_WIDTH - self._starts[shift - TILE_HEIGHT]
                hashes = b"".join(self._rows[shift - TILE_HEIGHT][first : first + TILE_WIDTH])
                tiles.append(Tile(level, n, hashes, self.node(shift, n)))
            level += 1
        return tiles

    def forget(self, before: int) -> None:
        """Drop what no proof about the leaf ``before``, or any later one, needs: whole tiles left of it."""
        for level, row in enumerate(self._rows):
            shift = TILE_HEIGHT * (level // TILE_HEIGHT + 1)
            start = min(before, self.size) >> shift << (shift - level)
            del row[: max(0, start - self._starts[level])]
            self._starts[level] = max(start, self._starts[level])

    def _row(self, level: int) -> list[bytes]:
        if level == len(self._rows):
            self._rows.append([])
            self._starts.append(0)
        return self._rows[level]


def _parents(hashes: Sequence[bytes]) -> list[bytes]:
    """The nodes above complete pairs; a last one without a partner is left out."""
    pairs = iter(hashes)
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]
