"""Throttling of sign-in attempts: each failure makes the next one wait longer, up to a minute, never for ever.

An attempt is counted before the password is looked at and given back when it was right, so that many
attempts at once gain nothing. Buckets are keyed by a MAC: the table tells neither addresses nor
logins. A login that nobody has is throttled like any other.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from vault.crypto.keyring import KeyRing
from vault.db import Session
from vault.errors import TooMany
from vault.signin.tables import Throttle

LONGEST_WAIT: Final = 60
"""Seconds. Nobody is ever locked out for longer."""


@dataclass(frozen=True)
class Curve:
    """How a bucket fills: ``free`` failures cost nothing, one is forgotten every ``leak`` seconds."""

    free: int
    leak: int


ACCOUNT: Final = Curve(free=5, leak=60)
DEVICE: Final = Curve(free=10, leak=60)
ADDRESS: Final = Curve(free=50, leak=2)
"""Generous: whole towns sign in from one address."""


@dataclass(frozen=True)
class Level:
    """The state of a bucket: failures held against it, and the moment before which no attempt is taken."""

    failures: int
    until: datetime
    at: datetime


@dataclass(frozen=True)
class Bucket:
    """One bucket an attempt falls into."""

    key: bytes
    curve: Curve
    shared: bool = False
    """Others fall into it too: a success gives back one attempt, not all."""


def leaked(level: Level, curve: Curve, now: datetime) -> Level:
    """What is left after the time that passed."""
    gone = max(0, int((now - level.at).total_seconds()) // curve.leak)
    if gone >= level.failures:
        return Level(0, level.until, now)
    return Level(level.failures - gone, level.until, level.at + timedelta(seconds=gone * curve.leak))


def counted(level: Level, curve: Curve, now: datetime) -> Level:
    """The level after one more failure. Raises TooMany when it is too early for an attempt."""
    wait = (level.until - now).total_seconds()
    # A longer wait is none of ours (the clock was put back, the row was edited): it would be a lock.
    if 0 < wait <= LONGEST_WAIT:
        raise TooMany("Too many attempts to sign in.", retry_after=-int(-wait // 1))
    level = leaked(level, curve, now)
    failures = level.failures + 1
    over = failures - curve.free
    delay = 0 if over <= 0 else min(LONGEST_WAIT, 2 ** min(over - 1, 10))
    return Level(failures, now + timedelta(seconds=delay), level.at)


def account_bucket(ring: KeyRing, realm: str, login: str) -> Bucket:
    """The bucket of a login name, whether anybody has it or not."""
    return Bucket(_key(ring, f"account:{realm}:{login}"), ACCOUNT)


def device_bucket(ring: KeyRing, device: bytes) -> Bucket:
    """The bucket of a device its holder signed in from before: a way through while others guess."""
    return Bucket(_key(ring, f"device:{device.hex()}"), DEVICE)


def address_bucket(ring: KeyRing, address: str) -> Bucket:
    """The bucket of a network address: IPv4 whole, IPv6 by its /64."""
    try:
        parsed = ipaddress.ip_address(address.strip())
    except ValueError:
        return Bucket(_key(ring, "address:unknown"), ADDRESS, shared=True)
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or ipaddress.IPv6Address(int(parsed) >> 64 << 64)
    return Bucket(_key(ring, f"address:{parsed}"), ADDRESS, shared=True)


def _key(ring: KeyRing, text: str) -> bytes:
    # Always the oldest live version: a bucket that moved with each rotation would be emptied by it.
    oldest = ring.versions("device")[0]
    return ring.derive("device", b"throttle:" + text.encode("utf-8", "replace"), version=oldest)


async def count(session: Session, buckets: list[Bucket]) -> None:
    """Count an attempt as failed, in every bucket or in none. Raises TooMany."""
    for bucket in sorted(buckets, key=lambda each: each.key):
        level = counted(await _locked(session, bucket), bucket.curve, session.now)
        await session.execute(
            sa.update(Throttle)
            .where(Throttle.key == bucket.key)
            .values(failures=level.failures, until=level.until, at=level.at)
        )


async def _locked(session: Session, bucket: Bucket) -> Level:
    """The bucket's level, its row locked; made empty when it is new. One statement, so that no sweep comes between."""
    fresh = insert(Throttle).values(key=bucket.key, failures=0, until=session.now, at=session.now)
    locked = fresh.on_conflict_do_update(index_elements=["key"], set_={"at": Throttle.at})
    row = (await session.execute(locked.returning(Throttle.failures, Throttle.until, Throttle.at))).one()
    return Level(row.failures, row.until, row.at)


async def give_back(session: Session, buckets: list[Bucket]) -> None:
    """The attempt was right: empty its own buckets, take one failure off the shared ones."""
    for bucket in sorted(buckets, key=lambda each: each.key):
        chosen = Throttle.key == bucket.key
        if bucket.shared:
            await session.execute(
                sa.update(Throttle).where(chosen, Throttle.failures > 0).values(failures=Throttle.failures - 1)
            )
        else:
            await session.execute(sa.delete(Throttle).where(chosen))
