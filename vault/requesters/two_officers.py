"""Officers act on the standing of requesters: one may stop, two of different units do everything else.

1. ``propose``: one officer says what is to be done and why. A suspension holds from then on, for 72 hours; the rest
   waits, for at most 14 days.
2. ``decide``: an officer of another unit agrees, and it is done or stands; or does not agree, and a proposal is over.
   A suspension that is not agreed to lapses at its time: to end it sooner takes two, as any restoration.
Each signs with a key of their own, and the first signature is verified before anything is done.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.clock import millis
from vault.crypto.canonical import b64, canonical, digest
from vault.crypto.signing import is_signed
from vault.db import Database, Session
from vault.errors import Conflict, Invalid, NotFound, Refused, Tampered
from vault.ids import RequesterId, StaffId
from vault.ledger.events import Event
from vault.ledger.events import officer as by_officer
from vault.ledger.log import append
from vault.registry import StaffMember, officer, staff_member
from vault.requesters.hidden import reads_as
from vault.requesters.measures import (
    ALONE,
    DONE,
    LONGEST_REASON,
    PROPOSED,
    REFUSED,
    SHORTEST_REASON,
    Order,
    carry_out,
    new_measure,
    order_of,
)
from vault.requesters.tables import Measure, Requester
from vault.signin.holders import Holder

ROLE: Final = "vetting"
OPEN: Final = timedelta(days=14)
"""How long a proposal waits for a second officer."""
QUIET: Final = timedelta(days=30)
"""So long an officer whose suspension lapsed unconfirmed may not suspend the same again alone."""


class AnotherOfficer(Refused):
    """This takes somebody else. ``reason`` is for the entry: same-officer, same-unit, own-organisation, repeated."""

    name, title = "another-officer", "Another officer must decide this"
    advice = "An officer of another unit, with the vetting role and no part in the organisation, must decide."

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(_WHY[reason], reason=reason)


_WHY: Final = {
    "same-officer": "You proposed it yourself.",
    "same-unit": "You are of the same unit as the officer who proposed it.",
    "own-organisation": "You belong to this organisation.",
    "repeated": "Your last suspension of it lapsed because nobody confirmed it: a colleague must suspend.",
}


async def propose(session: Session, holder: Holder, order: Order) -> Measure:
    """One officer's half. A suspension holds at once. Raises AnotherOfficer, Conflict, NotFound, Invalid, Refused."""
    member = await officer(session, holder, ROLE)
    if order.act == "surrender":
        raise Invalid.field("act", "is the organisation's own")
    row = new_measure(session, order, by_officer(member.id))
    owner = await _locked(session, order.requester)
    check_stranger(owner, member)
    open_now = [each for each in await _of_target(session, order) if is_open(each, session.now)]
    if open_now:
        raise Conflict("This is proposed already: decide that proposal.")
    row.state, row.decided_at = PROPOSED, None
    row.signature = holder.bundle.sign(order.message(session.now))
    if order.act == "suspend":
        await _check_not_repeated(session, member, order)
        row.lapses_at = session.now + ALONE
        await carry_out(session, row)
        return row
    row.lapses_at = session.now + OPEN
    session.add(row)
    await session.flush()
    await append(session, _said("measure.proposed", row))
    return row


async def decide(session: Session, holder: Holder, measure: UUID, *, agree: bool, reason: str) -> Measure:
    """The other officer's half. Raises AnotherOfficer, Conflict when it is decided or over, NotFound, Invalid."""
    member = await officer(session, holder, ROLE)
    if not SHORTEST_REASON <= len(reason.strip()) <= LONGEST_REASON or not reason.isprintable():
        raise Invalid.field("reason", f"must be one line of {SHORTEST_REASON} to {LONGEST_REASON} characters")
    requester = await session.scalar(sa.select(Measure.requester_id).where(Measure.id == measure))
    if requester is None:
        raise NotFound("There is no such measure.")
    owner = await _locked(session, requester)
    row = await session.get_one(Measure, measure, with_for_update=True, populate_existing=True)
    if not is_open(row, session.now):
        raise Conflict("This is decided already, or its time is over.")
    first = await _first(session, row)
    if first.id == member.id:
        raise AnotherOfficer("same-officer")
    if _same(first.unit, member.unit) and _same(first.organisation, member.organisation):
        raise AnotherOfficer("same-unit")
    check_stranger(owner, member)
    row.second_id, row.second_reason, row.decided_at = member.id, reason, session.now
    row.second_signature = holder.bundle.sign(decision_message(row, agree=agree, reason=reason, at=session.now))
    if not agree:
        row.state = REFUSED
        await session.flush()
        await append(session, _said("measure.declined", row))
        return row
    row.state, row.lapses_at = DONE, None
    await carry_out(session, row)
    return row


