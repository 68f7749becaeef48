"""Liveness: one rule for requester, declaration, permit and client."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from vault.errors import Tampered
from vault.requesters.liveness import NotLive, Standing, check_live, in_force, lapses

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
LATER, EARLIER = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)


@pytest.mark.parametrize("what", ["requester", "declaration", "permit"])
@pytest.mark.parametrize(
    ("status", "start", "end", "lapse"),
    [
        ("active", EARLIER, LATER, None),
        ("active", NOW, LATER, None),
        ("active", EARLIER, NOW, "expired"),
        ("active", LATER, LATER, "not-yet-valid"),
        ("active", EARLIER, None, "expired"),
        ("applied", EARLIER, LATER, "applied"),
        ("suspended", EARLIER, LATER, "suspended"),
        ("revoked", EARLIER, LATER, "revoked"),
        ("surrendered", EARLIER, LATER, "surrendered"),
    ],
)
def test_every_lapse_has_its_name(
    what: str, status: str, start: datetime, end: datetime | None, lapse: str | None
) -> None:
    """Status first, then the times; the end itself is already outside; no end is no validity."""
    found = lapses([Standing(what, status, start, end)], NOW)
    assert list(found) == ([] if lapse is None else [f"{what}-{lapse}"])


def test_a_client_has_no_end_of_its_own() -> None:
    """A client lives as long as what it belongs to."""
    assert not lapses([Standing("client", "active")], NOW)
    assert list(lapses([Standing("client", "suspended")], NOW)) == ["client-suspended"]


def test_all_reasons_are_told() -> None:
    """Whoever must mend it learns everything at once."""
    with pytest.raises(NotLive) as caught:
        check_live([Standing("requester", "suspended", None, LATER), Standing("permit", "active", None, NOW)], NOW)
    assert caught.value.reasons == ["requester-suspended", "permit-expired"]
    assert caught.value.reason == "requester-suspended"


@pytest.mark.parametrize("status", ["", "Active", "expired", "not-yet-valid"])
def test_a_status_that_there_is_not(status: str) -> None:
    """What no row may hold is no state at all, also where the clock knows a state of that name."""
    with pytest.raises(Tampered):
        lapses([Standing("client", status)], NOW)


def test_a_suspension_that_nobody_confirmed_is_over_by_the_clock() -> None:
    """At its end, not a moment before; and never where it has no end."""
    for lifted_at, expected in ((LATER, ["requester-suspended"]), (NOW, []), (None, ["requester-suspended"])):
        assert list(lapses([Standing("requester", "suspended", None, LATER, lifted_at)], NOW)) == expected
    ended = Standing("requester", "suspended", None, NOW, EARLIER)
    assert list(lapses([ended], NOW)) == ["requester-expired"]


def test_a_time_that_is_named_beforehand_says_what_the_rule_says() -> None:
    """For every pair of statuses and validities, at every moment around them: live in the span, and only there; where
    no span is named nothing is live, or a suspension may be over."""
    moments = [NOW + timedelta(seconds=n) for n in range(-2, 3)]
    kinds = [("client", "active", None, None), ("client", "suspended", None, None)]
    kinds += [
        ("permit", status, *times) for status in ("active", "revoked") for times in product([None, *moments], repeat=2)
    ]
    for chain in product(kinds, repeat=2):
        standings = [Standing(*each) for each in chain]
        span = in_force(standings)
        for now in moments:
            assert (span is not None and span.holds(now)) == (not lapses(standings, now)), (chain, now)


def test_a_suspension_names_no_time_beforehand() -> None:
    """Whether it is over is asked of the rule, at the moment itself."""
    lifted = [Standing("requester", "suspended", None, LATER, EARLIER)]
    assert in_force(lifted) is None
    assert not lapses(lifted, NOW)
