"""A receipt as one text: C2SP tlog-proof. Verified offline, against a key or a policy and nothing else. No I/O here.

Ours carry the exact bytes of the entry in ``extra``: nobody vouches for that line, and nobody has to, since the
bytes are hashed and the path leads from their hash to the signed root.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vault.ledger.checkpoint import Checkpoint, LogKey, parse, verify
from vault.ledger.policy import Policy, verify_witnessed
from vault.ledger.proofs import verify_inclusion
from vault.ledger.receipt import Receipt, ReceiptFailed, decode
from vault.ledger.tree import leaf_hash

HEADER: Final = "c2sp.org/tlog-proof@v1"
SUFFIX: Final = ".tlog-proof"
MAX_PROOF: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof, read and not yet verified. ``extra`` is not authenticated; ``note`` is the signed checkpoint."""

    index: int
    path: tuple[bytes, ...]
    note: str
    extra: bytes | None = None


def of_receipt(receipt: Receipt) -> Proof:
    """The same receipt in the other form, its entry in ``extra``. Raises ReceiptFailed."""
    path = tuple(decode(step, "A hash of the inclusion path") for step in receipt.inclusion_path)
    return Proof(receipt.index, path, receipt.checkpoint, decode(receipt.entry, "The entry"))


def encode(proof: Proof) -> str:
    """The text form."""
    extra = [] if proof.extra is None else [f"extra {_base64(proof.extra)}"]
    lines = [HEADER, *extra, f"index {proof.index}", *(_base64(step) for step in proof.path), "", proof.note]
    return "\n".join(lines)


def is_proof(document: bytes) -> bool:
    """Whether a document claims to be a proof in this form."""
    return document.startswith(HEADER.encode() + b"\n")


def read(text: str) -> Proof:
    """The inverse of :func:`encode`. Raises ReceiptFailed for anything else; the checkpoint is not looked at."""
    if len(text) > MAX_PROOF:
        raise ReceiptFailed("The proof is too long to be what it claims to be.")
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    if not gap or lines.pop(0) != HEADER:
        raise ReceiptFailed(f"This is not a proof: its first line must be {HEADER}.")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = decode(lines.pop(0).removeprefix("extra "), "The extra data")
    word, _, number = (lines.pop(0) if lines else "").partition(" ")
    if word != "index" or not (
        number.isascii() and number.isdigit() and len(number) < 20 and str(int(number)) == number
    ):
        raise ReceiptFailed("The proof does not say the index of its entry.")
    return Proof(int(number), tuple(decode(line, "A hash of the inclusion path") for line in lines), note, extra)


def verify_proof(proof: Proof, entry: bytes | None, trust: Policy | Sequence[LogKey]) -> Checkpoint:
    """The checkpoint that covers the entry; by default the entry is what ``extra`` holds.

    ``trust``: the log's keys, or a policy that names logs and witnesses. Raises ReceiptFailed, CheckpointFailed or
    ProofFailed, each with a sentence.
    """
    # 1. There is an entry to speak of.
    body = proof.extra if entry is None else entry
    if body is None:
        raise ReceiptFailed("The proof does not hold its entry: give the entry beside it.")
    # 2. The log signed the checkpoint, and the witnesses that the policy asks for cosigned it.
    if isinstance(trust, Policy):
        checkpoint = verify_witnessed(proof.note, trust).checkpoint
    else:
        checkpoint = verify(proof.note, trust)
    # 3. The path leads from these bytes at this index to the signed root.
    verify_inclusion(leaf_hash(body), proof.index, checkpoint.size, path=proof.path, root=checkpoint.root)
    return checkpoint


def as_receipt(proof: Proof) -> Receipt:
    """The JSON form of a proof that holds its entry. Raises ReceiptFailed, CheckpointFailed."""
    if proof.extra is None:
        raise ReceiptFailed("The proof does not hold its entry.")
    size = parse(proof.note)[0].size
    return Receipt(_base64(proof.extra), proof.index, size, [_base64(step) for step in proof.path], proof.note)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
