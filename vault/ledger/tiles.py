"""Where a published log keeps what, and how entries are packed: C2SP tlog-tiles. No I/O here.

``checkpoint`` is the signed note; ``tile/<L>/<N>`` is a full tile of hashes, ``tile/<L>/<N>.p/<W>`` one that
has W hashes so far; ``tile/entries/<N>`` and ``tile/entries/<N>.p/<W>`` are the entries below a tile of level 0.
An entry of no bytes stands for one whose bytes were taken away (retention, archive): no leaf of this log is empty.
"""

from collections.abc import Sequence
from typing import Final

from vault.errors import VaultError
from vault.ledger.tree import TILE_WIDTH

CHECKPOINT: Final = "checkpoint"
MAX_ENTRY: Final = 65_535
"""Bytes of an entry (tlog-tiles: lengths are uint16)."""


class BundleFailed(VaultError):
    """A bundle of entries cannot be read."""

    name, status, title = "bundle-failed", 422, "A bundle of entries cannot be read"
    advice = "Fetch the file again from its source; if it still fails, the copy was damaged or cut off."


def tile_path(level: int, n: int, width: int = TILE_WIDTH) -> str:
    """The path of a tile of hashes (tlog-tiles, "Merkle Tree")."""
    return f"tile/{level}/{_numbered(n, width)}"


def bundle_path(n: int, width: int = TILE_WIDTH) -> str:
    """The path of a bundle of entries (tlog-tiles, "Log Entries")."""
    return f"tile/entries/{_numbered(n, width)}"


def bundle(entries: Sequence[bytes]) -> bytes:
    """The bundle of these entries: each led by its length in two bytes, big-endian."""
    return b"".join(part for entry in entries for part in (len(entry).to_bytes(2), entry))


def unbundle(packed: bytes, count: int) -> list[bytes]:
    """The entries of a bundle, which must hold exactly ``count``. Raises BundleFailed."""
    entries, at, end = [], 0, len(packed)
    for _ in range(count):
        length = int.from_bytes(packed[at : at + 2])
        start = at + 2
        at = start + length
        if at > end or start > end:
            raise BundleFailed("The bundle ends before its last entry does.")
        entries.append(packed[start:at])
    if at != end:
        raise BundleFailed("The bundle goes on after its last entry.")
    return entries


def _numbered(n: int, width: int) -> str:
    """tlog-tiles: three digits a step, all but the last led by an x; unfinished tiles end in their width."""
    steps = [f"{n % 1000:03d}"]
    while n := n // 1000:
        steps.insert(0, f"x{n % 1000:03d}")
    return "/".join(steps) + ("" if width == TILE_WIDTH else f".p/{width}")
