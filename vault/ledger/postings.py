"""Postings: for each block of entries, which of them carry a value of a searched member. Pure.

What a regulator searches by is indexed a block at a time, after the fact: a commit of the sequencer pays nothing for
it, and every combination of filters costs the same, an AND of bits. A block is full tiles of the tree; its postings
are made once, from leaves that were checked against those tiles, and never change.

A posting is stored as a version byte and then: ``1`` places within the block, two bytes each, little-endian,
ascending; ``2`` one bit per entry, lowest first. The shorter of the two. In memory it is one Python integer.
"""

import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from vault.crypto.keyring import KeyRing
from vault.crypto.sealing import same
from vault.errors import CannotOpen, Tampered

BLOCK: Final = 1 << 14
"""Entries: 64 tiles. Two bytes name a place in it; what is not in a full block yet is read through."""
HOUR_MS: Final = 3_600_000
SEARCHED: Final = ("requester", "declaration", "purpose", "event", "outcome", "reason")
"""Members that are searched by their value; besides them ``item`` (each item's name) and ``hour`` (since 1970)."""
FACETS: Final = (*SEARCHED, "item", "hour")
NONE: Final = ""
"""The value of an entry that lacks the member: so that what has no purpose can be asked for too."""
_SPARSE, _DENSE = b"\x01", b"\x02"


def values_of(members: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Facet and value of everything an entry is found by, each once."""
    for name in SEARCHED:
        yield name, members.get(name, NONE)
    for item in sorted({each["item"] for each in members.get("items", ())}):
        yield "item", item
    yield "hour", str(members["at"] // HOUR_MS)


def collect(entries: Iterable[tuple[int, Mapping[str, Any]]]) -> dict[tuple[str, str], list[int]]:
    """Places by facet and value, of entries given as place within the block and members, in order."""
    found: dict[tuple[str, str], list[int]] = {}
    for place, members in entries:
        for key in values_of(members):
            found.setdefault(key, []).append(place)
    return found


def encode(places: list[int], width: int = BLOCK) -> bytes:
    """The stored form of ascending places below ``width``."""
    if 2 * len(places) < width // 8:
        packed = array("H", places)
        if sys.byteorder == "big":
            packed.byteswap()
        return _SPARSE + packed.tobytes()
    bits = bytearray(width // 8)
    for place in places:
        bits[place >> 3] |= 1 << (place & 7)
    return _DENSE + bytes(bits)


def decode(stored: bytes) -> int:
    """The bits behind a stored form. Raises Tampered for anything else."""
    kind, rest = stored[:1], stored[1:]
    if kind == _DENSE:
        return int.from_bytes(rest, "little")
    if kind != _SPARSE or len(rest) % 2:
        raise Tampered(private="a posting of an unknown kind")
    packed = array("H", rest)
    if sys.byteorder == "big":
        packed.byteswap()
    bits = bytearray((max(packed) >> 3) + 1) if packed else bytearray()
    for place in packed:
        bits[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(bits, "little")


def places(bits: int) -> Iterator[int]:
    """The places of the set bits, highest first."""
    while bits:
        place = bits.bit_length() - 1
        yield place
        bits ^= 1 << place


def posting_mac(ring: KeyRing, key: tuple[str, str], block: tuple[int, int], bits: bytes) -> bytes:
    """``key``: facet and value; ``block``: shard and number. Two bytes of key version, 32 bytes of MAC."""
    version = ring.versions("row")[-1]
    return version.to_bytes(2) + ring.derive("row", _said(*key, block, bits), version=version)


def check_posting(ring: KeyRing, key: tuple[str, str], block: tuple[int, int], bits: bytes, sealed: bytes) -> None:
    """Raises Tampered unless the MAC fits."""
    try:
        expected = ring.derive("row", _said(*key, block, bits), version=int.from_bytes(sealed[:2]))
    except CannotOpen:
        raise Tampered(private="the MAC of a posting names no key of the ring") from None
    if not same(expected, sealed[2:]):
        raise Tampered(private="the MAC of a posting does not fit")


def _said(facet: str, value: str, block: tuple[int, int], bits: bytes) -> bytes:
    """One byte form; no row of another table begins like it, since theirs begin with a bracket."""
    head = f"ledger_postings/{block[0]}/{block[1]}/{facet}/{len(value)}/{value}/"
    return head.encode() + bits
