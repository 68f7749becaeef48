"""Ordering a deletion, and watching for the end of the time for which copies may be kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from vault import ids
from vault.db import Session
from vault.deletion.kinds import OPEN, SHORTEST, TIME_TO_DELETE, Why
from vault.deletion.tables import DeletionOrder, GrantRetention
from vault.ids import DeclarationId, GrantId, PersonId, RequesterId
from vault.ledger import log
from vault.ledger.events import Actor, Event
from vault.webhooks import Happened, announce
from vault.webhooks.kinds import DELETION_ORDERED


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a requester may hold: under whose grant, as which client, and how long it said it would keep it."""

    person: PersonId
    grant: GrantId
    requester: RequesterId
    client: UUID
    declaration: DeclarationId
    retention: timedelta
    last_used_at: datetime | None

    def due(self, now: datetime) -> datetime:
        """Fifteen days from now; sooner where the time for which it may be kept ends sooner, but never within a day."""
        declared = (self.last_used_at or now) + self.retention
        if declared <= now:
            return now + TIME_TO_DELETE
        return max(min(now + TIME_TO_DELETE, declared), now + SHORTEST)


async def order(session: Session, held: Held, why: Why, *, by: Actor, due_at: datetime | None = None) -> UUID:
    """Order the deletion of what is held under one grant. Returns the order's id. Records ``deletion.ordered``.

    Where an order is open already, that one stays, due at the earlier of the two times. ``due_at`` None: see
    :meth:`Held.due`. The caller has checked that ``by`` may. Raises Tampered.
    """
    due = due_at or held.due(session.now)
    row = await _open(session, held)
    if row is None:
        row = _row(session, held, why, due)
        session.add(row)
    else:
        row.due_at = min(row.due_at, due)
    await session.flush()
    event = Event(
        name="deletion.ordered",
        actor=by,
        requester=held.requester,
        declaration=held.declaration,
        reason=why,
        ref=ids.public(ids.DELETION, row.id),
    )
    await log.append(session, event, person=held.person)
    await announce(session, _happened(row))
    await stop_watching(session, held.person, held.grant)
    return row.id


async def watch(session: Session, person: PersonId, grant: GrantId, *, until: datetime) -> None:
    """Order a deletion when this moment has come, unless one was ordered before; a later call replaces it."""
    kept = insert(GrantRetention).values(person_id=person, grant_id=grant, due_at=until)
    key = [GrantRetention.person_id, GrantRetention.grant_id]
    await session.execute(kept.on_conflict_do_update(index_elements=key, set_={"due_at": until}))


async def stop_watching(session: Session, person: PersonId, grant: GrantId) -> None:
    """Nothing is ordered by itself any more."""
    await session.execute(
        sa.delete(GrantRetention)
        .where(GrantRetention.person_id == person, GrantRetention.grant_id == grant)
        .execution_options(synchronize_session=False)
    )


async def stop_watching_all(session: Session, person: PersonId) -> None:
    """The same for everything of one person."""
    await session.execute(
        sa.delete(GrantRetention).where(GrantRetention.person_id == person).execution_options(synchronize_session=False)
    )


async def watched(session: Session, *, limit: int) -> list[tuple[PersonId, GrantId]]:
    """The grants whose time is over, the longest over first."""
    found = await session.execute(
        sa.select(GrantRetention.person_id, GrantRetention.grant_id)
        .where(GrantRetention.due_at <= session.now)
        .order_by(GrantRetention.due_at)
        .limit(limit)
    )
    return [(row.person_id, row.grant_id) for row in found]


async def _open(session: Session, held: Held) -> DeletionOrder | None:
    wanted = sa.select(DeletionOrder).where(
        DeletionOrder.person_id == held.person, DeletionOrder.grant_id == held.grant, DeletionOrder.state == OPEN
    )
    found = await session.execute(wanted.with_for_update().execution_options(populate_existing=True))
    return found.scalar_one_or_none()


def _row(session: Session, held: Held, why: Why, due: datetime) -> DeletionOrder:
    return DeletionOrder(
        person_id=held.person,
        id=ids.new_uuid(),
        grant_id=held.grant,
        requester_id=held.requester,
        client_id=held.client,
        declaration_id=held.declaration,
        why=why,
        ordered_at=session.now,
        due_at=due,
        state=OPEN,
    )


def _happened(row: DeletionOrder) -> Happened:
    return Happened(
        type=DELETION_ORDERED,
        requester=row.requester_id,
        client=row.client_id,
        grant=row.grant_id,
        order=row.id,
        delete_by=row.due_at,
    )
