"""Measures that regulators order about requesters and declarations, in the terms of :mod:`vault.requesters.measures`.

Whoever calls has seen to it that two regulators decided, or that one did and the stop ends by itself.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from vault.db import Session
from vault.errors import Conflict, NotFound
from vault.ids import DeclarationId, RequesterId
from vault.ledger.events import regulator
from vault.requesters.declarations import stored_declaration
from vault.requesters.measures import DONE, PROPOSED, Order, carry_out, new_measure
from vault.requesters.narrowing import Cut, narrowed, within
from vault.requesters.standing import FINAL
from vault.requesters.tables import DeclarationRow, Measure, Requester


async def hold(session: Session, requester: RequesterId) -> None:
    """Lock a requester, so that orders about it come one after the other. Raises NotFound."""
    found = await session.execute(sa.select(Requester.id).where(Requester.id == requester).with_for_update())
    if found.scalar_one_or_none() is None:
        raise NotFound("There is no such requester.")


async def owner_of(session: Session, declaration: DeclarationId) -> RequesterId:
    """Whose declaration it is. Raises NotFound."""
    found = await session.scalar(sa.select(DeclarationRow.requester_id).where(DeclarationRow.id == declaration))
    if found is None:
        raise NotFound("There is no such declaration.")
    return found


async def order(
    session: Session, wanted: Order, *, by: UUID, second: UUID | None, lapses_at: datetime | None = None
) -> UUID:
    """Carry a measure out; ``lapses_at``: when a stop by one regulator is over. Returns the measure's id. Raises as
    :func:`vault.requesters.measures.carry_out`."""
    row = new_measure(session, wanted, regulator(by))
    row.second_id = second
    if lapses_at is not None:
        row.state, row.lapses_at, row.decided_at = PROPOSED, lapses_at, None
    await carry_out(session, row)
    return row.id


async def confirm(session: Session, measure: UUID, *, second: UUID) -> None:
    """A stop that would have lapsed stands from now on. Raises NotFound, Conflict."""
    row = await session.get(Measure, measure, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("There is no such measure.")
    row.second_id, row.state, row.lapses_at, row.decided_at = second, DONE, None, session.now
    await carry_out(session, row)


async def narrow_all(session: Session, wanted: Order, *, by: UUID, second: UUID) -> int:
    """Take a cut off every declaration of a requester that has anything of it. Returns how many it changed.

    Raises Conflict when it changes none, or would leave one with nothing.
    """
    assert wanted.cut is not None
    rows = await session.scalars(
        sa.select(DeclarationRow)
        .where(DeclarationRow.requester_id == wanted.requester, DeclarationRow.status.not_in(FINAL))
        .order_by(DeclarationRow.id)
    )
    changed = 0
    for row in rows.all():
        theirs = within(narrowed(stored_declaration(row.body), row.narrowed), wanted.cut)
        if theirs != Cut():
            one = Order("narrow", wanted.requester, row.id, wanted.reason, cut=theirs)
            await order(session, one, by=by, second=second)
            changed += 1
    if not changed:
        raise Conflict("Nothing would change: no declaration of this organisation has any of it.")
    return changed


async def purposes_declared(
    session: Session, requester: RequesterId, *, declaration: DeclarationId | None = None
) -> set[str]:
    """The codes of the purposes that a requester declared at any time, or of one declaration."""
    chosen = sa.select(DeclarationRow).where(DeclarationRow.requester_id == requester)
    if declaration is not None:
        chosen = chosen.where(DeclarationRow.id == declaration)
    return {stored_declaration(row.body).purpose.code for row in await session.scalars(chosen)}
