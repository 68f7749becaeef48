"""Notes and checkpoints: the reference implementation's vectors, round trips, and broken ones by name."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.crypto.keyring import MemoryRing
from vault.crypto.signing import SigningKey, verify_ed25519
from vault.errors import BadConfiguration
from vault.ledger.checkpoint import (
    MAX_NOTE,
    Checkpoint,
    CheckpointFailed,
    LogKey,
    Signer,
    log_keys,
    parse,
    parse_vkey,
    ring_signer,
    verify,
)

# golang.org/x/mod/sumdb/note, note_test.go
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PETERS_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETERS_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
ROOT = bytes(range(32))
SECRET = SigningKey(b"s" * 32)
KEY = LogKey("ledger.example/test", SECRET.public)
SIGNER = Signer([KEY], SECRET.sign)
GOOD = SIGNER.note(Checkpoint(KEY.origin, 42, ROOT))


def signed(text: str, key: LogKey = KEY, secret: SigningKey = SECRET) -> str:
    """A note over any text, with a genuine signature."""
    blob = base64.b64encode(key.id + secret.sign(text.encode())).decode()
    return f"{text}\n\u2014 {key.origin} {blob}\n"


def test_the_reference_key_is_read_and_written() -> None:
    """The reference implementation's verifier key survives a round trip, its id is the one computed here."""
    key = parse_vkey(PETER)
    assert (key.origin, key.id.hex(), key.vkey()) == ("PeterNeumann", "c74f20a3", PETER)
    assert key.public == SigningKey(PETERS_SEED).public


def test_the_reference_signature_is_made_and_verified() -> None:
    """The reference implementation's signature over its note comes out byte for byte."""
    key = parse_vkey(PETER)
    blob = base64.b64decode(PETERS_SIGNATURE)
    assert blob == key.id + SigningKey(PETERS_SEED).sign(PETERS_TEXT.encode())
    verify_ed25519(key.public, PETERS_TEXT.encode(), blob[4:])


def test_the_reference_manglings_of_a_key_are_refused() -> None:
    """No part of a key, and no key with one byte changed, is a key (note_test.go, TestNewVerifier)."""
    mangled = [PETER[i:j] for i in range(len(PETER)) for j in range(i + 1, len(PETER) + 1) if j - i < len(PETER)]
    mangled += [PETER[:i] + chr(ord(PETER[i]) + 1) + PETER[i + 1 :] for i in range(len(PETER))]
    mangled += [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "",
        "+",
        "++",
    ]
    for text in mangled:
        with pytest.raises(CheckpointFailed):
            parse_vkey(text)


def test_a_checkpoint_has_the_published_form() -> None:
    """Origin, size, base64 root; a blank line; dash, key name, base64 of key id and signature."""
    text, _, signature = GOOD.partition("\n\n")
    assert text == f"ledger.example/test\n42\n{base64.b64encode(ROOT).decode()}"
    name, blob = signature.removeprefix("\u2014 ").removesuffix("\n").split(" ")
    assert name == KEY.origin
    assert base64.b64decode(blob)[:4] == KEY.id


@given(st.integers(0, (1 << 62) - 1), st.binary(min_size=32, max_size=32))
def test_what_is_signed_is_read_back(size: int, root: bytes) -> None:
    """Signing and verifying give the same checkpoint, also for the empty tree."""
    checkpoint = Checkpoint(KEY.origin, size, root)
    assert verify(SIGNER.note(checkpoint), [KEY]) == checkpoint


