"""Liveness: one rule for requester, declaration, permit and client."""

from datetime import UTC, datetime, timedelta

import pytest

from vault.requesters.liveness import NotLive, Standing, check_live, why_not_live

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
        ("", EARLIER, LATER, ""),
    ],
)
def test_every_lapse_has_its_name(
    what: str, status: str, start: datetime, end: datetime | None, lapse: str | None
) -> None:
    """Status first, then the times; the end itself is already outside; no end is no validity."""
    reasons = why_not_live([Standing(what, status, start, end)], NOW)
    assert reasons == ([] if lapse is None else [f"{what}-{lapse}"])


def test_a_client_has_no_end_of_its_own() -> None:
    """A client lives as long as what it belongs to."""
    assert why_not_live([Standing("client", "active")], NOW) == []
    assert why_not_live([Standing("client", "suspended")], NOW) == ["client-suspended"]


def test_all_reasons_are_told() -> None:
    """Whoever must mend it learns everything at once."""
    with pytest.raises(NotLive) as caught:
        check_live([Standing("requester", "suspended", None, LATER), Standing("permit", "active", None, NOW)], NOW)
    assert caught.value.reasons == ["requester-suspended", "permit-expired"]
    assert caught.value.reason == "requester-suspended"
