"""Throttling: each failure makes the next wait longer, up to a minute; nobody is locked out."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.crypto.keyring import MemoryRing
from vault.crypto.sealing import new_key
from vault.errors import TooMany
from vault.signin.throttling import (
    ACCOUNT,
    ADDRESS,
    LONGEST_WAIT,
    Curve,
    Level,
    account_bucket,
    address_bucket,
    counted,
    device_bucket,
    leaked,
)

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
EMPTY = Level(0, NOW, NOW)
RING = MemoryRing("00000000", {"device": {1: new_key()}})
curves = st.builds(Curve, free=st.integers(0, 50), leak=st.integers(1, 600))
levels = st.builds(
    Level,
    failures=st.integers(0, 10**9),
    until=st.datetimes().map(lambda at: at.replace(tzinfo=UTC)),
    at=st.datetimes().map(lambda at: at.replace(tzinfo=UTC)),
)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def test_the_first_failures_cost_nothing_then_the_wait_doubles() -> None:
    """Five free, then 1, 2, 4 … 60 seconds, each attempted as soon as it is allowed."""
    level, now, waits = EMPTY, NOW, []
    for _ in range(14):
        level = counted(level, Curve(free=5, leak=10_000), now)
        waits.append((level.until - now).total_seconds())
        now = level.until
    assert waits == [0] * 5 + [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_too_early_is_told_how_long() -> None:
    """Retry-After is whole seconds, rounded up, and an attempt refused is not counted."""
    level = Level(9, NOW + seconds(7.2), NOW)
    with pytest.raises(TooMany) as caught:
        counted(level, ACCOUNT, NOW)
    assert caught.value.retry_after == 8
    assert counted(level, ACCOUNT, NOW + seconds(7.2)).failures == 10


@given(level=levels, curve=curves)
def test_never_longer_than_a_minute(level: Level, curve: Curve) -> None:
    """Whatever is in the row, however it came there: after a minute the next attempt is taken."""
    later = NOW + seconds(LONGEST_WAIT)
    assert NOW <= _allowed_at(level, curve) <= later
    after = counted(level, curve, max(NOW, min(level.until, later)))
    assert after.until <= later + seconds(LONGEST_WAIT)


def _allowed_at(level: Level, curve: Curve) -> datetime:
    """The moment from which an attempt is taken, as an attempt now is told."""
    try:
        counted(level, curve, NOW)
    except TooMany as error:
        return NOW + seconds(error.retry_after)
    return NOW


@given(failures=st.integers(0, 1000), gone=st.integers(0, 10**6), curve=curves)
def test_failures_are_forgotten(failures: int, gone: int, curve: Curve) -> None:
    """One per leak, none below nothing, and the time in between is not lost."""
    level = leaked(Level(failures, NOW, NOW), curve, NOW + seconds(gone))
    assert level.failures == max(0, failures - gone // curve.leak)
    twice = leaked(leaked(Level(failures, NOW, NOW), curve, NOW + seconds(gone // 2)), curve, NOW + seconds(gone))
    assert twice.failures == level.failures


def test_a_town_behind_one_address_is_not_slowed_by_its_typos() -> None:
    """Thirty wrong passwords a minute from one address cost nothing."""
    level, now = EMPTY, NOW
    for _ in range(600):
        level = counted(level, ADDRESS, now)
        assert level.until == now
        now += seconds(2)


def test_buckets_are_apart() -> None:
    """Accounts, realms, addresses and devices do not share; an IPv6 customer's whole /64 does."""
    keys = [
        account_bucket(RING, "person", "alice"),
        account_bucket(RING, "officer", "alice"),
        account_bucket(RING, "person", "192.0.2.1"),
        address_bucket(RING, "192.0.2.1"),
        address_bucket(RING, "192.0.2.2"),
        address_bucket(RING, "2001:db8::1"),
        address_bucket(RING, "2001:db8:0:1::1"),
        address_bucket(RING, "console"),
        device_bucket(RING, b"0123456789abcdef"),
    ]
    assert len({bucket.key for bucket in keys}) == len(keys)
    assert address_bucket(RING, "2001:db8::1") == address_bucket(RING, "2001:db8::ffff:1")
    assert address_bucket(RING, "::ffff:192.0.2.1") == address_bucket(RING, "192.0.2.1")
    assert all(b"alice" not in bucket.key and len(bucket.key) == 32 for bucket in keys)


def test_a_bucket_survives_a_rotation() -> None:
    """A new version of the key does not empty the buckets."""
    secret = new_key()
    before, after = (MemoryRing("0", {"device": by}) for by in ({1: secret}, {1: secret, 2: new_key()}))
    assert account_bucket(before, "person", "alice") == account_bucket(after, "person", "alice")
