"""The question to a witness: C2SP tlog-witness, ``POST <prefix>/add-checkpoint``. Written by the log, read by the
witness. No I/O here."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vault.errors import Malformed, VaultError
from vault.ledger.checkpoint import MAX_NOTE
from vault.ledger.receipt import decode
from vault.ledger.tree import HASH_BYTES

MOST_HASHES: Final = 63
MAX_QUESTION: Final = MAX_NOTE + (MOST_HASHES + 1) * 64
"""Bytes of a whole request body."""
SIZE_TYPE: Final = "text/x.tlog.size"
"""What a 409 answer is: the size the witness knows, as one line."""


@dataclass(frozen=True, slots=True)
class Question:
    """Will you cosign ``note``? ``old`` is the size you should know, ``path`` leads from it to the note's tree."""

    old: int
    path: tuple[bytes, ...]
    note: str


def encode(old: int, path: Sequence[bytes], note: str) -> bytes:
    """The request body."""
    lines = [f"old {old}", *(base64.b64encode(step).decode() for step in path), "", note]
    return "\n".join(lines).encode()


def read(body: bytes) -> Question:
    """A request body, in the form that :func:`encode` gives. Raises Malformed; the note is not looked at."""
    if len(body) > MAX_QUESTION:
        raise Malformed("The request is too long.")
    try:
        head, gap, note = body.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise Malformed("The request is not UTF-8.") from None
    first, *hashes = head.split("\n")
    if not gap or not first.startswith("old ") or len(hashes) > MOST_HASHES:
        raise Malformed("The request must be: an old size line, at most 63 hashes, an empty line, a checkpoint.")
    return Question(read_size(first.removeprefix("old ")), tuple(_hash(line) for line in hashes), note)


def read_size(text: str) -> int:
    """A tree size in plain decimal. Raises Malformed."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and str(int(text)) == text):
        raise Malformed("The size is not a plain decimal number.")
    return int(text)


def _hash(line: str) -> bytes:
    try:
        value = decode(line, "A hash")
    except VaultError as error:
        raise Malformed(error.public) from None
    if len(value) != HASH_BYTES:
        raise Malformed("A hash is not 32 bytes long.")
    return value
