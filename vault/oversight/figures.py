"""Figures over time, from the entries themselves: within a mandate in full, for everybody with small counts kept back.

Buckets are hours, days or months of the registry's own zone (UTC+8). What an entry says is counted from the ledger;
what ended by itself (grants) is counted by reading; stages and latency come from counters (see ``counters``).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, Literal
from uuid import UUID

from vault.clock import from_millis, millis
from vault.consent.lapsed import expired_by_hour
from vault.db import REGULATOR, Database, Session
from vault.errors import Invalid
from vault.ledger.postings import HOUR_MS
from vault.ledger.searching import Sieve, entries_at, find
from vault.ledger.tallying import Cell, counted
from vault.oversight.asking import Question
from vault.oversight.counters import recorded
from vault.oversight.queries import ask
from vault.registry.mandates import FIGURES
from vault.signin import Holder

Per = Literal["hour", "day", "month"]
CHINA: Final = timezone(timedelta(hours=8))
EVENTS: Final = (
    "release.delivered",
    "release.refused",
    "release.requested",
    "release.approved",
    "release.denied",
    "consent.requested",
    "grant.given",
    "grant.declined",
    "grant.changed",
    "grant.withdrawn",
    "query.made",
    "access.hidden",
)
REASONED: Final = ("release.refused",)
EXPIRED: Final = "grant.expired"
"""No entry: a grant's end is decided when reading."""
MOST_BUCKETS: Final = 1_000
_DECISIONS: Final = frozenset({"release.approved", "release.denied"})
_MOST_DECISIONS: Final = 20_000


@dataclass(frozen=True)
class Stretch:
    """Which figures: of whole buckets from ``since`` up to, not including, ``until``; of one organisation or all."""

    since: datetime
    until: datetime
    per: Per = "day"
    requester: UUID | None = None
    within_mandate: bool = False


@dataclass(frozen=True)
class Figures:
    """``buckets``: when each begins. ``series``: counts by name, one per bucket: an event, ``event:reason``,
    ``stage:…``, ``latency:…``. ``waits``: ms from asking to an officer's decision, at the median and at nine of ten,
    over the newest decisions; None where there is none."""

    buckets: list[datetime]
    series: dict[str, list[int]]
    waits: tuple[int, int] | None


async def figures(db: Database, holder: Holder, stretch: Stretch) -> Figures:
    """Figures within one's mandate, in full. Recorded as a question. Raises as ``queries.search``."""
    whole = _whole(stretch)
    question = Question(
        requester=whole.requester,
        since=millis(whole.since),
        until=millis(whole.until),
        within_mandate=whole.within_mandate,
    )
    allowed = await ask(db, holder, question, power=FIGURES)
    knows_no_sector = "purpose" not in allowed.sieve.facets
    everything = not allowed.sieve.facets or whole.requester is not None
    return await _figures(db, allowed.sieve, whole, beyond=everything and knows_no_sector)


async def everybodys(db: Database, since: datetime, until: datetime, per: Per = "month") -> Figures:
    """The same over the whole system, for pages that keep small counts back: not to be shown as it is."""
    whole = _whole(Stretch(since, until, per))
    return await _figures(db, Sieve({}, millis(whole.since), millis(whole.until)), whole, beyond=True)


def bucket(at: datetime, per: Per) -> datetime:
    """When the bucket begins that a moment belongs to."""
    local = at.astimezone(CHINA).replace(minute=0, second=0, microsecond=0)
    if per != "hour":
        local = local.replace(hour=0)
    return local.replace(day=1) if per == "month" else local


def following(at: datetime, per: Per) -> datetime:
    """When the next bucket begins."""
    if per == "month":
        return bucket(at.replace(day=28) + timedelta(days=4), "month")
    return at + (timedelta(hours=1) if per == "hour" else timedelta(days=1))


async def _figures(db: Database, sieve: Sieve, whole: Stretch, *, beyond: bool) -> Figures:
    """``beyond``: with what is not counted by entries, which knows organisations and no sectors."""
    async with db.begin(REGULATOR) as session:
        cells = await counted(session, sieve, EVENTS, REASONED)
        waits = await _waits(session, sieve)
        meters = await recorded(session, whole.since, whole.until, whole.requester) if beyond else {}
    expired: Mapping[datetime, int] = {}
    if beyond:
        async with db.begin() as session:
            expired = await expired_by_hour(session, whole.since, whole.until, whole.requester)
    return _arranged(whole, cells, meters, expired, waits=waits)


def _arranged(
    whole: Stretch,
    cells: Counter[Cell],
    meters: Mapping[tuple[datetime, str, str], int],
    expired: Mapping[datetime, int],
    *,
    waits: tuple[int, int] | None,
) -> Figures:
    buckets = _buckets(whole)
    place = {begins: at for at, begins in enumerate(buckets)}
    series: dict[str, list[int]] = {name: [0] * len(buckets) for name in (*EVENTS, EXPIRED)}

    def add(name: str, at: datetime, count: int) -> None:
        row = series.setdefault(name, [0] * len(buckets))
        row[place[bucket(at, whole.per)]] += count

    for cell, count in cells.items():
        at = from_millis(cell.hour * HOUR_MS)
        add(cell.event, at, count)
        if cell.reason:
            add(f"{cell.event}:{cell.reason}", at, count)
    for (hour, kind, code), count in meters.items():
        add(f"{kind}:{code}", hour, count)
    for hour, count in expired.items():
        add(EXPIRED, hour, count)
    return Figures(buckets, dict(sorted(series.items())), waits)


async def _waits(session: Session, sieve: Sieve) -> tuple[int, int] | None:
    """How long officers took: a release's id holds the moment at which it was asked for."""
    events = sieve.facets.get("event", _DECISIONS) & _DECISIONS
    decided = replace(sieve, facets={**sieve.facets, "event": events})
    found = await entries_at(session, await find(session, decided, limit=_MOST_DECISIONS))
    took = sorted(each.members["at"] - (int(each.members["ref"][4:], 16) >> 80) for each in found)
    return (took[len(took) // 2], took[len(took) * 9 // 10]) if took else None


def _whole(stretch: Stretch) -> Stretch:
    """Buckets are counted whole: the period grows to those it touches. Raises Invalid."""
    if not stretch.since < stretch.until:
        raise Invalid.field("to", "must be later than from")
    since, last = bucket(stretch.since, stretch.per), bucket(stretch.until - timedelta(microseconds=1), stretch.per)
    step = {"hour": timedelta(hours=1), "day": timedelta(days=1), "month": timedelta(days=28)}[stretch.per]
    if (last - since) / step > MOST_BUCKETS:
        raise Invalid.field("per", f"makes more than {MOST_BUCKETS} buckets of this period")
    return replace(stretch, since=since.astimezone(UTC), until=following(last, stretch.per).astimezone(UTC))


def _buckets(whole: Stretch) -> list[datetime]:
    found, at = [], bucket(whole.since, whole.per)
    while at < whole.until:
        found.append(at)
        at = following(at, whole.per)
    return found
