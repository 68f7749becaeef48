"""Times of keys: what holds when, and that no sequence of accepted changes leaves a moment without a key."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOW
from tests.requesters.samples import public_key
from vault.clock import millis
from vault.errors import Invalid
from vault.requesters.jwks import MOST_KEYS
from vault.requesters.key_times import Keys, valid_keys

DAY = timedelta(days=1)
KEYS = [public_key(f"sig-{number}") for number in range(MOST_KEYS + 1)]


def _kids(jwks: Any) -> list[str]:
    return [key["kid"] for key in jwks["keys"]]


def test_keys_without_times_are_not_looked_at() -> None:
    """The common case: the set itself is given out."""
    jwks = {"keys": KEYS[:2]}
    assert valid_keys(jwks, None, NOW) is jwks


@pytest.mark.parametrize(
    ("bounds", "holds"),
    [
        ({}, True),
        ({"from": millis(NOW)}, True),
        ({"from": millis(NOW) + 1}, False),
        ({"until": millis(NOW)}, False),
        ({"until": millis(NOW) + 1}, True),
        ({"from": millis(NOW) - 2, "until": millis(NOW) - 1}, False),
    ],
)
def test_a_key_holds_from_and_no_longer_at_its_end(bounds: dict[str, int], holds: bool) -> None:
    """To the millisecond."""
    found = valid_keys({"keys": KEYS[:2]}, {"sig-0": bounds}, NOW)
    assert _kids(found) == (["sig-0", "sig-1"] if holds else ["sig-1"])


def test_the_first_gap_is_found() -> None:
    """Between keys that do not meet; none where one follows the other or one has no end."""
    ends = {"sig-0": {"until": millis(NOW + DAY)}}
    assert Keys({"keys": KEYS[:1]}, ends).first_gap(NOW) == NOW + DAY
    meets = ends | {"sig-1": {"from": millis(NOW + DAY)}}
    assert Keys({"keys": KEYS[:2]}, meets).first_gap(NOW) is None
    late = ends | {"sig-1": {"from": millis(NOW + DAY) + 1}}
    assert Keys({"keys": KEYS[:2]}, late).first_gap(NOW) == NOW + DAY
    assert Keys({"keys": KEYS[:1]}, {"sig-0": {"from": millis(NOW + DAY)}}).first_gap(NOW) == NOW


def test_ended_keys_make_room() -> None:
    """Eight keys and no more; what has ended is left out when one is added."""
    full = Keys({"keys": KEYS[:MOST_KEYS]}, {})
    with pytest.raises(Invalid):
        full.with_key(KEYS[MOST_KEYS], start=None, end=None, now=NOW)
    retired = full.ended("sig-0", end=NOW, now=NOW)
    assert _kids(retired.with_key(KEYS[MOST_KEYS], start=None, end=None, now=NOW).jwks) == _kids(
        {"keys": KEYS[1 : MOST_KEYS + 1]}
    )


def test_validity_is_only_shortened() -> None:
    """An end cannot be moved later, nor a key that has ended be brought back."""
    keys = Keys({"keys": KEYS[:2]}, {"sig-0": {"until": millis(NOW + DAY)}})
    with pytest.raises(Invalid):
        keys.ended("sig-0", end=NOW + 2 * DAY, now=NOW)
    with pytest.raises(Invalid):
        keys.ended("sig-0", end=NOW, now=NOW + DAY)
    with pytest.raises(Invalid):
        keys.ended("sig-9", end=NOW, now=NOW)


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 5), st.integers(-30, 90), st.integers(-30, 90), st.integers(0, 20)),
        max_size=12,
    )
)
def test_no_sequence_of_accepted_changes_leaves_a_moment_without_a_key(
    steps: list[tuple[bool, int, int, int, int]],
) -> None:
    """Adding, retiring, waiting, in any order: whatever is accepted by both rules keeps a valid key for ever."""
    keys, now = Keys({"keys": KEYS[:1]}, {}), NOW
    for adds, which, start, end, waits in steps:
        now += waits * DAY
        assert keys.valid(now)["keys"], "a moment without a key has come"
        try:
            changed = (
                keys.with_key(KEYS[which], start=now + start * DAY, end=now + end * DAY if end else None, now=now)
                if adds
                else keys.ended(f"sig-{which}", end=now + end * DAY, now=now)
            )
        except Invalid:
            continue
        if changed.first_gap(now) is None:
            keys = changed
    assert keys.first_gap(now) is None
