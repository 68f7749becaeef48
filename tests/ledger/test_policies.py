"""Policies, receipts as text, questions to witnesses: what is accepted, and every way not to be."""

import base64

import pytest

from tests.ledger.cosigners import LOG, NOTE, ORIGIN, POINT, PQ, W1, W2, W3
from vault.crypto.mldsa import MlDsa44Key
from vault.errors import BadConfiguration, Malformed, VaultError
from vault.ledger import add_checkpoint, tlog_proof
from vault.ledger.checkpoint import Checkpoint, CheckpointFailed
from vault.ledger.cosignature import MLDSA44_COSIGNATURE, Cosigner, CosignerKey
from vault.ledger.offline import trust_in, verify_document
from vault.ledger.policy import parse_policy, verify_witnessed
from vault.ledger.proofs import build, inclusion_nodes
from vault.ledger.receipt import make_receipt
from vault.ledger.tree import Edge, leaf_hash

POLICY = f"""
# who is believed
log {LOG.keys[-1].vkey()} https://ledger.example/log
witness a {W1.key.vkey()} https://w1.example/
witness b {W2.key.vkey()}
\twitness\tc {W3.key.vkey()}
group two 2 a b
group both any two c
quorum both
"""


@pytest.mark.parametrize(
    ("by", "is_met"),
    [((), False), ((W1,), False), ((W1, W2), True), ((W3,), True), ((PQ,), False), ((W1, W1), False)],
)
def test_a_quorum_is_counted(by: tuple[Cosigner, ...], is_met: bool) -> None:
    """Groups of groups: two of a and b, or c. A witness counts once, a stranger never."""
    note = NOTE + "".join(each.line(POINT, at) for at, each in enumerate(by))
    if is_met:
        assert verify_witnessed(note, parse_policy(POLICY.encode())).checkpoint == POINT
    else:
        with pytest.raises(CheckpointFailed, match="not cosigned"):
            verify_witnessed(note, parse_policy(POLICY.encode()))


def test_a_policy_names_its_logs() -> None:
    """A checkpoint of another log, or with the log's signature taken away, is refused however many cosigned."""
    policy = parse_policy(POLICY.encode())
    other = Checkpoint("ledger.example/other", 1, bytes(32))
    for note in (LOG.note(POINT).split("—")[0] + W3.line(POINT, 1), LOG.note(other) + W3.line(other, 1)):
        with pytest.raises(CheckpointFailed):
            verify_witnessed(note, policy)
    quantum = Cosigner(
        CosignerKey(ORIGIN, MLDSA44_COSIGNATURE, MlDsa44Key(b"q" * 32).public), MlDsa44Key(b"q" * 32).sign
    )
    only = parse_policy(f"log {quantum.key.vkey()}\nquorum none\n".encode())
    assert verify_witnessed(NOTE + quantum.line(POINT, 1), only).checkpoint == POINT
    with pytest.raises(CheckpointFailed):
        verify_witnessed(NOTE, only)


@pytest.mark.parametrize(
    "line",
    [
        "quorum none\nquorum none",
        "quorum nobody",
        "",
        "witness a",
        f"witness none {W1.key.vkey()}\nquorum none",
        f"witness a {W1.key.vkey()}\nwitness a {W2.key.vkey()}\nquorum a",
        f"witness a {W1.key.vkey()}\nwitness b {W1.key.vkey()}\nquorum a",
        f"witness a {LOG.keys[-1].vkey()}\nquorum a",
        f"log {W1.key.vkey()}\nquorum none",
        f"log {LOG.keys[-1].vkey()}\nlog {LOG.keys[-1].vkey()}\nquorum none",
        f"witness a {W1.key.vkey()}\ngroup g 2 a\nquorum g",
        f"witness a {W1.key.vkey()}\ngroup g 0 a\nquorum g",
        f"witness a {W1.key.vkey()}\ngroup g some a\nquorum g",
        f"witness a {W1.key.vkey()}\ngroup g any a a\nquorum g",
        f"witness a {W1.key.vkey()}\ngroup g any a\ngroup h any a\nquorum h",
        f"group g any a\nwitness a {W1.key.vkey()}\nquorum g",
        "quorum none\x00",
        "trust everybody\nquorum none",
    ],
)
def test_broken_policies_are_refused(line: str) -> None:
    """Every rule of the format, broken: refused, so that no half of a policy is ever in force."""
    with pytest.raises(BadConfiguration):
        parse_policy(line.encode())


