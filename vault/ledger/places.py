"""The files of a published log as values: which a tree needs, and which one a request means (C2SP tlog-tiles).
No I/O here. A file never changes once a checkpoint that needs it was published."""

import re
from typing import Final, NamedTuple

from vault.errors import Invalid
from vault.ledger.tiles import bundle_path, tile_path
from vault.ledger.tree import HASH_BYTES, MAX_LEVEL, TILE_HEIGHT, TILE_WIDTH

ENTRIES: Final = -1
"""The level that bundles of entries are filed under."""
_PLACE: Final = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<n>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


class Place(NamedTuple):
    """One file: its level (``ENTRIES`` for a bundle), its number, how many of its 256 places are taken."""

    level: int
    n: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Its path below the log's prefix, e.g. ``tile/0/x001/x234/067`` or ``tile/entries/000.p/5``."""
        if self.level == ENTRIES:
            return bundle_path(self.n, self.width)
        return tile_path(self.level, self.n, self.width)

    @property
    def whole(self) -> "Place":
        """The same file once it is full."""
        return self._replace(width=TILE_WIDTH)


def parse_path(path: str) -> Place:
    """The place that a path names, in the one form that :attr:`Place.path` gives. Raises Invalid."""
    found = _PLACE.fullmatch(path)
    if found is not None and path.isascii():
        level = ENTRIES if found["level"] == "entries" else int(found["level"])
        number = int(found["n"].replace("x", "").replace("/", ""))
        place = Place(level, number, int(found["width"] or TILE_WIDTH))
        if level < MAX_LEVEL + 2 and place.path == path:
            return place
    raise Invalid.field("path", "must be of the form tile/<L>/<N>[.p/<W>] (C2SP tlog-tiles)")


def places(size: int, *, since: int = 0) -> list[Place]:
    """The files that a tree of ``size`` leaves needs and one of ``since`` did not: bundles first, then hashes."""
    needed = []
    for level in (ENTRIES, *range(-(-size.bit_length() // TILE_HEIGHT))):
        shift = TILE_HEIGHT * max(level, 0)
        before, now = since >> shift, size >> shift
        for n in range(before // TILE_WIDTH, -(-now // TILE_WIDTH)):
            width = min(TILE_WIDTH, now - n * TILE_WIDTH)
            if n * TILE_WIDTH + width > before:
                needed.append(Place(level, n, width))
    return needed


def hashes_of(tile: bytes, width: int) -> list[bytes]:
    """The hashes of a tile, exactly ``width`` of them. Raises Invalid."""
    if len(tile) != width * HASH_BYTES:
        raise Invalid.field("tile", f"has {len(tile)} bytes, not {width} hashes")
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]
