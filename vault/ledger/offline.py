"""Verifying any document the ledger hands out, by key or by policy, without server and database. No I/O here."""

from dataclasses import dataclass
from typing import Any, Final

from vault.crypto.canonical import reread
from vault.errors import BadConfiguration
from vault.ledger import tlog_proof
from vault.ledger.checkpoint import LogKey
from vault.ledger.cosignature import CosignerKey, parse_log_key
from vault.ledger.own import OwnEntries, is_own, read_own, verify_own
from vault.ledger.policy import NOBODY, Policy, parse_policy, verify_witnessed
from vault.ledger.receipt import ReceiptFailed
from vault.ledger.verify import read_consistency, read_receipt, verify_consistency_of
from vault.ledger.whole import Trust, believed

RECEIPT: Final = "receipt"
CONSISTENCY: Final = "consistency"
CHECKPOINT: Final = "checkpoint"
OWN: Final = "own"


@dataclass(frozen=True, slots=True)
class Verified:
    """What held: the kind of document, and what it says. ``witnesses``: who cosigned, where a policy was asked."""

    kind: str
    told: dict[str, Any]
    witnesses: tuple[str, ...] = ()


def trust_in(vkeys: bytes | None, policy: bytes | None) -> Trust:
    """Whom to believe: the log's verifier keys of either type, one a line, or a policy that names at least one log.

    Raises CheckpointFailed, BadConfiguration.
    """
    if policy is not None:
        read = parse_policy(policy)
        if not read.logs and vkeys is None:
            raise BadConfiguration("The policy names no log.")
        more = () if vkeys is None else _keys(vkeys)
        return Policy(read.quorum, (*read.logs, *more), read.witnesses, read.groups)
    if vkeys is None:
        raise BadConfiguration("Give the log's public key (--vkey) or a policy that names the log (--policy).")
    keys = _keys(vkeys)
    plain = [key for key in keys if isinstance(key, LogKey)]
    return plain if len(plain) == len(keys) else Policy(NOBODY, keys)


def verify_document(document: bytes, trust: Trust) -> Verified:
    """Verify a receipt in either form, a proof of consistency, a person's file of their own entries, or a checkpoint.

    Raises ReceiptFailed, CheckpointFailed, CountFailed or ProofFailed, each with a sentence.
    """
    if is_own(document):
        return _own(read_own(document), trust)
    if tlog_proof.is_proof(document):
        return _receipt(tlog_proof.read(_text(document)), trust)
    if b'"old_checkpoint"' in document:
        proof = read_consistency(document)
        verify_consistency_of(proof, believe=lambda note: believed(note, _signers(trust)))
        new = believed(proof.new_checkpoint, trust)
        told = {"log": new.origin, "old_size": proof.old_size, "new_size": proof.new_size}
        return Verified(CONSISTENCY, told, _witnesses(proof.new_checkpoint, trust))
    if document.lstrip().startswith(b"{"):
        receipt = read_receipt(document)
        found = _receipt(tlog_proof.of_receipt(receipt), trust)
        if found.told["size"] != receipt.tree_size:
            raise ReceiptFailed("The receipt's tree size is not the one in its checkpoint.")
        return found
    note = _text(document)
    signed = believed(note, trust)
    return Verified(CHECKPOINT, {"log": signed.origin, "size": signed.size}, _witnesses(note, trust))


def _own(own: OwnEntries, trust: Trust) -> Verified:
    held = verify_own(own, log_keys_of(trust), lambda note: believed(note, trust))
    told = {"log": held.count.origin, "count": held.count.count, "said_at": held.count.at, "proven": held.proven}
    told |= {"withheld": held.withheld, "waiting": held.waiting, "size": held.checkpoint.size if held.checkpoint else 0}
    return Verified(OWN, told, _witnesses(own.checkpoint, trust) if own.checkpoint else ())


def _receipt(proof: tlog_proof.Proof, trust: Trust) -> Verified:
    signed = tlog_proof.verify_proof(proof, None, trust)
    try:
        entry = reread(proof.extra or b"")
    except (ValueError, RecursionError):
        entry = None
    if not isinstance(entry, dict):
        raise ReceiptFailed("The entry is in the tree, but it is not a JSON object.")
    if entry.get("index") != proof.index:
        raise ReceiptFailed("The entry names another index than the receipt.")
    told = {"log": signed.origin, "index": proof.index, "size": signed.size, "entry": entry}
    return Verified(RECEIPT, told, _witnesses(proof.note, trust))


def log_keys_of(trust: Trust) -> list[LogKey]:
    """The log's own keys, of a policy too."""
    return [key for key in trust.logs if isinstance(key, LogKey)] if isinstance(trust, Policy) else trust


def _signers(trust: Trust) -> Trust:
    """The logs of a policy without its witnesses: an older checkpoint need not have been cosigned."""
    return Policy(NOBODY, trust.logs) if isinstance(trust, Policy) else trust


def _witnesses(note: str, trust: Trust) -> tuple[str, ...]:
    if not isinstance(trust, Policy):
        return ()
    by = {each.key for each in verify_witnessed(note, trust).by}
    return tuple(witness.name for witness in trust.witnesses if witness.key in by)


def _keys(vkeys: bytes) -> tuple[LogKey | CosignerKey, ...]:
    lines = [line.strip() for line in _text(vkeys).splitlines()]
    return tuple(parse_log_key(line) for line in lines if line and not line.startswith("#"))


def _text(document: bytes) -> str:
    try:
        return document.decode()
    except UnicodeDecodeError:
        raise ReceiptFailed("The document is not text.") from None
