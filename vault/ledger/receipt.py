"""The receipt: what proves an entry to somebody who trusts only the log's public key. No I/O here."""

import base64
import binascii
from collections.abc import Sequence

import msgspec

from vault.errors import VaultError


class ReceiptFailed(VaultError):
    """A receipt, or a proof of consistency, cannot be read."""

    name, status, title = "receipt-failed", 422, "The receipt cannot be read"
    advice = "Use the receipt exactly as it was delivered: one JSON object with the documented members."


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry, its place, its inclusion proof and a signed checkpoint. JSON in this shape, and no other.

    ``entry``: base64 (RFC 4648 section 4) of the exact leaf bytes · ``index``: its place, from 0 ·
    ``tree_size``: entries the checkpoint covers · ``inclusion_path``: base64 hashes, nearest the leaf
    first (RFC 6962 section 2.1.1) · ``checkpoint``: the signed note, C2SP tlog-checkpoint.
    """

    entry: str
    index: int
    tree_size: int
    inclusion_path: list[str]
    checkpoint: str


class Consistency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Proof that an older tree is the beginning of a newer one (RFC 6962 section 2.1.2). JSON in this shape.

    ``path``: base64 hashes · ``old_checkpoint`` and ``new_checkpoint``: signed notes over both trees.
    """

    old_size: int
    new_size: int
    path: list[str]
    old_checkpoint: str
    new_checkpoint: str


def make_receipt(body: bytes, index: int, *, size: int, path: Sequence[bytes], note: str) -> Receipt:
    """The receipt of a leaf's bytes."""
    return Receipt(encode(body), index, size, [encode(step) for step in path], note)


def encode(value: bytes) -> str:
    """base64 with padding."""
    return base64.b64encode(value).decode()


def decode(text: str, what: str) -> bytes:
    """The inverse of :func:`encode`, strictly. Raises ReceiptFailed naming ``what`` could not be read."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ReceiptFailed(f"{what} is not base64.") from None
    if encode(value) != text:
        raise ReceiptFailed(f"{what} is not base64 in its one canonical form.")
    return value
