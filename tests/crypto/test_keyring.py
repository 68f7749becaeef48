"""The ring: one secret per purpose and version, none of which ever comes out."""

import pytest

from vault.crypto.keyring import (
    ED25519_PURPOSES,
    MAC_PURPOSES,
    PURPOSES,
    MemoryRing,
    ring_open,
    ring_seal,
    ring_version,
)
from vault.crypto.sealing import new_key
from vault.crypto.signing import is_signed
from vault.errors import BadConfiguration, CannotOpen


def rings() -> tuple[MemoryRing, MemoryRing, MemoryRing]:
    """The same ring before a rotation, after it, and once the old secrets are gone."""
    old = {purpose: {1: new_key()} for purpose in PURPOSES}
    new = {purpose: {2: new_key()} for purpose in PURPOSES}
    return (
        MemoryRing("0a0a0a0a", old),
        MemoryRing("0a0a0a0a", {purpose: old[purpose] | new[purpose] for purpose in PURPOSES}),
        MemoryRing("0a0a0a0a", new),
    )


@pytest.mark.parametrize("purpose", sorted(MAC_PURPOSES))
def test_rotation_keeps_old_work_readable(purpose: str) -> None:
    """New work uses the newest version; old work opens until its version is taken away."""
    before, after, later = rings()
    blob = ring_seal(before, purpose, b"old", b"here")
    assert ring_open(after, purpose, blob, b"here") == b"old"
    assert ring_version(ring_seal(after, purpose, b"new", b"here")) == 2
    assert after.derive(purpose, b"x", version=1) == before.derive(purpose, b"x")
    assert after.derive(purpose, b"x") == later.derive(purpose, b"x") != before.derive(purpose, b"x")
    with pytest.raises(CannotOpen):
        ring_open(later, purpose, blob, b"here")


@pytest.mark.parametrize("purpose", sorted(ED25519_PURPOSES))
def test_rotation_of_signing_keys(purpose: str) -> None:
    """Signatures of each version verify under that version's public key and no other."""
    before, after, later = rings()
    signature = after.sign(purpose, b"message", version=1)
    assert is_signed(before.public_key(purpose), b"message", signature)
    assert not is_signed(after.public_key(purpose), b"message", signature)
    assert is_signed(later.public_key(purpose), b"message", after.sign(purpose, b"message"))
    with pytest.raises(CannotOpen):
        later.public_key(purpose, version=1)


def test_every_purpose_has_a_secret_of_its_own() -> None:
    """One key, one purpose: the same context gives unrelated bytes."""
    ring = rings()[0]
    assert len({ring.derive(purpose, b"context") for purpose in MAC_PURPOSES}) == len(MAC_PURPOSES)
    assert len({ring.public_key(purpose) for purpose in ED25519_PURPOSES}) == len(ED25519_PURPOSES)


def test_a_narrowed_ring_has_nothing_else() -> None:
    """A process is given the purposes it needs; the others are not there."""
    narrow = rings()[1].only({"ledger", "row"})
    assert narrow.versions("row") == [1, 2]
    with pytest.raises(BadConfiguration):
        narrow.derive("release", b"grant")
    with pytest.raises(BadConfiguration):
        narrow.sign("token", b"claims")


def test_signing_secrets_are_not_derived_from() -> None:
    """A signing seed never serves as a MAC key, nor the other way round."""
    ring = rings()[0]
    with pytest.raises(BadConfiguration):
        ring.derive("token", b"context")
    with pytest.raises(CannotOpen):
        ring.sign("release", b"message")


def test_a_ring_says_nothing_of_its_secrets() -> None:
    """Logged by mistake, it shows its id and its purposes."""
    ring = MemoryRing("0b0b0b0b", {"row": {1: b"s" * 32}})
    assert repr(ring) == "<MemoryRing 0b0b0b0b: row>"
