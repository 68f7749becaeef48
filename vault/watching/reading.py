"""Reading the ledger on, and keeping the counts."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from vault import ids
from vault.db import Session
from vault.errors import NotFound
from vault.ids import RequesterId
from vault.ledger.log import SHARD
from vault.watching.counting import Line, Tally, fold, hour_of
from vault.watching.rules import Behaviour, Order
from vault.watching.tables import WatchHour, WatchMark

AT_ONCE: Final = 5_000
"""Entries in one look."""
BEHIND: Final = 100_000
"""A watcher that begins on a long log reads so many of its last entries first."""
KEPT: Final = timedelta(days=31)
MOST_ORDERED: Final = 2_000
"""Grants whose order of use is looked at."""

_READ: Final = sa.text(
    "SELECT idx, at, event, requester, body FROM ledger_bodies WHERE shard = :shard AND idx >= :since "
    "ORDER BY idx LIMIT :most"
)
_ORDER: Final = sa.text(
    """
    SELECT count(*), count(*) FILTER (WHERE id > before)
    FROM (
        SELECT used.id, lag(used.id) OVER (ORDER BY used.last_used_at, used.id) AS before
        FROM (
            SELECT g.id, u.last_used_at FROM grants g
            JOIN grant_uses u ON u.person_id = g.person_id AND u.grant_id = g.id
            WHERE g.requester_id = :requester AND g.status = 'active' AND u.last_used_at > :since
            ORDER BY u.last_used_at DESC LIMIT :most
        ) used
    ) walked
    """
)


async def take(session: Session) -> list[RequesterId] | None:
    """Read on, at most 5,000 entries, and count them. Returns who was in them; None: another process is watching.

    The counts and the mark commit together, so that no entry is counted twice or left out.
    """
    mark = await _locked(session)
    if mark is None:
        return None
    rows = (await session.execute(_READ, {"shard": mark.shard, "since": mark.next_idx, "most": AT_ONCE})).all()
    if not rows:
        return []
    mark.next_idx = rows[-1].idx + 1
    tallies = fold(Line(row.at, row.event, row.requester, row.body) for row in rows)
    seen = [await _add(session, who, hour, tally) for (who, hour), tally in sorted(tallies.items())]
    return [each for each in dict.fromkeys(seen) if each is not None]


async def behaviour(session: Session, requester: RequesterId) -> Behaviour:
    """What is known of a requester's last 30 days."""
    now, hour = session.now, hour_of(session.now)
    chosen = sa.select(WatchHour).where(WatchHour.requester_id == requester, WatchHour.hour > now - timedelta(days=30))
    seen = Behaviour(Tally(), Tally(), Tally(), Tally(), await _order(session, requester))
    for row in await session.scalars(chosen):
        tally = _tally(row)
        seen.month.add(tally)
        if row.hour >= hour:
            seen.hour.add(tally)
        if row.hour > now - timedelta(days=1):
            seen.day.add(tally)
        elif row.hour > now - timedelta(days=8):
            seen.week.add(tally)
    return seen


async def forget_old_counts(session: Session) -> None:
    """Tidying: counts older than a month decide nothing any more."""
    await session.execute(sa.delete(WatchHour).where(WatchHour.hour < session.now - KEPT))


async def _locked(session: Session) -> WatchMark | None:
    if await session.scalar(sa.select(WatchMark.shard).where(WatchMark.shard == SHARD)) is None:
        head = await session.scalar(sa.text("SELECT size FROM ledger_heads WHERE shard = :shard"), {"shard": SHARD})
        fresh = {"shard": SHARD, "next_idx": max(0, (head or 0) - BEHIND)}
        await session.execute(insert(WatchMark).values(fresh).on_conflict_do_nothing())
    chosen = sa.select(WatchMark).where(WatchMark.shard == SHARD).with_for_update(skip_locked=True)
    return (await session.execute(chosen)).scalar_one_or_none()


async def _add(session: Session, public: str, hour: datetime, tally: Tally) -> RequesterId | None:
    try:
        who = RequesterId(ids.parse(ids.REQUESTER, public))
    except NotFound:  # an entry that an owner of the database wrote: fsck is who complains about it
        return None
    row = await session.get(WatchHour, (who, hour))
    if row is None:
        session.add(row := WatchHour(requester_id=who, hour=hour, counts={}, items={}, granted={}))
    row.counts = _sum(row.counts, tally.counts)
    row.items = _sum(row.items, tally.items)
    row.granted = _sum(row.granted, tally.granted)
    await session.flush()
    return who


async def _order(session: Session, requester: RequesterId) -> Order:
    values = {"requester": requester, "since": session.now - timedelta(hours=1), "most": MOST_ORDERED}
    used, ascending = (await session.execute(_ORDER, values)).one()
    return Order(used, ascending)


def _sum(held: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {name: held.get(name, 0) + more.get(name, 0) for name in {*held, *more}}


def _tally(row: WatchHour) -> Tally:
    tally = Tally()
    tally.counts.update(row.counts)
    tally.items.update(row.items)
    tally.granted.update(row.granted)
    return tally
