"""Ways to break a stored blob, named by the break."""

from collections.abc import Callable
from typing import Final

Break = Callable[[bytes], bytes]

BREAKS: Final[dict[str, Break]] = {
    "truncated by a byte": lambda blob: blob[:-1],
    "truncated to its suite": lambda blob: blob[:1],
    "empty": lambda _blob: b"",
    "lengthened": lambda blob: blob + b"\0",
    "last bit flipped": lambda blob: blob[:-1] + bytes([blob[-1] ^ 1]),
    "first bit after the suite flipped": lambda blob: blob[:1] + bytes([blob[1] ^ 0x80]) + blob[2:],
    "a bit in the middle flipped": lambda blob: (
        blob[: len(blob) // 2] + bytes([blob[len(blob) // 2] ^ 4]) + blob[len(blob) // 2 + 1 :]
    ),
    "of the sealed-box suite": lambda blob: b"\x11" + blob[1:],
    "of the aead suite": lambda blob: b"\x01" + blob[1:],
    "of a reserved suite": lambda blob: b"\x02" + blob[1:],
}
"""The two known suites are both tried: each test leaves out the one that changes nothing."""


def breaking(blob: bytes) -> dict[str, bytes]:
    """Every broken form of the blob, by the name of the break."""
    return {name: broken for name, how in BREAKS.items() if (broken := how(blob)) != blob}
