"""Verifying what the ledger handed out, with its public key and nothing else: no server, no database.

Each failure is one sentence that says what does not fit. What is verified is that the log committed
to exactly these bytes at this place; what they say is the registry's statement, not ours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from vault.crypto.canonical import reread
from vault.ledger.checkpoint import Checkpoint, parse_vkey, verify
from vault.ledger.proofs import verify_consistency, verify_inclusion
from vault.ledger.receipt import Consistency, Receipt, ReceiptFailed, decode
from vault.ledger.tree import leaf_hash

MAX_DOCUMENT = 256 * 1024
"""Bytes: several times the largest leaf, path and note."""
_T = TypeVar("_T", Receipt, Consistency)


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """A receipt that holds: the entry's members, its index, and the checkpoint that covers it."""

    entry: dict[str, Any]
    index: int
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class VerifiedConsistency:
    """Two checkpoints of one log of which the older is the beginning of the newer."""

    old: Checkpoint
    new: Checkpoint


def verify_receipt(receipt_json: bytes, vkey: str) -> VerifiedReceipt:
    """Verify a receipt (see ``receipt``) with the log's verifier key (``name+id+base64``).

    Raises ReceiptFailed, CheckpointFailed or ProofFailed, all of the VaultError family, with a sentence.
    """
    # 1. The key is well-formed.
    key = parse_vkey(vkey.strip())
    # 2. The receipt has the documented shape.
    receipt = _read(receipt_json, Receipt)
    body = decode(receipt.entry, "The entry")
    path = [decode(step, "A hash of the inclusion path") for step in receipt.inclusion_path]
    # 3. The log signed the checkpoint.
    checkpoint = verify(receipt.checkpoint, [key])
    # 4. The checkpoint covers the tree the receipt speaks of.
    if checkpoint.size != receipt.tree_size:
        raise ReceiptFailed("The receipt's tree size is not the one in its checkpoint.")
    # 5. The path leads from these bytes at this index to the signed root.
    verify_inclusion(leaf_hash(body), receipt.index, receipt.tree_size, path=path, root=checkpoint.root)
    # 6. The entry itself says the same place.
    entry = _members(body)
    if entry.get("index") != receipt.index:
        raise ReceiptFailed("The entry names another index than the receipt.")
    return VerifiedReceipt(entry, receipt.index, checkpoint)


def verify_consistency_proof(document: bytes, vkey: str) -> VerifiedConsistency:
    """Verify a proof of consistency (see ``receipt.Consistency``) with the log's verifier key. Raises as above."""
    key = parse_vkey(vkey.strip())
    return verify_consistency_of(read_consistency(document), believe=lambda note: verify(note, [key]))


def verify_consistency_of(proof: Consistency, *, believe: Callable[[str], Checkpoint]) -> VerifiedConsistency:
    """The same for a proof that was read; ``believe`` gives the checkpoint of a note, or raises CheckpointFailed."""
    path = [decode(step, "A hash of the consistency path") for step in proof.path]
    old, new = believe(proof.old_checkpoint), believe(proof.new_checkpoint)
    if old.origin != new.origin:
        raise ReceiptFailed("The two checkpoints are of different logs.")
    if (old.size, new.size) != (proof.old_size, proof.new_size):
        raise ReceiptFailed("The proof's sizes are not those of its checkpoints.")
    verify_consistency(old.size, new.size, path=path, old_root=old.root, new_root=new.root)
    return VerifiedConsistency(old, new)


def read_consistency(document: bytes) -> Consistency:
    """A proof of consistency, read and not verified. Raises ReceiptFailed."""
    return _read(document, Consistency)


def read_receipt(document: bytes) -> Receipt:
    """A receipt, read and not verified. Raises ReceiptFailed."""
    return _read(document, Receipt)


def _read(document: bytes, shape: type[_T]) -> _T:
    if len(document) > MAX_DOCUMENT:
        raise ReceiptFailed("The document is too long to be what it claims to be.")
    try:
        return msgspec.json.decode(document, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ReceiptFailed(f"The document is not a {shape.__name__.lower()}: {error}") from None


def _members(body: bytes) -> dict[str, Any]:
    try:
        members = reread(body)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        raise ReceiptFailed("The entry is in the tree, but it is not a JSON object.")
    return members
