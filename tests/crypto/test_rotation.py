"""Key rotation without downtime: known everywhere before it is used, published after it was."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from vault.clock import FixedClock
from vault.crypto.es256 import Es256Key
from vault.crypto.keyfile import KeyFile
from vault.crypto.keyring import AHEAD, ES256_PURPOSES, KEPT, PURPOSES, MemoryRing, ring_open, ring_seal
from vault.crypto.sealing import new_key
from vault.errors import BadConfiguration

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def file(tmp_path: Path, clock: FixedClock) -> KeyFile:
    made = KeyFile(tmp_path / "ring.json", "a passphrase for tests only", clock)
    made.create()
    return made


def test_a_new_version_waits_until_everybody_knows_it(file: KeyFile, clock: FixedClock) -> None:
    """Published at once, used ten minutes later, and nothing of this needs the file to be read again."""
    ring = file.load()
    assert file.rotate("token") == 2
    ring.take_in(file.load(), clock.now())
    assert (ring.versions("token"), ring.published("token"), ring.coming("token")) == ([1], [1, 2], [2])
    assert ring.public_key("token") == ring.public_key("token", version=1)
    clock.move(AHEAD - timedelta(seconds=1))
    ring.advance(clock.now())
    assert ring.versions("token") == [1]
    clock.move(timedelta(seconds=1))
    ring.advance(clock.now())
    assert (ring.versions("token"), ring.coming("token")) == ([1, 2], [])
    assert ring.public_key("token") == ring.public_key("token", version=2)


def test_an_old_key_is_published_until_what_it_signed_has_ended(file: KeyFile, clock: FixedClock) -> None:
    """A day after its successor took over; it never comes back."""
    file.rotate("token")
    clock.move(AHEAD + KEPT - timedelta(seconds=1))
    assert file.load().published("token") == [1, 2]
    clock.move(timedelta(seconds=1))
    ring = file.load()
    assert (ring.published("token"), ring.versions("token")) == ([2], [1, 2])


def test_a_server_that_is_behind_opens_what_one_ahead_made(file: KeyFile, clock: FixedClock) -> None:
    """Their clocks or their looks at the file differ by seconds: both read both."""
    behind = file.load()
    file.rotate("refresh")
    behind.take_in(file.load(), clock.now())
    clock.move(AHEAD)
    ahead = file.load()
    blob = ring_seal(ahead, "refresh", b"content", b"place")
    assert int.from_bytes(blob[:2]) == 2
    assert ring_open(behind, "refresh", blob, b"place") == b"content"
    assert int.from_bytes(ring_seal(behind, "refresh", b"content", b"place")[:2]) == 1


def test_at_once(file: KeyFile) -> None:
    """For servers that are stopped."""
    file.rotate("row", at_once=True)
    assert file.load().versions("row") == [1, 2]


def test_another_ring_is_not_taken_in(file: KeyFile, tmp_path: Path, clock: FixedClock) -> None:
    """A file that was exchanged under a running server changes nothing."""
    ring = file.load()
    other = KeyFile(tmp_path / "other.json", "a passphrase for tests only").create()
    with pytest.raises(BadConfiguration, match=ring.id):
        ring.take_in(other, clock.now())
    secret = ring.derive("row", b"x")
    ring.take_in(MemoryRing(ring.id, {"row": {1: new_key()}}), clock.now())
    assert ring.derive("row", b"x") == secret


def test_the_file_tells_when_it_changed(file: KeyFile) -> None:
    """Cheaply, without opening it; gone is an error."""
    before = file.revision()
    assert file.revision() == before
    file.rotate("row")
    assert file.revision() != before
    file.path.unlink()
    with pytest.raises(BadConfiguration):
        file.revision()


def test_es256_keys_sign_what_the_standard_library_verifies() -> None:
    """A fixed-length signature, a key that comes from its secret alone, another secret another key."""
    seed = new_key()
    key, message = Es256Key(seed), b"a message"
    signature = key.sign(message)
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    x, y = int.from_bytes(key.public[:32]), int.from_bytes(key.public[32:])
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    public.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    assert len(signature) == len(key.public) == 64
    assert Es256Key(seed).public == key.public != Es256Key(new_key()).public


def test_every_signing_purpose_has_its_own_key() -> None:
    """One key, one purpose, whatever algorithm."""
    ring = MemoryRing("0", {purpose: {1: new_key()} for purpose in PURPOSES})
    keys = [ring.public_key(purpose) for purpose in ES256_PURPOSES]
    assert len(set(keys)) == len(ES256_PURPOSES)
    assert all(len(ring.sign(purpose, b"x")) == 64 for purpose in ES256_PURPOSES)
