"""One regulator orders, another one confirms: as officers do about standings, with a stop that holds for a day."""

from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.clock import millis
from vault.crypto.canonical import digest
from vault.db import Database, Session
from vault.errors import Conflict, Invalid, NotFound
from vault.ids import RequesterId
from vault.ledger import log
from vault.ledger.events import Event, regulator
from vault.powers.carrying_out import carry_out, check_cut, find
from vault.powers.case_bounds import CLOSED
from vault.powers.orders import (
    ALONE,
    DONE,
    OPEN,
    PROPOSED,
    QUIET,
    REFUSED,
    Order,
    Target,
    check_text,
    decision_message,
)
from vault.powers.reach import check_reach
from vault.powers.second import AnotherRegulator, check_second
from vault.powers.tables import Inquiry, PowerOrder
from vault.registry import mandated
from vault.registry import regulator as regulator_with
from vault.registry.candidates import OVERSIGHT
from vault.registry.mandates import DELETION, MEASURES, OutsideMandate
from vault.signin.holders import Holder

_MILLISECOND: Final = 1000


async def propose(session: Session, holder: Holder, order: Order) -> PowerOrder:
    """One regulator's half; an urgent stop holds at once, for a day.

    Raises Refused without the power, AnotherRegulator, Conflict, NotFound, Invalid. Records ``power.proposed``.
    """
    member, mandate = await mandated(session, holder, power_for(order.act))
    order.check()
    check_cut(order.target, order.cut)
    found = await find(session, order.target)
    await check_reach(session, mandate, found.requester, declaration=found.declaration)
    if order.inquiry is not None:
        await _check_case(session, order.inquiry, found.requester)
    earlier = await _of_target(session, order)
    if any(is_open(each, session.now) for each in earlier):
        raise Conflict("This is ordered already: decide that order.")
    if order.is_urgent:
        _check_not_repeated(earlier, holder, session.now)
    at = session.now.replace(microsecond=session.now.microsecond // _MILLISECOND * _MILLISECOND)
    row = PowerOrder(
        id=ids.new_uuid(),
        act=order.act,
        target_kind=order.target.kind,
        target_id=order.target.id,
        requester_id=found.requester,
        is_urgent=order.is_urgent,
        cut=None if order.cut is None else dict(order.cut),
        reason_code=order.reason_code,
        reason=order.reason,
        inquiry_id=order.inquiry,
        measure_id=None,
        state=PROPOSED,
        proposed_by=member.id,
        at=at,
        signature=holder.bundle.sign(order.message(at)),
        lapses_at=at + (ALONE if order.is_urgent else OPEN),
        second_id=None,
        second_reason=None,
        second_signature=None,
        decided_at=None,
    )
    session.add(row)
    await session.flush()
    await log.append(session, _said("power.proposed", row), person=found.person)
    if order.is_urgent:
        await carry_out(session, row)
    return row


async def decide(session: Session, holder: Holder, which: UUID, *, agree: bool, reason: str) -> PowerOrder:
    """The other regulator's half: agreed to, it is done; declined, it is over, but a stop holds until it lapses.

    Raises Refused without the power, AnotherRegulator, Conflict when decided or over, NotFound, Invalid, Tampered.
    """
    await regulator_with(session, holder, OVERSIGHT)
    row = await session.get(PowerOrder, which, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("There is no such order.")
    member, mandate = await mandated(session, holder, power_for(row.act))
    check_text("reason", reason)
    if not is_open(row, session.now):
        raise Conflict("This is decided already, or its time is over.")
    order = order_of(row)
    signed = order.message(row.at)
    await check_second(session, member, row.proposed_by, message=signed, signature=row.signature)
    found = await find(session, order.target)
    await check_reach(session, mandate, found.requester, declaration=found.declaration)
    said = decision_message(digest(signed), row.id, agree=agree, reason=reason, at=session.now)
    row.second_id, row.second_reason, row.decided_at = member.id, reason, session.now
    row.second_signature = holder.bundle.sign(said)
    row.state = DONE if agree else REFUSED
    await session.flush()
    await log.append(session, _said("power.confirmed" if agree else "power.declined", row), person=found.person)
    if agree:
        await carry_out(session, row)
    return row


async def propose_on_record(db: Database, holder: Holder, order: Order) -> PowerOrder:
    """As :func:`propose`, in a transaction of its own; what is refused by rule is recorded in another one."""
    try:
        return await db.run(propose, holder, order)
    except (AnotherRegulator, OutsideMandate) as refused:
        await db.run(_record_refusal, holder, order.target, order.act, reason=_why(refused))
        raise


async def decide_on_record(db: Database, holder: Holder, which: UUID, *, agree: bool, reason: str) -> PowerOrder:
    """As :func:`decide`, likewise."""
    try:
        return await db.run(decide, holder, which, agree=agree, reason=reason)
    except (AnotherRegulator, OutsideMandate) as refused:
        await db.run(_record_refused_decision, holder, which, _why(refused))
        raise


def _why(refused: AnotherRegulator | OutsideMandate) -> str:
    return refused.reason if isinstance(refused, AnotherRegulator) else refused.check


def power_for(act: str) -> str:
    """Which power of a mandate an act takes."""
    return DELETION if act == "order_deletion" else MEASURES


def is_open(row: PowerOrder, now: datetime) -> bool:
    """Whether it still waits for the second regulator: decided when reading."""
    return row.state == PROPOSED and now < row.lapses_at


def order_of(row: PowerOrder) -> Order:
    """What a row says was ordered."""
    return Order(
        act=row.act,  # type: ignore[arg-type]  # the table lets in no other
        target=Target(row.target_kind, row.target_id),  # type: ignore[arg-type]  # as above
        reason_code=row.reason_code,
        reason=row.reason,
        is_urgent=row.is_urgent,
        cut=row.cut,
        inquiry=row.inquiry_id,
    )


async def _check_case(session: Session, case: UUID, requester: RequesterId) -> None:
    """An order names an open case about the same organisation, or about none."""
    row = await session.get(Inquiry, case)
    if row is None or row.state == CLOSED or row.requester_id not in {None, requester}:
        raise Invalid.field("case", "must be a case that is not closed, about this organisation or about none")


async def _of_target(session: Session, order: Order) -> list[PowerOrder]:
    """Every order of this kind about this very thing; its row lock orders two that come at once."""
    chosen = sa.select(PowerOrder).where(
        PowerOrder.target_kind == order.target.kind,
        PowerOrder.target_id == order.target.id,
        PowerOrder.act == order.act,
    )
    return list(await session.scalars(chosen.order_by(PowerOrder.id)))


def _check_not_repeated(earlier: list[PowerOrder], holder: Holder, now: datetime) -> None:
    for row in earlier:
        unconfirmed = row.is_urgent and row.state != DONE and row.proposed_by == holder.id
        if unconfirmed and now < row.at + QUIET:
            raise AnotherRegulator("repeated")


def _said(name: str, row: PowerOrder) -> Event:
    first = name == "power.proposed"
    assert first or row.second_id is not None
    return Event(
        name=name,
        actor=regulator(row.proposed_by if first or row.second_id is None else row.second_id),
        requester=row.requester_id,
        outcome=row.act,
        reason=row.reason_code,
        ref=ids.public(ids.POWER, row.id),
        second=None if first else row.proposed_by,
        digest=digest(order_of(row).message(row.at)),
        until=millis(row.lapses_at) if first else None,
    )


async def _record_refusal(session: Session, holder: Holder, target: Target, act: str, *, reason: str) -> None:
    found = await find(session, target)
    await log.append(session, _attempt(holder, found.requester, act, reason), person=found.person)


async def _record_refused_decision(session: Session, holder: Holder, which: UUID, reason: str) -> None:
    row = await session.get_one(PowerOrder, which)
    person = (await find(session, order_of(row).target)).person
    await log.append(session, _attempt(holder, row.requester_id, row.act, reason), person=person)


def _attempt(holder: Holder, requester: RequesterId, act: str, reason: str) -> Event:
    return Event(
        name="power.attempt_refused", actor=regulator(holder.id), requester=requester, outcome=act, reason=reason
    )
