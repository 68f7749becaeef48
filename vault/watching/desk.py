"""What the watcher found, for officers who vet: to be looked into, and closed with what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from vault.db import Session
from vault.errors import Conflict, Invalid, NotFound
from vault.ids import RequesterId
from vault.ledger.events import Event
from vault.ledger.events import officer as by_officer
from vault.ledger.log import append
from vault.registry import officer
from vault.requesters.names import names
from vault.signin import Holder
from vault.watching.tables import WatchFinding

ROLE: Final = "vetting"
MOST_LISTED: Final = 200
SHORTEST_REASON: Final = 4
LONGEST_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Found:
    """A finding. ``findings``: [{"rule", "points", "figures"}]; ``closed_at`` None: nobody has looked into it."""

    id: UUID
    requester: RequesterId
    requester_name: dict[str, str]
    score: int
    outcome: str
    findings: list[dict[str, Any]]
    at: datetime
    until: datetime | None
    closed_at: datetime | None
    closed_reason: str | None


async def found(session: Session, holder: Holder, *, closed: bool = False) -> list[Found]:
    """Findings to look into, worst first; or those that were closed, newest first. At most 200. Takes vetting."""
    await officer(session, holder, ROLE)
    chosen = sa.select(WatchFinding).limit(MOST_LISTED)
    if closed:
        chosen = chosen.where(WatchFinding.closed_at.is_not(None)).order_by(WatchFinding.at.desc())
    else:
        chosen = chosen.where(WatchFinding.closed_at.is_(None)).order_by(
            WatchFinding.score.desc(), WatchFinding.at.desc()
        )
    return await _seen(session, (await session.scalars(chosen)).all())


async def close(session: Session, holder: Holder, requester: RequesterId, finding: UUID, *, reason: str) -> Found:
    """An officer looked into it. What was slowed down or stopped stays so: lifting that is an act of its own.

    Takes vetting. Raises NotFound, Conflict when it was closed already, Invalid. Records ``requester.watch_closed``.
    """
    member = await officer(session, holder, ROLE)
    if not SHORTEST_REASON <= len(reason.strip()) <= LONGEST_REASON or not reason.isprintable():
        raise Invalid.field("reason", f"must be one line of {SHORTEST_REASON} to {LONGEST_REASON} characters")
    row = await session.get(WatchFinding, (requester, finding), with_for_update=True)
    if row is None:
        raise NotFound("There is no such finding.")
    if row.closed_at is not None:
        raise Conflict("This finding was closed already.")
    row.closed_at, row.closed_by, row.closed_reason = session.now, member.id, reason.strip()
    await session.flush()
    event = Event(
        name="requester.watch_closed",
        actor=by_officer(member.id),
        requester=requester,
        outcome=row.outcome,
        count=row.score,
    )
    await append(session, event)
    return (await _seen(session, [row]))[0]


async def _seen(session: Session, rows: Sequence[WatchFinding]) -> list[Found]:
    called = await names(session, {row.requester_id for row in rows})
    return [
        Found(
            id=row.id,
            requester=row.requester_id,
            requester_name=called.get(row.requester_id, {}),
            score=row.score,
            outcome=row.outcome,
            findings=row.findings,
            at=row.at,
            until=row.until,
            closed_at=row.closed_at,
            closed_reason=row.closed_reason,
        )
        for row in rows
    ]
