"""Every way in which something is locked: opens with exactly what locked it, and with nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.crypto.breaks import breaking
from vault.crypto.bundles import Bundle
from vault.crypto.keyring import PURPOSES, MemoryRing, ring_open, ring_seal, ring_version
from vault.crypto.sealing import aead, mac, new_box_pair, new_key, open_aead, place, seal, unseal
from vault.errors import CannotOpen

keys = st.binary(min_size=32, max_size=32)
messages = st.binary(max_size=2_000)
RING = MemoryRing("00000000", {purpose: {1: new_key()} for purpose in PURPOSES})
OTHER_RING = MemoryRing("00000001", {purpose: {1: new_key()} for purpose in PURPOSES})


@given(key=keys, message=messages, ad=messages)
def test_aead_opens_with_key_and_place(key: bytes, message: bytes, ad: bytes) -> None:
    """What was encrypted comes back, whatever it was."""
    assert open_aead(key, aead(key, message, ad), ad) == message


@given(key=keys, other=keys, message=messages, ad=messages)
def test_aead_refuses_another_key(key: bytes, other: bytes, message: bytes, ad: bytes) -> None:
    """A swapped key opens nothing."""
    if other != key:
        with pytest.raises(CannotOpen):
            open_aead(other, aead(key, message, ad), ad)


@given(key=keys, message=messages, ad=messages, elsewhere=messages)
def test_aead_refuses_another_place(key: bytes, message: bytes, ad: bytes, elsewhere: bytes) -> None:
    """A blob moved to another row, column or version does not open."""
    if elsewhere != ad:
        with pytest.raises(CannotOpen):
            open_aead(key, aead(key, message, ad), elsewhere)


def test_aead_refuses_what_is_broken() -> None:
    """Each break of the blob is refused with the same error."""
    key = new_key()
    for name, broken in breaking(aead(key, b"a section's text", b"place")).items():
        with pytest.raises(CannotOpen):
            pytest.fail(f"{name}: {open_aead(key, broken, b'place')!r}")


@given(key=keys, blob=st.binary(max_size=60), length=st.integers(0, 64).filter(lambda n: n != 32))
def test_aead_refuses_what_is_too_short_and_what_is_no_key(key: bytes, blob: bytes, length: int) -> None:
    """Nothing of a wrong length ever reaches the library, which takes lengths for granted."""
    for wrong_key, wrong_blob in (
        (key, blob),
        (key, b"\x01" + blob),
        (key[:length].ljust(length, b"k"), aead(key, blob, b"place")),
    ):
        with pytest.raises(CannotOpen):
            open_aead(wrong_key, wrong_blob, b"place")


def test_aead_never_repeats_itself() -> None:
    """The nonce is fresh: equal messages do not look equal."""
    key = new_key()
    assert len({aead(key, b"same", b"same") for _ in range(100)}) == 100


@given(message=messages)
def test_a_sealed_box_opens_with_its_secret(message: bytes) -> None:
    """Only the public half is needed to seal."""
    public, secret = new_box_pair()
    assert unseal(secret, seal(public, message)) == unseal(secret, seal(public, message), public) == message


def test_a_sealed_box_refuses_another_secret() -> None:
    """A swapped secret opens nothing, with or without the right public half."""
    public, _ = new_box_pair()
    other_public, other = new_box_pair()
    for given_public in (None, public, other_public):
        with pytest.raises(CannotOpen):
            unseal(other, seal(public, b"share"), given_public)


def test_a_sealed_box_refuses_what_is_broken() -> None:
    """Each break of the blob is refused with the same error."""
    public, secret = new_box_pair()
    for name, broken in breaking(seal(public, b"a section key")).items():
        with pytest.raises(CannotOpen):
            pytest.fail(f"{name}: {unseal(secret, broken)!r}")


@given(key=keys, ad=messages)
def test_a_bundle_comes_back_whole(key: bytes, ad: bytes) -> None:
    """The unwrapped bundle unseals, signs and finds entries as the wrapped one did."""
    bundle = Bundle.generate()
    again = Bundle.unwrap(key, bundle.wrap(key, ad), ad)
    assert again.unseal(seal(bundle.box_public, b"key")) == b"key"
    assert (again.signing_public, again.sign(b"x")) == (bundle.signing_public, bundle.sign(b"x"))
    assert (again.box_public, again.ledger_key) == (bundle.box_public, bundle.ledger_key)


def test_a_bundle_refuses_key_place_and_breaks() -> None:
    """Another key, another holder's place, a broken blob: no bundle."""
    key, here, there = new_key(), place("credentials", ["a"], "wrapped"), place("credentials", ["b"], "wrapped")
    blob = Bundle.generate().wrap(key, here)
    attempts = [(new_key(), blob, here), (key, blob, there)] + [
        (key, broken, here) for broken in breaking(blob).values()
    ]
    for attempt in attempts:
        with pytest.raises(CannotOpen):
            Bundle.unwrap(*attempt)


def test_a_bundle_says_nothing_of_itself() -> None:
    """Logged by mistake, it shows no key."""
    assert repr(Bundle.generate()) == "<Bundle>"


@given(message=messages, ad=messages)
def test_a_ring_seal_opens_in_its_place(message: bytes, ad: bytes) -> None:
    """What the ring sealed it opens, in the same place."""
    assert ring_open(RING, "notice", ring_seal(RING, "notice", message, ad), ad) == message


def test_a_ring_seal_refuses_ring_purpose_place_and_breaks() -> None:
    """Another ring, purpose, place or version, or a broken blob: nothing opens."""
    blob = ring_seal(RING, "notice", b"address", b"here")
    assert ring_version(blob) == 1
    attempts = [
        (OTHER_RING, "notice", blob, b"here"),
        (RING, "refresh", blob, b"here"),
        (RING, "notice", blob, b"there"),
        (RING, "notice", b"\0\2" + blob[2:], b"here"),
        *((RING, "notice", blob[:2] + broken, b"here") for broken in breaking(blob[2:]).values()),
    ]
    for attempt in attempts:
        with pytest.raises(CannotOpen):
            ring_open(*attempt)


@given(parts=st.lists(st.binary(max_size=8), max_size=4), others=st.lists(st.binary(max_size=8), max_size=4))
def test_a_mac_tells_every_split_apart(parts: list[bytes], others: list[bytes]) -> None:
    """Two lists of parts have the same MAC only when they are the same list."""
    key = bytes(32)
    assert (mac(key, *parts) == mac(key, *others)) == (parts == others)


@given(row=st.lists(st.text(max_size=5), max_size=3), other=st.lists(st.text(max_size=5), max_size=3))
def test_places_tell_rows_apart(row: list[str], other: list[str]) -> None:
    """Two rows have the same place only when their keys are the same."""
    assert (place("t", row, "c") == place("t", other, "c")) == (row == other)
    assert len({place("t", row, "c"), place("u", row, "c"), place("t", row, "d"), place("t", row, "c", 1)}) == 4
