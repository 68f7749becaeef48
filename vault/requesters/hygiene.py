"""Tidying: suspensions that nobody confirmed in time. They were over when their time was; this writes it down."""

from typing import Final, TypeVar

import sqlalchemy as sa

from vault.db import Session
from vault.ledger.events import REGISTRY, Event
from vault.ledger.log import append
from vault.requesters.standing import State
from vault.requesters.tables import DeclarationRow, Requester

_AT_ONCE: Final = 100
Row = TypeVar("Row", Requester, DeclarationRow)


async def lift_lapsed_suspensions(session: Session) -> int:
    """Make the rows say what has held since. Returns how many."""
    return await _lift(session, Requester) + await _lift(session, DeclarationRow)


async def _lift(session: Session, table: type[Row]) -> int:
    lapsed = sa.select(table).where(table.status == "suspended", table.suspended_until <= session.now)
    rows = list(await session.scalars(lapsed.order_by(table.id).limit(_AT_ONCE).with_for_update(skip_locked=True)))
    for row in rows:
        row.status, row.suspended_until = State.ACTIVE, None
        await append(session, _restored(row))
    await session.flush()
    return len(rows)


def _restored(row: Requester | DeclarationRow) -> Event:
    if isinstance(row, Requester):
        return Event(name="requester.restored", actor=REGISTRY, requester=row.id, reason="not-confirmed")
    return Event(
        name="declaration.restored",
        actor=REGISTRY,
        requester=row.requester_id,
        declaration=row.id,
        reason="not-confirmed",
    )
