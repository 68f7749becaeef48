"""What a supervisory authority does about one grant: stop it, let it go on, take something out of it.

The person's consent stays as it was signed; what may be done under it is less. Whoever calls has seen to it that two
regulators decided, or that one did and the stop ends by itself. Each act holds for the next release on every node: the
statement that records a delivery compares the grant's version, status and end under its row lock.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from vault.consent import records, status
from vault.consent.deletion import keep_watch
from vault.consent.relaying import narrow_relay
from vault.consent.states import Act, State, allows, state_of
from vault.consent.tables import ACTIVE, SUSPENDED, Grant, GrantPart, GrantWrap
from vault.consent.telling import happened
from vault.db import Session
from vault.errors import Conflict, Invalid, NotFound
from vault.ids import GrantId
from vault.ledger import log
from vault.ledger.events import REGISTRY, Actor, Event, Item
from vault.notifying import tell
from vault.profile.catalogue import GENERAL, SENSITIVE, catalogue
from vault.webhooks import announce
from vault.webhooks.kinds import GRANT_CHANGED


@dataclass(frozen=True)
class Ordered:
    """Who ordered it (``second``: who confirmed it), why (a code), and the public id of the order."""

    by: Actor
    second: UUID | None
    reason: str
    ref: str


@dataclass(frozen=True)
class Cut:
    """What is taken out of a grant: items by name, and perhaps an earlier end."""

    without: frozenset[str]
    until: datetime | None = None


async def suspend(session: Session, grant: GrantId, order: Ordered, *, until: datetime | None) -> None:
    """Stop a grant. ``until``: it ends by itself then (None: not before it is lifted).

    A stop that ends by itself may be made lasting; nothing else is done twice. Raises NotFound, Conflict, Tampered.
    """
    row = await _locked(session, grant)
    state = _state(session, row)
    is_again = state is State.SUSPENDED and (until is not None or row.suspended_until is None)
    if not allows(Act.SUSPEND, state) or is_again:
        raise Conflict(f"It cannot be suspended: it is {state}.")
    row.status, row.suspended_until = SUSPENDED, until
    await status.suspend(session, row)
    await session.flush()
    await _record(session, row, "grant.suspended", order, tells="grant_suspended")


async def lift(session: Session, grant: GrantId, order: Ordered) -> None:
    """End a suspension. Raises NotFound, Conflict when there is none, Tampered."""
    row = await _locked(session, grant)
    if not allows(Act.LIFT, _state(session, row)):
        raise Conflict(f"Only what is suspended can be restored: it is {_state(session, row)}.")
    await _lift(session, row, order)


async def narrow(session: Session, grant: GrantId, order: Ordered, cut: Cut) -> None:
    """Take items out of a grant, or end it earlier: never more, never later. Access tokens are dead, ``g`` stays.

    Raises NotFound, Conflict when nothing would be left or change, Invalid naming the field, Tampered.
    """
    row = await _locked(session, grant)
    if not allows(Act.NARROW, _state(session, row)):
        raise Conflict(f"It cannot be narrowed: it is {_state(session, row)}.")
    _check_cut(row, cut, session.now)
    row.items = [each for each in row.items if each["item"] not in cut.without]
    if cut.until is not None:
        row.expires_at = cut.until
        await keep_watch(session, row)
    await _drop_parts(session, row)
    await status.raise_epoch(session, row)
    await session.flush()
    await narrow_relay(session, row, by=order.by)
    await _record(session, row, "grant.changed", order, tells="grant_narrowed")


async def lift_lapsed_grants(session: Session) -> int:
    """Make rows say what has held since a suspension lapsed that nobody confirmed. Returns how many."""
    lapsed = sa.select(Grant).where(Grant.status == SUSPENDED, Grant.suspended_until <= session.now)
    rows = list(await session.scalars(lapsed.order_by(Grant.id).limit(100).with_for_update(skip_locked=True)))
    for row in rows:
        await _lift(session, row, Ordered(REGISTRY, None, "not-confirmed", ""))
    return len(rows)


async def _lift(session: Session, row: Grant, order: Ordered) -> None:
    row.status, row.suspended_until = ACTIVE, None
    await status.lift(session, row)
    await session.flush()
    await _record(session, row, "grant.restored", order, tells="grant_restored")


async def _locked(session: Session, grant: GrantId) -> Grant:
    """The row by its id alone: an order names no person."""
    person = await session.scalar(sa.select(Grant.person_id).where(Grant.id == grant))
    if person is None:
        raise NotFound("There is no such grant.")
    return await session.get_one(Grant, (person, grant), with_for_update=True, populate_existing=True)


def _state(session: Session, row: Grant) -> State:
    return state_of(row.status, row.expires_at, session.now, lifted_at=row.suspended_until)


def _check_cut(row: Grant, cut: Cut, now: datetime) -> None:
    held = {each["item"] for each in row.items}
    if unknown := sorted(cut.without - held):
        raise Invalid.field("without", f"is not in this grant: {', '.join(unknown)}")
    if not cut.without and cut.until is None:
        raise Conflict("Nothing would change: name items to take out, or an earlier end.")
    if cut.without >= held:
        raise Conflict("Nothing would be left: suspend the grant instead.")
    if cut.until is not None and not max(now, row.given_at) < cut.until < row.expires_at:
        raise Invalid.field("until", "must be earlier than the end the grant has, and not in the past")


async def _drop_parts(session: Session, row: Grant) -> None:
    """Keys of parts that nothing is left of go from the grant, and so does a pair that opens nothing any more."""
    fields = [catalogue().item(each["item"]) for each in row.items]
    left = {(field.section, field.compartment) for field in fields}
    gone = [part for part in row.parts if (part["section"], part["compartment"]) not in left]
    row.parts = [part for part in row.parts if part not in gone]
    mine = (GrantPart.person_id == row.person_id, GrantPart.grant_id == row.id)
    for part in gone:
        of_part = (GrantPart.section == part["section"], GrantPart.compartment == part["compartment"])
        await session.execute(sa.delete(GrantPart).where(*mine, *of_part))
    for compartment in {GENERAL, SENSITIVE} - {field.compartment for field in fields}:
        wrap = (GrantWrap.person_id == row.person_id, GrantWrap.grant_id == row.id)
        await session.execute(sa.delete(GrantWrap).where(*wrap, GrantWrap.compartment == compartment))
        if compartment == GENERAL:
            row.general_public = None
        else:
            row.sensitive_public, row.officer_share, row.officer_key, row.approval_needed = None, None, None, False


async def _record(session: Session, row: Grant, name: str, order: Ordered, *, tells: str) -> None:
    beside: dict[str, Any] = {"ref": order.ref} if order.ref else {}
    if name == "grant.changed":
        beside |= {"outcome": "narrowed", "items": tuple(Item(each["item"], each["form"]) for each in row.items)}
    event = Event(
        name=name,
        actor=order.by,
        requester=row.requester_id,
        declaration=row.declaration_id,
        declaration_version=row.declaration_number,
        consent=records.commitment(row.commitment_key, row.record_digest, f"{name}.{row.version}".encode()),
        reason=order.reason,
        second=order.second,
        **beside,
    )
    await log.append(session, event, person=row.person_id)
    await announce(session, happened(row, GRANT_CHANGED))
    await tell(session, row.person_id, tells, {"reason": order.reason})
