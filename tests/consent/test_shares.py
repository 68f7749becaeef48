"""Every wrap, attacked: any share missing, swapped or of another grant opens nothing."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import fresh_ring
from vault.consent import shares
from vault.crypto.keyring import MemoryRing
from vault.crypto.sealing import new_box_pair, new_key
from vault.errors import BadConfiguration, CannotOpen
from vault.ids import new_uuid
from vault.profile.sealed_keys import Part

RING = fresh_ring()
GRANT, OTHER = new_uuid(), new_uuid()
G, OFFICERS, SECRET = new_key(), new_key(), new_box_pair()[1]
KEYS = st.binary(min_size=32, max_size=32)


@given(KEYS, KEYS, KEYS, st.uuids())
def test_round_trips(g: bytes, o: bytes, secret: bytes, grant: UUID) -> None:
    """What was wrapped with all shares opens with all shares."""
    assert shares.open_general(RING, grant, g, shares.wrap_general(RING, grant, g, secret)) == secret
    assert shares.open_sensitive(RING, grant, g, o, shares.wrap_sensitive(RING, grant, g, o, secret)) == secret


def test_two_wraps_of_one_secret_differ() -> None:
    """A wrap tells nothing about what is in it, not even that it is the same."""
    assert shares.wrap_general(RING, GRANT, G, SECRET) != shares.wrap_general(RING, GRANT, G, SECRET)


@given(KEYS)
def test_another_persons_share_opens_nothing(other: bytes) -> None:
    """With any g but the grant's own, neither wrap opens."""
    for open_it in (
        lambda: shares.open_general(RING, GRANT, other, shares.wrap_general(RING, GRANT, G, SECRET)),
        lambda: shares.open_sensitive(
            RING, GRANT, other, OFFICERS, shares.wrap_sensitive(RING, GRANT, G, OFFICERS, SECRET)
        ),
        lambda: shares.open_sensitive(RING, GRANT, G, other, shares.wrap_sensitive(RING, GRANT, G, OFFICERS, SECRET)),
    ):
        with pytest.raises(CannotOpen):
            open_it()


@pytest.mark.parametrize("missing", [b"", b"\0" * 31, b"\0" * 32, b"\0" * 64])
def test_a_missing_share_opens_nothing(missing: bytes) -> None:
    """No g, no o, zeros, or too many bytes: nothing opens."""
    with pytest.raises(CannotOpen):
        shares.open_general(RING, GRANT, missing, shares.wrap_general(RING, GRANT, G, SECRET))
    with pytest.raises(CannotOpen):
        shares.open_sensitive(RING, GRANT, G, missing, shares.wrap_sensitive(RING, GRANT, G, OFFICERS, SECRET))
    with pytest.raises(CannotOpen):
        shares.open_sensitive(RING, GRANT, missing, OFFICERS, shares.wrap_sensitive(RING, GRANT, G, OFFICERS, SECRET))


def test_shares_cannot_be_shifted_into_each_other() -> None:
    """The general wrap does not open with g ‖ o, nor the sensitive one with g alone, nor with o and g exchanged."""
    general = shares.wrap_general(RING, GRANT, G, SECRET)
    sensitive = shares.wrap_sensitive(RING, GRANT, G, OFFICERS, SECRET)
    for open_it in (
        lambda: shares.open_sensitive(RING, GRANT, G, OFFICERS, general),
        lambda: shares.open_general(RING, GRANT, G, sensitive),
        lambda: shares.open_sensitive(RING, GRANT, OFFICERS, G, sensitive),
    ):
        with pytest.raises(CannotOpen):
            open_it()


def test_a_wrap_of_another_grant_does_not_open() -> None:
    """The same shares under another grant's id open nothing."""
    with pytest.raises(CannotOpen):
        shares.open_general(RING, OTHER, G, shares.wrap_general(RING, GRANT, G, SECRET))
    with pytest.raises(CannotOpen):
        shares.open_sensitive(RING, OTHER, G, OFFICERS, shares.wrap_sensitive(RING, GRANT, G, OFFICERS, SECRET))


def test_another_ring_opens_nothing() -> None:
    """The registry's share is needed: a stranger's ring, or one without the purpose, opens nothing."""
    wrapped = shares.wrap_general(RING, GRANT, G, SECRET)
    with pytest.raises(CannotOpen):
        shares.open_general(fresh_ring(), GRANT, G, wrapped)
    with pytest.raises(BadConfiguration):
        shares.open_general(RING.only(["index"]), GRANT, G, wrapped)


def test_wraps_outlive_a_rotation_and_name_their_version() -> None:
    """After a ring rotation old wraps open under the old version; a wrap that claims another version does not."""
    first, second = new_key(), new_key()
    before, after = MemoryRing("r", {"release": {1: first}}), MemoryRing("r", {"release": {1: first, 2: second}})
    old, new = (shares.wrap_general(ring, GRANT, G, SECRET) for ring in (before, after))
    assert (old[:2], new[:2]) == (b"\0\1", b"\0\2")
    assert shares.open_general(after, GRANT, G, old) == shares.open_general(after, GRANT, G, new) == SECRET
    for forged in (b"\0\2" + old[2:], b"\0\1" + new[2:], b"\0\7" + new[2:], b""):
        with pytest.raises(CannotOpen):
            shares.open_general(after, GRANT, G, forged)
    with pytest.raises(CannotOpen):
        shares.open_general(before, GRANT, G, new)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_noticed(at: int, flip: int) -> None:
    """One byte changed anywhere in a wrap: it does not open."""
    wrapped = bytearray(shares.wrap_general(RING, GRANT, G, SECRET))
    wrapped[at % len(wrapped)] ^= flip
    with pytest.raises(CannotOpen):
        shares.open_general(RING, GRANT, G, bytes(wrapped))


def test_a_sealed_section_key_stays_in_its_place() -> None:
    """A section key sealed to a grant opens for that grant, part and number only."""
    public, secret = new_box_pair()
    key, part = new_key(), Part("identity", "general")
    sealed = shares.seal_part(public, key, shares.part_place(GRANT, part, 1))
    assert shares.open_part_key(secret, sealed, shares.part_place(GRANT, part, 1), public=public) == key
    for grant, other, number in [
        (OTHER, part, 1),
        (GRANT, Part("identity", "sensitive"), 1),
        (GRANT, Part("contact", "general"), 1),
        (GRANT, part, 2),
    ]:
        with pytest.raises(CannotOpen):
            shares.open_part_key(secret, sealed, shares.part_place(grant, other, number))
    with pytest.raises(CannotOpen):
        shares.open_part_key(new_box_pair()[1], sealed, shares.part_place(GRANT, part, 1))


def test_the_officers_share_stays_with_its_grant() -> None:
    """Sealed to the release role for one grant, it opens with that role's secret for that grant only."""
    public, secret = new_box_pair()
    sealed = shares.seal_officer_share(public, OFFICERS, GRANT)
    assert shares.open_officer_share(secret, sealed, GRANT) == OFFICERS
    with pytest.raises(CannotOpen):
        shares.open_officer_share(secret, sealed, OTHER)
    with pytest.raises(CannotOpen):
        shares.open_officer_share(new_box_pair()[1], sealed, GRANT)
