"""Orders of courts: two regulators turn one into a reference, and neither learns whether there is such a person.

The number of the person stands in the order. It is looked up when the order is filed and kept nowhere; what is kept is
whom it led to, if to anybody. The answer is the same either way. Each question with the reference is then an entry that
the person sees: at once, or on the day that the order says.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.accounts.finding import holder_of_number
from vault.clock import from_millis, millis
from vault.crypto.canonical import canonical, digest
from vault.db import Database, Session
from vault.errors import Conflict, Invalid, NotFound, Refused
from vault.ids import StaffId
from vault.ledger import log
from vault.ledger.events import Event, regulator
from vault.ledger.hidden import Veil, check_veil
from vault.oversight.references import LIFE, Reference, issue
from vault.oversight.tables import ReferenceOrder
from vault.registry import StaffMember, staff_member
from vault.registry.mandates import REFERENCES, mandated
from vault.requesters.hidden import reads_as
from vault.signin import Holder

_LONGEST = 80
_MOST = 100


class AnotherInspector(Refused):
    """An order of a court takes a second regulator. ``reason`` is for the entry: same-regulator, same-unit."""

    name, title = "another-inspector", "Another regulator must confirm this order"
    advice = "A regulator of another unit, whose mandate has the power, must confirm it."

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason=reason)


@dataclass(frozen=True)
class Filing:
    """An order as it is brought: the court's number of it, the ground (see ``ledger.hidden.GROUNDS``), whom it names,
    and until when they are not to be told, if the order says so."""

    instrument: str
    ground: str
    scheme: str
    number: str = field(repr=False)
    hidden_until: datetime | None


@dataclass(frozen=True)
class Waiting:
    """A filed order as the second regulator sees it; ``ends_at``: when its time to be confirmed is over."""

    id: UUID
    instrument: str
    ground: str
    authority: str
    hidden_until: datetime | None
    filed_by: StaffId
    ends_at: datetime


async def file_order(session: Session, holder: Holder, filing: Filing) -> ReferenceOrder:
    """The first regulator's half. Records ``order.filed``. Raises OutsideMandate, Invalid."""
    member, _ = await mandated(session, holder, REFERENCES)
    if not 3 <= len(filing.instrument) <= _LONGEST or not filing.instrument.isprintable():
        raise Invalid.field("instrument", f"must be 3 to {_LONGEST} printable characters")
    until = None if filing.hidden_until is None else from_millis(millis(filing.hidden_until))
    check_veil(Veil(member.organisation, filing.ground, until or session.now + LIFE), session.now)
    order = ReferenceOrder(
        id=ids.new_uuid(),
        instrument=filing.instrument,
        ground=filing.ground,
        authority=member.organisation,
        person_id=await holder_of_number(session, filing.scheme, filing.number),
        hidden_until=until,
        filed_by=member.id,
        filed_at=session.now,
        confirmed_by=None,
        confirmed_at=None,
    )
    session.add(order)
    await session.flush()
    await log.append(session, _said("order.filed", order, holder))
    return order


async def confirm_order(session: Session, holder: Holder, order_id: UUID) -> Reference:
    """The second regulator's half: the reference, shown to them once. Records ``order.confirmed``.

    Raises OutsideMandate, AnotherInspector for whoever filed it and their unit, Conflict when it is confirmed or too
    old or who filed it left since, NotFound, Tampered.
    """
    member, _ = await mandated(session, holder, REFERENCES)
    order = await session.get(ReferenceOrder, order_id, with_for_update=True)
    if order is None:
        raise NotFound("There is no such order.")
    await _check_second(session, order.filed_by, member)
    if order.confirmed_by is not None or session.now >= order.filed_at + LIFE:
        raise Conflict("This order is confirmed already, or its time is over.")
    order.confirmed_by, order.confirmed_at = member.id, session.now
    await session.flush()
    await log.append(session, _said("order.confirmed", order, holder))
    return await issue(session, order.person_id, order=order)


async def waiting(session: Session, holder: Holder) -> list[Waiting]:
    """Orders that another regulator may still confirm, newest first; of the person nothing. Raises OutsideMandate,
    Tampered."""
    await mandated(session, holder, REFERENCES)
    chosen = sa.select(ReferenceOrder).where(
        ReferenceOrder.confirmed_by.is_(None), ReferenceOrder.filed_at > session.now - LIFE
    )
    rows = (await session.scalars(chosen.order_by(ReferenceOrder.id.desc()).limit(_MOST))).all()
    return [
        Waiting(row.id, row.instrument, row.ground, row.authority, row.hidden_until, row.filed_by, row.filed_at + LIFE)
        for row in rows
    ]


async def confirm_on_record(db: Database, holder: Holder, order_id: UUID) -> Reference:
    """As :func:`confirm_order`, in a transaction of its own; that somebody tried alone is recorded in another one."""
    try:
        return await db.run(confirm_order, holder, order_id)
    except AnotherInspector as refused:
        ref = ids.public(ids.ORDER, order_id)
        event = Event(name="query.refused", actor=regulator(holder.id), ref=ref, reason=refused.reason)
        await db.run(log.append, event)
        raise


async def _check_second(session: Session, first_id: StaffId, second: StaffMember) -> None:
    first = await staff_member(session, first_id)
    if first.id == second.id:
        raise AnotherInspector("same-regulator")
    if (reads_as(first.organisation), reads_as(first.unit)) == (reads_as(second.organisation), reads_as(second.unit)):
        raise AnotherInspector("same-unit")
    if first.status != "active":
        raise Conflict("Whoever filed this order is no longer in office: file it anew.")


def _said(name: str, order: ReferenceOrder, holder: Holder) -> Event:
    """What the ledger says of it: nothing of the person, the instrument only by its digest."""
    return Event(
        name=name,
        actor=regulator(holder.id),
        ref=ids.public(ids.ORDER, order.id),
        reason=order.ground,
        digest=digest(canonical(["order", 1, order.id.hex, order.instrument])),
        until=None if order.hidden_until is None else millis(order.hidden_until),
    )
