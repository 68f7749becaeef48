"""How often a person may be asked out of band, and by whom. Pure.

Against prompt bombing: whoever is asked again and again says yes at last. Every no makes the silence of that
organisation longer; a report makes it a month. What is kept from a person ends for the organisation like a no.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

MOST_WAITING: Final = 3
"""Requests that one person has before them at a time."""
PACES: Final = ((timedelta(hours=1), 5), (timedelta(days=1), 15))
"""How many requests one person is asked within these times, by everybody together."""
PACES_OF_ONE: Final = ((timedelta(hours=1), 3), (timedelta(days=1), 6))
"""How many by one organisation."""
SILENCES: Final = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=7),
)
"""After the first, second, … no in a row: so long is that organisation not heard."""
REPORTED: Final = timedelta(days=30)
REMEMBERED: Final = timedelta(days=31)
"""What is older plays no part."""


@dataclass(frozen=True)
class Asked:
    """One request in a person's past. ``state`` as in the rows; ``at`` when it came."""

    requester: UUID
    at: datetime
    ends_at: datetime
    state: str
    decided_at: datetime | None


def why_withheld(past: Sequence[Asked], requester: UUID, now: datetime) -> str | None:
    """Why this organisation's next request is not put before the person now, or None. ``past`` in any order."""
    put = sorted((each for each in past if each.state != "withheld"), key=lambda each: each.at)
    theirs = [each for each in put if each.requester == requester]
    if now < _silent_until(theirs):
        return "silence"
    if sum(each.state == "waiting" and now < each.ends_at for each in put) >= MOST_WAITING:
        return "waiting"
    if _is_over(put, PACES, now) or _is_over(theirs, PACES_OF_ONE, now):
        return "pace"
    return None


def _is_over(past: Sequence[Asked], paces: Sequence[tuple[timedelta, int]], now: datetime) -> bool:
    return any(sum(each.at > now - span for each in past) >= most for span, most in paces)


def _silent_until(theirs: Sequence[Asked]) -> datetime:
    """The end of the silence that this organisation's refusals have earned it."""
    until, in_a_row = datetime.min.replace(tzinfo=UTC), 0
    for each in theirs:
        if each.state == "approved":
            in_a_row = 0
        if each.state in {"refused", "reported"} and each.decided_at is not None:
            in_a_row += 1
            silence = REPORTED if each.state == "reported" else SILENCES[min(in_a_row, len(SILENCES)) - 1]
            until = max(until, each.decided_at + silence)
    return until
