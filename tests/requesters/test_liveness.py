"""Liveness: one rule for requester, declaration, permit and client."""

from datetime import UTC, datetime, timedelta

import pytest

from vault.errors import Tampered
from vault.requesters.liveness import NotLive, Standing, check_live, lapses

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
