"""One look: read on, score who was seen, slow down or stop who crossed a line. Everything in one transaction."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from vault import ids
from vault.db import Session
from vault.errors import Conflict
from vault.ids import RequesterId
from vault.ledger.events import REGISTRY, Event
from vault.ledger.log import append
from vault.release.quotas import throttle
from vault.requesters import measures
from vault.watching import reading, rules
from vault.watching.rules import Finding
from vault.watching.tables import NOTED, STOPPED, THROTTLED, WatchFinding

SLOW: Final = 60
"""Releases per minute that are left to whoever is slowed down."""
SLOW_FOR: Final = timedelta(hours=24)
AGAIN_AFTER: Final = timedelta(hours=24)
"""The same outcome is not recorded twice within this time; a worse one is at once."""
REASON: Final = "behaviour"
_RANK: Final = (NOTED, THROTTLED, STOPPED)


async def look(session: Session, *, is_acting: bool = True) -> int | None:
    """Read on and act; not ``is_acting``: what crosses a line is noted, and nobody is slowed down or stopped.

    Returns how many requesters were scored; None: another process is watching.
    What crosses a line is an entry (``requester.watched``) with the score and the heaviest rule, whatever is done.
    """
    seen = await reading.take(session)
    for requester in seen or ():
        await _score(session, requester, is_acting=is_acting)
    return None if seen is None else len(seen)


async def _score(session: Session, requester: RequesterId, *, is_acting: bool) -> None:
    findings = rules.judge(await reading.behaviour(session, requester))
    points = rules.score(findings)
    outcome = rules.outcome_of(points)
    if outcome is not None and not is_acting:
        outcome = NOTED
    if outcome is None or not await _is_worse(session, requester, outcome):
        return
    row = WatchFinding(
        requester_id=requester,
        id=ids.new_uuid(),
        score=points,
        outcome=outcome,
        findings=[asdict(each) for each in findings],
        at=session.now,
    )
    if outcome == THROTTLED:
        row.until = session.now + SLOW_FOR
        await throttle(session, requester, SLOW, until=row.until, reason=REASON)
    if outcome == STOPPED:
        await _stop(session, requester)
    session.add(row)
    await session.flush()
    await append(session, _event(row, findings))


async def _is_worse(session: Session, requester: RequesterId, outcome: str) -> bool:
    """Whether nothing as bad was found of late. What an officer has closed does not count against looking again."""
    recent = sa.select(WatchFinding).where(
        WatchFinding.requester_id == requester, WatchFinding.at > session.now - AGAIN_AFTER
    )
    worst = max((_RANK.index(row.outcome) for row in await session.scalars(recent)), default=-1)
    return _RANK.index(outcome) > worst


async def _stop(session: Session, requester: RequesterId) -> None:
    try:
        async with session.begin_nested():
            await measures.suspend(session, requester, reason=REASON, by=REGISTRY)
    except Conflict:  # it is stopped already, or has ended: the finding says the rest
        return


def _event(row: WatchFinding, findings: Sequence[Finding]) -> Event:
    return Event(
        name="requester.watched",
        actor=REGISTRY,
        requester=row.requester_id,
        outcome=row.outcome,
        reason=findings[0].rule,
        count=row.score,
    )
