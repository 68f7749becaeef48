"""The key ring file: there whole or not at all, for its owner's eyes, and never overwritten."""

import stat
from pathlib import Path

import msgspec
import pytest

from vault.crypto.keyfile import KeyFile, open_or_create
from vault.crypto.keyring import PURPOSES
from vault.errors import BadConfiguration

PASSPHRASE = "a passphrase for tests only"


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    made = KeyFile(tmp_path / "keys" / "ring.json", PASSPHRASE)
    made.create()
    return made


def rewrite(file: KeyFile, **members: object) -> None:
    """Change members of the file as somebody with write access could."""
    file.path.write_bytes(msgspec.json.encode(msgspec.json.decode(file.path.read_bytes()) | members))


def test_a_ring_comes_back(file: KeyFile) -> None:
    """Every purpose is there, and the same secrets each time; the file holds none of them in clear."""
    ring, again = file.load(), KeyFile(file.path, PASSPHRASE).load()
    assert {purpose: ring.versions(purpose) for purpose in PURPOSES} == {purpose: [1] for purpose in PURPOSES}
    assert ring.derive("release", b"x") == again.derive("release", b"x")
    assert (ring.id, ring.public_key("ledger")) == (again.id, again.public_key("ledger"))


def test_a_ring_is_its_owners(file: KeyFile) -> None:
    """The file is 0600, and nothing else is left beside it."""
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert [path.name for path in file.path.parent.iterdir()] == ["ring.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o777])
def test_a_file_others_can_touch_is_refused(file: KeyFile, mode: int) -> None:
    """Too open a mode is an error that says what to do."""
    file.path.chmod(mode)
    with pytest.raises(BadConfiguration, match="chmod 600"):
        file.load()


def test_a_wrong_passphrase_opens_nothing(file: KeyFile) -> None:
    """The error does not tell how wrong it was."""
    with pytest.raises(BadConfiguration, match="does not open"):
        KeyFile(file.path, PASSPHRASE + "!").load()


def test_a_short_passphrase_is_refused(tmp_path: Path) -> None:
    """Fewer than sixteen characters protect nothing."""
    with pytest.raises(BadConfiguration, match="16"):
        KeyFile(tmp_path / "ring.json", "x" * 15)


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"v": 3}, "version 3"),
        ({"id": "ffffffff"}, "does not open"),
        ({"box": "AAAA"}, "does not open"),
        ({"box": "not base64url!"}, "does not open"),
        ({"extra": 1}, "not a key ring file"),
        ({"kdf": None}, "not a key ring file"),
    ],
    ids=["unknown version", "other id", "truncated box", "no base64url", "unknown member", "no kdf"],
)
def test_a_changed_file_is_refused(file: KeyFile, members: dict[str, object], why: str) -> None:
    """Whatever is changed in the file, it is refused with a reason."""
    rewrite(file, **members)
    with pytest.raises(BadConfiguration, match=why):
        file.load()


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_what_is_no_key_file_is_refused(file: KeyFile, text: bytes) -> None:
    """Rubbish is an error of configuration, not a crash."""
    file.path.write_bytes(text)
    with pytest.raises(BadConfiguration, match="not a key ring file"):
        file.load()


def test_a_ring_is_never_overwritten(file: KeyFile) -> None:
    """Making one where one is leaves the old one alone."""
    before = file.path.read_bytes()
    with pytest.raises(BadConfiguration, match="exists already"):
        file.create()
    assert file.path.read_bytes() == before


def test_rotation_adds_a_version(file: KeyFile) -> None:
    """The new version is used from then on; the old one still derives what it did; others are untouched."""
    before = file.load()
    assert file.rotate("release", at_once=True) == 2
    after = file.load()
    assert (after.versions("release"), after.versions("row")) == ([1, 2], [1])
    assert after.derive("release", b"x", version=1) == before.derive("release", b"x") != after.derive("release", b"x")
    assert (after.id, stat.S_IMODE(file.path.stat().st_mode)) == (before.id, 0o600)


def test_only_purposes_rotate(file: KeyFile) -> None:
    """A purpose that does not exist is named in the error."""
    with pytest.raises(BadConfiguration, match="nonsense"):
        file.rotate("nonsense")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error says which file could not be read."""
    with pytest.raises(BadConfiguration, match=r"absent\.json"):
        KeyFile(tmp_path / "absent.json", PASSPHRASE).load()


def test_the_embedded_default_keeps_its_passphrase_beside_the_ring(tmp_path: Path) -> None:
    """Without a passphrase a random one is made once, for the owner's eyes only, and opens the ring again."""
    (first, _), (again, _) = (open_or_create(tmp_path / "keyring.json", None) for _ in range(2))
    assert (first.id, first.derive("row", b"x")) == (again.id, again.derive("row", b"x"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keyring.json", "keyring.key"]


def test_a_file_from_before_a_purpose_opens(file: KeyFile) -> None:
    """A purpose that the file does not know is the same in every copy of it, differs from others, and rotates."""
    held = file._read()
    file._write(held._replace(secrets={p: by for p, by in held.secrets.items() if p != "ledger-mldsa44"}))
    ring, copy = file.load(), KeyFile(file.path, PASSPHRASE).load()
    first = ring.public_key("ledger-mldsa44")
    assert first == copy.public_key("ledger-mldsa44")
    assert file.rotate("ledger-mldsa44", at_once=True) == 2
    after = file.load()
    assert after.public_key("ledger-mldsa44", version=1) == first != after.public_key("ledger-mldsa44")