async def propose_on_record(db: Database, holder: Holder, order: Order) -> Measure:
    """As :func:`propose`, in a transaction of its own; what is refused by rule is recorded in another one."""
    try:
        return await db.run(propose, holder, order)
    except AnotherOfficer as refused:
        await db.run(_record_refusal, holder, order, refused)
        raise


async def decide_on_record(db: Database, holder: Holder, measure: UUID, *, agree: bool, reason: str) -> Measure:
    """As :func:`decide`, likewise."""
    try:
        return await db.run(decide, holder, measure, agree=agree, reason=reason)
    except AnotherOfficer as refused:
        await db.run(_record_refused_decision, holder, measure, refused)
        raise


def is_open(row: Measure, now: datetime) -> bool:
    """Whether it still waits for a second officer."""
    return row.state == PROPOSED and (row.lapses_at is None or now < row.lapses_at)


def check_stranger(owner: Requester, member: StaffMember) -> None:
    """Raises AnotherOfficer for somebody who belongs to the organisation."""
    names = {reads_as(str(name)) for name in owner.name.values()}
    persons = {(owner.contact.get("contact") or {}).get("name"), *owner.contact.get("responsible_persons", ())}
    if reads_as(member.organisation) in names or reads_as(member.name) in {reads_as(each) for each in persons if each}:
        raise AnotherOfficer("own-organisation")


def decision_message(row: Measure, *, agree: bool, reason: str, at: datetime) -> bytes:
    """The canonical bytes a second officer signs: which order, by its digest, and what they say to it."""
    return canonical(
        {
            "v": 1,
            "kind": "decision about a measure",
            "measure": ids.public(ids.MEASURE, row.id),
            "order": b64(digest(order_of(row).message(row.at))),
            "agree": agree,
            "reason": reason,
            "at": millis(at),
        }
    )


def _same(one: str, other: str) -> bool:
    return reads_as(one) == reads_as(other)


async def _locked(session: Session, requester: RequesterId) -> Requester:
    """The requester's row lock comes first, so that two proposals at once are one after the other."""
    found = await session.execute(sa.select(Requester).where(Requester.id == requester).with_for_update())
    owner = found.scalar_one_or_none()
    if owner is None:
        raise NotFound("There is no such requester.")
    return owner


async def _first(session: Session, row: Measure) -> StaffMember:
    """Who proposed: still an officer who may, and really the one who signed."""
    if row.actor_id is None or row.signature is None:
        raise Tampered(private="a proposal without a signature")
    first = await staff_member(session, StaffId(row.actor_id))
    if first.status != "active" or ROLE not in first.roles:
        raise Conflict("Whoever proposed this is no longer an officer who may: propose it anew.")
    if not is_signed(first.signing_public, order_of(row).message(row.at), row.signature):
        raise Tampered(private="the signature of a proposal does not verify")
    return first


async def _of_target(session: Session, order: Order) -> list[Measure]:
    """Every measure of this kind about this very thing."""
    chosen = sa.select(Measure).where(
        Measure.requester_id == order.requester,
        Measure.declaration_id.is_not_distinct_from(order.declaration),
        Measure.act == order.act,
    )
    return list(await session.scalars(chosen.order_by(Measure.id)))


async def _check_not_repeated(session: Session, member: StaffMember, order: Order) -> None:
    for row in await _of_target(session, order):
        unconfirmed = row.state != DONE and row.actor_id == member.id
        if unconfirmed and session.now < row.at + QUIET:
            raise AnotherOfficer("repeated")


def _said(name: str, row: Measure) -> Event:
    actor = row.actor_id if name == "measure.proposed" else row.second_id
    assert actor is not None
    return Event(
        name=name,
        actor=by_officer(actor),
        requester=row.requester_id,
        declaration=row.declaration_id,
        outcome=row.act,
        ref=ids.public(ids.MEASURE, row.id),
        second=None if name == "measure.proposed" else row.actor_id,
        digest=digest(order_of(row).message(row.at)),
    )


async def _record_refusal(session: Session, holder: Holder, order: Order, why: AnotherOfficer) -> None:
    await append(
        session,
        Event(
            name="measure.attempt_refused",
            actor=by_officer(holder.id),
            requester=order.requester,
            declaration=order.declaration,
            outcome=order.act,
            reason=why.reason,
        ),
    )


async def _record_refused_decision(session: Session, holder: Holder, measure: UUID, why: AnotherOfficer) -> None:
    row = await session.get_one(Measure, measure)
    event = Event(
        name="measure.attempt_refused",
        actor=by_officer(holder.id),
        requester=row.requester_id,
        declaration=row.declaration_id,
        outcome=row.act,
        ref=ids.public(ids.MEASURE, row.id),
        reason=why.reason,
    )
    await append(session, event)