TEXT = f"{KEY.origin}\n42\n{base64.b64encode(ROOT).decode()}\n"
BLOB = GOOD.rsplit(" ", 1)[1].strip()
BROKEN = {
    "no signature": TEXT,
    "no blank line": GOOD.replace("\n\n", "\n"),
    "no signature lines": TEXT + "\n",
    "cut off": GOOD[:-1],
    "hyphen for dash": GOOD.replace("\u2014", "-"),
    "windows line ends": GOOD.replace("\n", "\r\n"),
    "control character": signed(TEXT.replace("42", "4\x002")),
    "lone surrogate": GOOD.replace("ledger", "ledger\ud800"),
    "another size": GOOD.replace("42", "43"),
    "another root": GOOD.replace(base64.b64encode(ROOT).decode(), base64.b64encode(bytes(32)).decode()),
    "another origin": GOOD.replace("ledger.example/test\n42", "ledger.example/next\n42"),
    "signature of another name": GOOD.replace("\u2014 ledger.example/test", "\u2014 ledger.example/next"),
    "signature cut short": GOOD.replace(BLOB, base64.b64encode(base64.b64decode(BLOB)[:-1]).decode()),
    "signature with a tail": GOOD.replace(BLOB, base64.b64encode(base64.b64decode(BLOB) + b"x").decode()),
    "signature of a bit flipped": GOOD.replace(
        BLOB, base64.b64encode(base64.b64decode(BLOB)[:-1] + bytes([base64.b64decode(BLOB)[-1] ^ 1])).decode()
    ),
    "signature without bytes": f"{TEXT}\n\u2014 {KEY.origin} {base64.b64encode(KEY.id).decode()}\n",
    "signature not base64": GOOD.replace(BLOB, "!" + BLOB[1:]),
    "one good signature, one false by the same key": GOOD
    + f"\u2014 {KEY.origin} {'A' * 0}"
    + BLOB[:8]
    + "A" * 84
    + "\n",
    "empty line among signatures": GOOD + "\n",
    "extension line": signed(TEXT + "extension\n"),
    "two lines only": signed(f"{KEY.origin}\n42\n"),
    "size with a leading zero": signed(TEXT.replace("42", "042")),
    "size with a sign": signed(TEXT.replace("42", "+42")),
    "size in other digits": signed(TEXT.replace("42", "٤٢")),
    "size with an underscore": signed(TEXT.replace("42", "4_2")),
    "size beyond all trees": signed(TEXT.replace("42", str(1 << 62))),
    "root too short": signed(f"{KEY.origin}\n42\n{base64.b64encode(ROOT[1:]).decode()}\n"),
    "root without padding": signed(TEXT.replace("=", "")),
    "root in url alphabet": signed(f"{KEY.origin}\n42\n{'_' * 43}=\n"),
    "origin with a space": signed(TEXT.replace("ledger.", "ledger ")),
    "origin with a plus": signed(TEXT.replace("ledger.", "ledger+")),
    "origin empty": signed(TEXT.replace(KEY.origin, "")),
    "a flood of signatures": GOOD + f"\u2014 w {base64.b64encode(bytes(68)).decode()}\n" * 300,
    "longer than any note": GOOD + "\u2014 w " + "A" * MAX_NOTE + "\n",
    "nothing": "",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_notes_are_refused(name: str) -> None:
    """A note that is malformed, altered or not ours is refused with a sentence."""
    with pytest.raises(CheckpointFailed, match=r"\.$"):
        verify(BROKEN[name], [KEY])


def test_a_note_by_another_key_of_that_name_is_refused() -> None:
    """A signature by a stranger's key under our name does not count."""
    stranger = SigningKey(b"t" * 32)
    note = Signer([LogKey(KEY.origin, stranger.public)], stranger.sign).note(Checkpoint(KEY.origin, 1, ROOT))
    with pytest.raises(CheckpointFailed, match="not signed with this verifier key"):
        verify(note, [KEY])


def test_signatures_of_witnesses_are_left_alone() -> None:
    """Lines by unknown keys are kept and ignored, whatever they hold (signed-note: unknown keys)."""
    witnessed = GOOD + f"\u2014 witness.example/w1 {base64.b64encode(bytes(76)).decode()}\n"
    assert verify(witnessed, [KEY]).size == 42
    assert [line.name for line in parse(witnessed)[1]] == [KEY.origin, "witness.example/w1"]


def test_a_rotated_key_keeps_old_checkpoints_good() -> None:
    """The newest key signs; what an older key of the ring signed verifies still."""
    old = MemoryRing("00000000", {"ledger": {1: b"a" * 32}})
    new = MemoryRing("00000000", {"ledger": {1: b"a" * 32, 2: b"b" * 32}})
    checkpoint = Checkpoint("log", 1, ROOT)
    for ring in (old, new):
        assert verify(ring_signer(ring, "log").note(checkpoint), log_keys(new, "log")) == checkpoint
    with pytest.raises(CheckpointFailed):
        verify(ring_signer(new, "log").note(checkpoint), log_keys(old, "log"))


@pytest.mark.parametrize("name", ["", "two words", "a+b", "line\nend", "no\u00a0break", "tab\t"])
def test_a_key_needs_a_usable_name(name: str) -> None:
    """A name that could be taken apart in a note is refused before anything is signed."""
    with pytest.raises(BadConfiguration):
        LogKey(name, SECRET.public)
