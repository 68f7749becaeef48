"""The only place that reads the time. Everything else is handed a Clock or a moment."""

import functools
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until moved: for tests and for replaying."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


def millis(at: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00:00Z, rounded down."""
    return int(at.timestamp() * 1000)


@functools.lru_cache(maxsize=4096)
def from_millis(ms: int) -> datetime:
    """The inverse of :func:`millis`."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def unix_millis() -> int:
    """The machine's clock as :func:`millis` would give it."""
    return time.time_ns() // 1_000_000


def unix_nanos() -> int:
    """Nanoseconds since 1970-01-01T00:00:00Z by the machine's clock."""
    return time.time_ns()


def monotonic() -> float:
    """Seconds for measuring how long something took; unrelated to the calendar."""
    return time.monotonic()
