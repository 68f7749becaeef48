"""Offline verification: what holds, and a sentence for everything that does not."""

import base64
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from vault.crypto.canonical import canonical
from vault.crypto.keyring import MemoryRing
from vault.errors import VaultError
from vault.ledger.checkpoint import Checkpoint, Signer, ring_signer
from vault.ledger.proofs import build, consistency_nodes, inclusion_nodes
from vault.ledger.receipt import Consistency, encode, make_receipt
from vault.ledger.tree import Edge, leaf_hash
from vault.ledger.verify import MAX_DOCUMENT, verify_consistency_proof, verify_receipt

ORIGIN = "ledger.example/test"
SIGNER = ring_signer(MemoryRing("00000000", {"ledger": {1: b"k" * 32}}), ORIGIN)
STRANGER = ring_signer(MemoryRing("00000000", {"ledger": {1: b"x" * 32}}), ORIGIN)
VKEY = SIGNER.keys[-1].vkey()
BODIES = [canonical({"event": "registry.founded", "index": index, "v": 1}) for index in range(20)]
EDGE = Edge()
EDGE.extend([leaf_hash(body) for body in BODIES])
Change = Callable[[dict[str, Any]], object]


def root(size: int) -> bytes:
    edge = Edge()
    edge.extend([leaf_hash(body) for body in BODIES[:size]])
    return edge.root()


def receipt(index: int = 5, size: int = 20, signer: Signer = SIGNER) -> dict[str, Any]:
    note = signer.note(Checkpoint(ORIGIN, size, root(size)))
    path = build(inclusion_nodes(index, size), EDGE.node)
    made = make_receipt(BODIES[index], index, size=size, path=path, note=note)
    document: dict[str, Any] = msgspec.to_builtins(made)
    return document


def proof(old: int = 7, new: int = 20) -> dict[str, Any]:
    path = build(consistency_nodes(old, new), EDGE.node)
    notes = [SIGNER.note(Checkpoint(ORIGIN, size, root(size))) for size in (old, new)]
    document: dict[str, Any] = msgspec.to_builtins(Consistency(old, new, [encode(step) for step in path], *notes))
    return document


@pytest.mark.parametrize("size", [1, 2, 7, 16, 17, 20])
def test_every_receipt_holds(size: int) -> None:
    """A receipt for any entry of any tree verifies and gives the entry and the checkpoint."""
    for index in range(size):
        verified = verify_receipt(json.dumps(receipt(index, size)).encode(), VKEY + "\n")
        assert (verified.index, verified.entry["index"], verified.checkpoint.size) == (index, index, size)


def flipped(text: str) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[-1] ^= 1
    return base64.b64encode(raw).decode()


BROKEN: dict[str, Change] = {
    "the entry changed by one bit": lambda r: r.update(entry=flipped(r["entry"])),
    "the entry of another index": lambda r: r.update(entry=encode(BODIES[6])),
    "another index": lambda r: r.update(index=4),
    "a negative index": lambda r: r.update(index=-1),
    "an index beyond the tree": lambda r: r.update(index=20),
    "another size": lambda r: r.update(tree_size=19),
    "a size of zero": lambda r: r.update(tree_size=0),
    "one hash less": lambda r: r["inclusion_path"].pop(),
    "one hash more": lambda r: r["inclusion_path"].append(encode(bytes(32))),
    "hashes swapped": lambda r: r["inclusion_path"].reverse(),
    "a hash changed": lambda r: r["inclusion_path"].__setitem__(0, flipped(r["inclusion_path"][0])),
    "a hash too short": lambda r: r["inclusion_path"].__setitem__(0, encode(bytes(31))),
    "a hash in hex": lambda r: r["inclusion_path"].__setitem__(0, bytes(32).hex() + "!"),
    "a checkpoint of another size": lambda r: r.update(checkpoint=receipt(5, 19)["checkpoint"]),
    "a checkpoint by a stranger": lambda r: r.update(checkpoint=receipt(5, 20, STRANGER)["checkpoint"]),
    "a checkpoint changed": lambda r: r.update(checkpoint=r["checkpoint"].replace("\n20\n", "\n21\n")),
    "no signature": lambda r: r.update(checkpoint=r["checkpoint"].split("\n\n")[0] + "\n"),
    "an entry not in base64": lambda r: r.update(entry="?"),
    "an entry without padding": lambda r: r.update(entry=r["entry"].rstrip("=") + "\n"),
    "a member missing": lambda r: r.pop("index"),
    "a member too many": lambda r: r.update(verified=True),
    "a member of another type": lambda r: r.update(index="5"),
    "an index that is no integer": lambda r: r.update(index=5.5),
    "a member that is null": lambda r: r.update(checkpoint=None),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_receipt_is_refused_with_a_sentence(what: str) -> None:
    """Each way of altering a receipt is found, and said in one sentence."""
    document = receipt()
    BROKEN[what](document)
    with pytest.raises(VaultError) as caught:
        verify_receipt(json.dumps(document).encode(), VKEY)
    assert len(caught.value.public.split()) > 3


@pytest.mark.parametrize(
    "document", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 5000, b" " * MAX_DOCUMENT * 2]
)
def test_what_is_no_receipt_is_said_to_be_none(document: bytes) -> None:
    """Bytes that are no receipt at all are refused, never a traceback."""
    with pytest.raises(VaultError):
        verify_receipt(document, VKEY)


