"""Renewing the vetting of a requester, letting it work again, and what there is to look at."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from vault.db import Session
from vault.errors import Conflict, NotFound
from vault.ids import RequesterId
from vault.ledger.events import Event
from vault.ledger.events import officer as by_officer
from vault.ledger.log import append
from vault.requesters.measures import DONE, Order, carry_out, current, new_measure
from vault.requesters.standing import State
from vault.requesters.tables import Client, Measure, Requester

VETTED_DAYS: Final = 365
"""Vetting holds so long; a renewal adds as much, counted from the day of the renewal."""


@dataclass(frozen=True)
class Held:
    """What vetting looks at: the state of a requester and what its clients in force have registered."""

    state: State
    valid_until: datetime | None
    redirect_uris: list[str]
    keys: list[dict[str, Any]]


def vetted_until(now: datetime) -> datetime:
    """When a vetting that is decided now ends."""
    return now.replace(microsecond=0) + timedelta(days=VETTED_DAYS)


async def held(session: Session, requester: RequesterId) -> Held:
    """A requester as it stands. Raises NotFound."""
    owner = await session.get(Requester, requester)
    if owner is None:
        raise NotFound("There is no such requester.")
    clients = await session.scalars(
        sa.select(Client)
        .where(Client.requester_id == requester, Client.status == State.ACTIVE, Client.sandbox_of.is_(None))
        .order_by(Client.id)
    )
    uris: list[str] = []
    keys: list[dict[str, Any]] = []
    for client in clients:
        uris += client.redirect_uris
        keys += client.jwks.get("keys", [])
    return Held(current(owner, session.now), owner.valid_until, list(dict.fromkeys(uris)), keys)


async def renew(session: Session, requester: RequesterId, *, officers: tuple[UUID, UUID], ref: str) -> datetime:
    """Vetting holds for another term. ``officers``: who approved second, then who approved first. Returns the end.

    Raises Conflict for a requester that is out for good: it applies again.
    """
    owner = await session.get(Requester, requester, with_for_update=True, populate_existing=True)
    if owner is None:
        raise NotFound("There is no such requester.")
    if current(owner, session.now) not in {State.ACTIVE, State.SUSPENDED}:
        raise Conflict(f"Vetting of this requester cannot be renewed: it is {owner.status}.")
    owner.vetted_at, owner.valid_until = session.now, vetted_until(session.now)
    by, second = officers
    entry = Event(name="requester.vetting_renewed", actor=by_officer(by), requester=requester, ref=ref, second=second)
    await append(session, entry)
    return owner.valid_until


async def restore_after(
    session: Session, requester: RequesterId, measure: UUID, *, reason: str, officers: tuple[UUID, UUID]
) -> bool:
    """Let a requester work again that was stopped by this measure. ``officers``: who decided second, and first.

    Returns False, and does nothing, when something else was decided about it since: that stands on its own grounds.
    """
    newest = await session.scalar(
        sa.select(Measure.id)
        .where(Measure.requester_id == requester, Measure.declaration_id.is_(None), Measure.state == DONE)
        .order_by(Measure.id.desc())
        .limit(1)
    )
    owner = await session.get(Requester, requester, with_for_update=True, populate_existing=True)
    if newest != measure or owner is None or current(owner, session.now) is not State.SUSPENDED:
        return False
    second, first = officers
    row = new_measure(session, Order("restore", requester, None, reason), by_officer(first))
    row.second_id, row.second_reason = second, reason
    await carry_out(session, row)
    return True