def proven() -> tuple[tlog_proof.Proof, bytes]:
    """A proof of the third of five entries, signed and cosigned."""
    entries = [b'{"index":%d}' % number for number in range(5)]
    edge = Edge()
    edge.extend([leaf_hash(entry) for entry in entries])
    point = Checkpoint(ORIGIN, 5, edge.root())
    path = build(inclusion_nodes(2, 5), edge.node)
    receipt = make_receipt(entries[2], 2, size=5, path=path, note=LOG.note(point) + W3.line(point, 7))
    return tlog_proof.of_receipt(receipt), entries[2]


def test_a_proof_in_text_comes_back_and_holds() -> None:
    """A receipt as tlog-proof: read again, verified by key and by policy, turned back into JSON's members."""
    proof, entry = proven()
    text = tlog_proof.encode(proof)
    assert tlog_proof.is_proof(text.encode())
    assert tlog_proof.read(text) == proof
    assert tlog_proof.verify_proof(proof, None, LOG.keys).size == 5
    assert tlog_proof.verify_proof(proof, entry, parse_policy(POLICY.encode())).size == 5
    assert tlog_proof.of_receipt(tlog_proof.as_receipt(proof)) == proof


def test_a_proof_without_its_entry_takes_it_from_beside() -> None:
    """``extra`` may be absent; then the entry comes from elsewhere, and another entry is refused."""
    proof, entry = proven()
    bare = tlog_proof.read(tlog_proof.encode(tlog_proof.Proof(proof.index, proof.path, proof.note)))
    assert tlog_proof.verify_proof(bare, entry, LOG.keys).size == 5
    for other in (None, b'{"index":3}'):
        with pytest.raises(VaultError):
            tlog_proof.verify_proof(bare, other, LOG.keys)
    with pytest.raises(VaultError):
        tlog_proof.as_receipt(bare)


def test_bent_proofs_do_not_hold() -> None:
    """Another index, entry, path or checkpoint, and every way to misspell the form: refused with a sentence."""
    text = tlog_proof.encode(proven()[0])
    bent = [
        text.replace("index 2", "index 3"),
        text.replace("index 2", "index 02"),
        text.replace("index 2\n", ""),
        text.replace("@v1", "@v2"),
        text.replace("\n\n", "\n", 1),
        text.replace("extra ", "extra A"),
        text.replace("extra " + text.split("extra ")[1].split("\n")[0], "extra AAAA"),
        text.replace("\n5\n", "\n6\n"),
        text.replace(text.split("\n")[3] + "\n", "", 1),
        text + "x" * 300_000,
        "",
    ]
    for each in bent:
        with pytest.raises(VaultError):
            tlog_proof.verify_proof(tlog_proof.read(each), None, LOG.keys)


def test_a_question_to_a_witness_comes_back() -> None:
    """What the log writes is what the witness reads."""
    asked = add_checkpoint.read(add_checkpoint.encode(3, [bytes(32), b"\x01" * 32], NOTE))
    assert asked == add_checkpoint.Question(3, (bytes(32), b"\x01" * 32), NOTE)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 3",
        b"old 03\n\n" + NOTE.encode(),
        b"old -1\n\n" + NOTE.encode(),
        b"old 99999999999999999999\n\n" + NOTE.encode(),
        b"size 3\n\n" + NOTE.encode(),
        b"old 3\nAAAA\n\n" + NOTE.encode(),
        b"old 3\n?\n\n" + NOTE.encode(),
        b"old 3\n"
        + base64.b64encode(bytes(32))
        + b"\n" * 1
        + (base64.b64encode(bytes(32)) + b"\n") * 63
        + b"\n"
        + NOTE.encode(),
        b"\xff\n\n",
        b"old 3\n\n" + b"x" * 200_000,
    ],
)
def test_broken_questions_are_refused(body: bytes) -> None:
    """A request that is not exactly of the form is refused before anything of it is believed."""
    with pytest.raises(Malformed):
        add_checkpoint.read(body)


def test_a_file_of_all_the_logs_keys_is_taken() -> None:
    """The log's keys of both types, one a line, verify what either signed; a witness's key is not one of the log."""
    newer = Cosigner(CosignerKey(ORIGIN, MLDSA44_COSIGNATURE, MlDsa44Key(b"n" * 32).public), MlDsa44Key(b"n" * 32).sign)
    both = trust_in(f"{LOG.keys[0].vkey()}\n{newer.key.vkey()}\n".encode(), None)
    assert verify_document(NOTE.encode(), both).told == {"log": ORIGIN, "size": POINT.size}
    with pytest.raises(CheckpointFailed):
        verify_document(NOTE.encode(), trust_in(newer.key.vkey().encode(), None))
    with pytest.raises(CheckpointFailed, match="of a witness"):
        trust_in(W1.key.vkey().encode(), None)