@pytest.mark.parametrize("vkey", ["", "name", VKEY[:-4], STRANGER.keys[-1].vkey(), VKEY.replace("test", "next")])
def test_another_key_is_refused(vkey: str) -> None:
    """A receipt does not hold under another log's key, or under something that is no key."""
    with pytest.raises(VaultError):
        verify_receipt(json.dumps(receipt()).encode(), vkey)


def test_an_entry_that_names_another_place_is_refused() -> None:
    """An entry copied from elsewhere into the tree is not accepted for its new place."""
    body = canonical({"event": "registry.founded", "index": 9, "v": 1})
    note = SIGNER.note(Checkpoint(ORIGIN, 1, leaf_hash(body)))
    made = make_receipt(body, 0, size=1, path=[], note=note)
    with pytest.raises(VaultError, match="another index"):
        verify_receipt(msgspec.json.encode(made), VKEY)


@pytest.mark.parametrize("body", [b"\xff", b"[]", b"9"])
def test_an_entry_that_is_no_object_is_refused(body: bytes) -> None:
    """Something that is in the tree but no entry of ours is not passed off as one."""
    note = SIGNER.note(Checkpoint(ORIGIN, 1, leaf_hash(body)))
    made = make_receipt(body, 0, size=1, path=[], note=note)
    with pytest.raises(VaultError, match="JSON object"):
        verify_receipt(msgspec.json.encode(made), VKEY)


@pytest.mark.parametrize("old", [1, 7, 8, 19, 20])
def test_consistency_holds(old: int) -> None:
    """A proof of consistency between any two checkpoints verifies."""
    verified = verify_consistency_proof(json.dumps(proof(old)).encode(), VKEY)
    assert (verified.old.size, verified.new.size) == (old, 20)


BROKEN_PROOFS: dict[str, Change] = {
    "the checkpoints swapped": lambda p: p.update(
        old_checkpoint=p["new_checkpoint"], new_checkpoint=p["old_checkpoint"], old_size=20, new_size=7
    ),
    "another old size": lambda p: p.update(old_size=8),
    "another new size": lambda p: p.update(new_size=19),
    "one hash less": lambda p: p["path"].pop(),
    "one hash more": lambda p: p["path"].append(encode(bytes(32))),
    "a hash changed": lambda p: p["path"].__setitem__(1, flipped(p["path"][1])),
    "another history": lambda p: p.update(
        old_checkpoint=SIGNER.note(Checkpoint(ORIGIN, 7, leaf_hash(b"another history")))
    ),
    "a checkpoint by a stranger": lambda p: p.update(new_checkpoint=STRANGER.note(Checkpoint(ORIGIN, 20, root(20)))),
    "a member too many": lambda p: p.update(more=1),
}


@pytest.mark.parametrize("what", BROKEN_PROOFS)
def test_a_broken_proof_is_refused_with_a_sentence(what: str) -> None:
    """Each way of altering a proof of consistency is found, and said in one sentence."""
    document = proof()
    BROKEN_PROOFS[what](document)
    with pytest.raises(VaultError) as caught:
        verify_consistency_proof(json.dumps(document).encode(), VKEY)
    assert len(caught.value.public.split()) > 3
