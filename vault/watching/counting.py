"""From entries to counts by requester and hour. Pure; entries of sandboxes are left out."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final, NamedTuple

from vault.clock import from_millis
from vault.crypto.canonical import reread
from vault.sandbox.wall import SANDBOX

CHINA: Final = timezone(timedelta(hours=8))
NIGHT: Final = range(6)
"""Hours of the night in the registry's time zone."""
GUESSES: Final = frozenset(
    {"auth-req-known", "code-known", "grant-client", "grant-known", "refresh-client", "refresh-known", "refresh-open"}
)
"""Refusals of a known client that name something which is not there or not its own."""
_COUNTED: Final[Mapping[str, str]] = {
    "grant.given": "given",
    "grant.declined": "declined",
    "release.delivered": "delivered",
    "release.refused": "refused",
    "token.refused": "refused",
    "consent.refused": "refused",
}


class Line(NamedTuple):
    """What is read of an entry. ``at``: ms since 1970; ``requester``: its public id."""

    at: int
    event: str
    requester: str | None
    body: bytes


@dataclass(slots=True)
class Tally:
    """Counts of one requester over some time: ``counts`` given, declined, delivered, night, refused, guesses;
    ``items`` how often each was released; ``granted`` how often each was granted."""

    counts: Counter[str] = field(default_factory=Counter)
    items: Counter[str] = field(default_factory=Counter)
    granted: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Take in what another one counted."""
        self.counts.update(other.counts)
        self.items.update(other.items)
        self.granted.update(other.granted)


def hour_of(moment: datetime) -> datetime:
    """The beginning of the hour."""
    return moment.replace(minute=0, second=0, microsecond=0)


def fold(lines: Iterable[Line]) -> dict[tuple[str, datetime], Tally]:
    """The counts of these entries, by requester (public id) and hour."""
    tallies: dict[tuple[str, datetime], Tally] = {}
    for line in lines:
        counted = _COUNTED.get(line.event)
        if counted is None or line.requester is None:
            continue
        members: dict[str, Any] = reread(line.body)
        if members.get("outcome") == SANDBOX:
            continue
        at = from_millis(line.at)
        tally = tallies.setdefault((line.requester, hour_of(at)), Tally())
        tally.counts[counted] += 1
        if counted == "delivered":
            tally.items.update(each["item"] for each in members.get("items", ()))
            tally.counts["night"] += at.astimezone(CHINA).hour in NIGHT
        elif counted == "given":
            tally.granted.update(each["item"] for each in members.get("items", ()))
        elif counted == "refused" and members.get("reason") in GUESSES:
            tally.counts["guesses"] += 1
    return tallies
