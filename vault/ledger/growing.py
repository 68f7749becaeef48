"""A tree that grows into files: which are finished by new leaves, which stand unfinished at its end. No I/O here."""

from collections.abc import Callable, Sequence

from vault.ledger.places import ENTRIES, Place, hashes_of
from vault.ledger.tiles import bundle, unbundle
from vault.ledger.tree import TILE_HEIGHT, TILE_WIDTH, Edge

Files = list[tuple[Place, bytes]]


class Growth:
    """The right edge of a published tree, and the entries of its unfinished bundle."""

    def __init__(self, edge: Edge | None = None, tail: Sequence[bytes] = ()) -> None:
        """``tail``: the entries from the last multiple of 256 on; of an entry whose bytes were taken away, none."""
        self.edge = edge or Edge()
        self._tail = list(tail)

    @classmethod
    def read(cls, size: int, read: Callable[[Place], bytes | None]) -> "Growth":
        """The growth of a tree of which every file can be read. Raises ValueError, Invalid or BundleFailed."""
        rows = {}
        for place in unfinished(size):
            rows[place.level] = _read(place, read)
        edge = Edge.restored(size, {level: row for level, row in rows.items() if level != ENTRIES})
        return cls(edge, rows.get(ENTRIES, []))

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self.edge.size

    def take(self, leaves: Sequence[tuple[bytes, bytes]]) -> Files:
        """Append leaves, each its hash and its bytes. Returns the files that are finished by them."""
        since = self.edge.size
        self.edge.extend([hashed for hashed, _ in leaves])
        entries = self._tail + [entry for _, entry in leaves]
        first = since // TILE_WIDTH
        whole = range(first, self.edge.size // TILE_WIDTH)
        files = [
            (Place(ENTRIES, n), bundle(entries[(n - first) * TILE_WIDTH : (n - first + 1) * TILE_WIDTH])) for n in whole
        ]
        files += [(Place(tile.level, tile.n), tile.hashes) for tile in self.edge.finished_tiles(since)]
        self._tail = entries[len(whole) * TILE_WIDTH :]
        self.edge.forget(self.edge.size)
        return files

    def unfinished(self) -> Files:
        """The files that a tree of just this size needs besides the finished ones."""
        return [(place, self._content(place)) for place in unfinished(self.edge.size)]

    def _content(self, place: Place) -> bytes:
        if place.level == ENTRIES:
            return bundle(self._tail)
        positions = range(place.n * TILE_WIDTH, place.n * TILE_WIDTH + place.width)
        return b"".join(self.edge.node(TILE_HEIGHT * place.level, position) for position in positions)


def unfinished(size: int) -> list[Place]:
    """The places of the unfinished files of a tree, the bundle's first."""
    levels = range(-(-size.bit_length() // TILE_HEIGHT))
    counted = [(ENTRIES, size), *((level, size >> TILE_HEIGHT * level) for level in levels)]
    return [Place(level, count // TILE_WIDTH, count % TILE_WIDTH) for level, count in counted if count % TILE_WIDTH]


def _read(place: Place, read: Callable[[Place], bytes | None]) -> list[bytes]:
    found = read(place)
    if found is None:
        raise ValueError(f"{place.path} is not there")
    return unbundle(found, place.width) if place.level == ENTRIES else hashes_of(found, place.width)
