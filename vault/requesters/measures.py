"""Measures: what is done about the standing of a requester or of one of its declarations.

Each is one act in one transaction: the rows, the measure with its reason, the entry. A suspension changes one row,
since every question reads the whole chain; what ends for good also ends everything below it, so that an organisation
that comes back later finds its old declarations, clients and grants as dead as they were.

Row locks are taken from the top down: requester, declarations, permits, clients.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeVar
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.clock import millis
from vault.crypto.canonical import canonical, digest
from vault.db import Session
from vault.errors import Conflict, Invalid, NotFound
from vault.ids import DeclarationId, RequesterId
from vault.ledger.catalogue.kinds import ActorKind
from vault.ledger.events import Actor, Event
from vault.ledger.log import append
from vault.requesters.declarations import stored_declaration
from vault.requesters.narrowing import Cut, check_cut, joined, narrowed, read_cut
from vault.requesters.standing import FINAL, State, state_of
from vault.requesters.tables import Client, DeclarationRow, Measure, PermitRow, Requester

Row = TypeVar("Row", DeclarationRow, PermitRow, Client)
Act = Literal["suspend", "restore", "revoke", "surrender", "shorten", "narrow"]
ALONE: Final = timedelta(hours=72)
"""How long a suspension holds that one officer decided; then it lapses unless a second one confirmed it."""
SHORTEST_REASON: Final = 4
LONGEST_REASON: Final = 500
PROPOSED, DONE, REFUSED = "proposed", "done", "refused"
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9._:-]{0,79}")
_EVENTS: Final = {
    ("requester", "suspend"): "requester.suspended",
    ("requester", "restore"): "requester.restored",
    ("requester", "revoke"): "requester.revoked",
    ("requester", "surrender"): "requester.surrendered",
    ("declaration", "suspend"): "declaration.suspended",
    ("declaration", "restore"): "declaration.restored",
    ("declaration", "revoke"): "declaration.stopped",
    ("declaration", "surrender"): "declaration.stopped",
    ("declaration", "shorten"): "declaration.stopped",
    ("declaration", "narrow"): "declaration.narrowed",
}


@dataclass(frozen=True)
class Order:
    """What is to be done: to a requester, or to one ``declaration`` of it. ``until``: the new end, with shorten;
    ``cut``: what is taken out, with narrow."""

    act: Act
    requester: RequesterId
    declaration: DeclarationId | None
    reason: str
    until: datetime | None = None
    cut: Cut | None = None

    def check(self) -> None:
        """Raises Invalid for what is no order."""
        if not SHORTEST_REASON <= len(self.reason.strip()) <= LONGEST_REASON or not self.reason.isprintable():
            raise Invalid.field("reason", f"must be one line of {SHORTEST_REASON} to {LONGEST_REASON} characters")
        if (self.until is None) == (self.act == "shorten"):
            raise Invalid.field("until", "is the new end, given with shorten and with nothing else")
        if self.act == "shorten" and self.declaration is None:
            raise Invalid.field("declaration", "must be named: the validity of declarations is what can be shortened")
        if (self.cut is None) == (self.act == "narrow") or (self.act == "narrow" and self.declaration is None):
            raise Invalid.field("cut", "says what is taken out of one declaration, with narrow and with nothing else")

    def message(self, at: datetime) -> bytes:
        """The canonical bytes that an officer signs; its digest stands in the entry."""
        declared = self.declaration
        return canonical(
            {
                "v": 1,
                "kind": "measure",
                "act": self.act,
                "requester": ids.public(ids.REQUESTER, self.requester),
                "declaration": None if declared is None else ids.public(ids.DECLARATION, declared),
                "until": None if self.until is None else millis(self.until),
                "reason": self.reason,
                "at": millis(at),
            }
            | ({} if self.cut is None else {"cut": self.cut.plain()})
        )


async def suspend(
    session: Session, requester: RequesterId, *, reason: str, by: Actor, declaration: DeclarationId | None = None
) -> UUID:
    """Stop a requester, or one declaration of it, until somebody restores it. Returns the measure's id.

    ``reason``: one line of 4 to 500 characters; a code (``source-changed``) goes into the entry as it is. By an
    officer alone it lapses after :data:`ALONE`. Raises NotFound, Invalid, Conflict when it is not in force.
    """
    row = new_measure(session, Order("suspend", requester, declaration, reason), by)
    if by.kind is ActorKind.OFFICER:
        row.state, row.lapses_at, row.decided_at = PROPOSED, session.now + ALONE, None
    await carry_out(session, row)
    return row.id


async def surrender(
    session: Session, requester: RequesterId, *, reason: str, by: Actor, declaration: DeclarationId | None = None
) -> UUID:
    """The organisation gives its registration, or one declaration, back: for good. As :func:`suspend`.

    Whoever calls this has made sure that the organisation's own members decided it.
    """
    row = new_measure(session, Order("surrender", requester, declaration, reason), by)
    await carry_out(session, row)
    return row.id


async def shorten(session: Session, declaration: DeclarationId, *, until: datetime, reason: str, by: Actor) -> UUID:
    """Let a declaration and its permit end earlier: never later, never in the past. As :func:`suspend`."""
    owner = await session.scalar(sa.select(DeclarationRow.requester_id).where(DeclarationRow.id == declaration))
    if owner is None:
        raise NotFound("There is no such declaration.")
    row = new_measure(session, Order("shorten", owner, declaration, reason, until), by)
    await carry_out(session, row)
    return row.id


def new_measure(session: Session, order: Order, by: Actor) -> Measure:
    """The row of a measure that is done; not stored yet. Raises Invalid."""
    order.check()
    return Measure(
        id=ids.new_uuid(),
        requester_id=order.requester,
        declaration_id=order.declaration,
        act=order.act,
        state=DONE,
        until=order.until,
        cut=None if order.cut is None else order.cut.plain(),
        reason=order.reason,
        actor_kind=str(by.kind),
        actor_id=by.id,
        at=session.now,
        decided_at=session.now,
    )


def order_of(row: Measure) -> Order:
    """What a measure's row says is to be done."""
    act: Act = row.act  # type: ignore[assignment]  # the table lets in no other
    cut = None if row.cut is None else read_cut(row.cut)
    return Order(act, row.requester_id, row.declaration_id, row.reason, row.until, cut)


async def carry_out(session: Session, row: Measure) -> None:
    """Do what a measure says, keep it, and append its entry. Raises NotFound, Conflict."""
    order = order_of(row)
    owner, declared = await _locked(session, order)
    match order.act:
        case "suspend":
            _suspend(declared or owner, row, session.now, held_by=await _stopped_by(session, order))
        case "restore":
            _restore(declared or owner, row, session.now, held_by=await _stopped_by(session, order))
        case "narrow":
            _narrow(declared, order)
        case "shorten":
            await _shorten(session, declared, order)
        case "revoke":
            await _end(session, owner, declared, State.REVOKED)
        case "surrender":
            if State.SUSPENDED in {current(owner, session.now), current(declared or owner, session.now)}:
                # Whoever is about to be put out must not leave by the door that leads back in.
                raise Conflict("It is suspended: the registry decides about that first.")
            await _end(session, owner, declared, State.SURRENDERED)
    session.add(row)
    await session.flush()
    await append(session, _event(row, order))


async def _locked(session: Session, order: Order) -> tuple[Requester, DeclarationRow | None]:
    found = await session.execute(sa.select(Requester).where(Requester.id == order.requester).with_for_update())
    owner = found.scalar_one_or_none()
    if owner is None:
        raise NotFound("There is no such requester.")
    if order.declaration is None:
        return owner, None
    rows = await session.execute(
        sa.select(DeclarationRow)
        .where(DeclarationRow.id == order.declaration, DeclarationRow.requester_id == owner.id)
        .with_for_update()
    )
    declared = rows.scalar_one_or_none()
    if declared is None:
        raise NotFound("There is no such declaration of this requester.")
    return owner, declared


def current(row: Requester | DeclarationRow, now: datetime) -> State:
    """The state of a row by its status, whatever its times."""
    return state_of(row.status, lifted_at=row.suspended_until, now=now)


async def _stopped_by(session: Session, order: Order) -> str | None:
    """Who stopped this very thing last: officer, regulator or registry. None: nobody ever did."""
    kinds = sa.select(Measure.actor_kind).where(
        Measure.requester_id == order.requester,
        Measure.declaration_id.is_not_distinct_from(order.declaration),
        Measure.act == "suspend",
    )
    found: str | None = await session.scalar(kinds.order_by(Measure.id.desc()).limit(1))
    return found


def _suspend(row: Requester | DeclarationRow, measure: Measure, now: datetime, *, held_by: str | None) -> None:
    """Once; or for good what lapses; or by regulators what the registry stopped, so that the registry cannot end it."""
    state = current(row, now)
    takes_over = measure.actor_kind == ActorKind.REGULATOR and held_by != ActorKind.REGULATOR
    confirms = state is State.SUSPENDED and measure.state == DONE and (row.suspended_until is not None or takes_over)
    if state is not State.ACTIVE and not confirms:
        raise Conflict(f"It cannot be suspended: it is {state}.")
    row.status, row.suspended_until = State.SUSPENDED, None if measure.state == DONE else measure.lapses_at


def _restore(row: Requester | DeclarationRow, measure: Measure, now: datetime, *, held_by: str | None) -> None:
    if current(row, now) is not State.SUSPENDED:
        raise Conflict(f"Only what is suspended can be restored: it is {current(row, now)}.")
    if (held_by == ActorKind.REGULATOR) != (measure.actor_kind == ActorKind.REGULATOR):
        raise Conflict("Who stopped it lifts it: regulators what regulators stopped, the registry everything else.")
    row.status, row.suspended_until = State.ACTIVE, None


async def _shorten(session: Session, declared: DeclarationRow | None, order: Order) -> None:
    assert declared is not None
    assert order.until is not None
    if current(declared, session.now) in FINAL:
        raise Conflict(f"It has ended already: it is {declared.status}.")
    until = order.until.replace(microsecond=order.until.microsecond // 1000 * 1000)
    permit = (await _below(session, PermitRow, PermitRow.declaration_id == declared.id))[0]
    if until >= min(declared.valid_until, permit.valid_until):
        raise Conflict("Validity can only be shortened: this is not earlier than the end it has.")
    if until < session.now or until <= declared.valid_from:
        raise Invalid.field("until", "must not be in the past, nor before the declaration begins")
    declared.valid_until = permit.valid_until = until


def _narrow(declared: DeclarationRow | None, order: Order) -> None:
    assert declared is not None
    assert order.cut is not None
    if declared.status in FINAL:
        raise Conflict(f"It has ended already: it is {declared.status}.")
    check_cut(narrowed(stored_declaration(declared.body), declared.narrowed), order.cut)
    declared.narrowed = joined(declared.narrowed, order.cut)


async def _end(session: Session, owner: Requester, declared: DeclarationRow | None, state: State) -> None:
    """The target and everything below it; what has ended otherwise stays as it ended."""
    target = declared or owner
    if current(target, session.now) in FINAL or target.status == State.APPLIED:
        raise Conflict(f"It cannot be ended: it is {target.status}.")
    if declared is None:
        declarations = await _below(session, DeclarationRow, DeclarationRow.requester_id == owner.id)
        clients = Client.requester_id == owner.id
    else:
        declarations, clients = [declared], Client.declaration_id == declared.id
    mine = PermitRow.declaration_id.in_([row.id for row in declarations])
    permits = await _below(session, PermitRow, mine)
    below: list[Requester | DeclarationRow | PermitRow | Client] = [target, *declarations, *permits]
    for row in [*below, *await _below(session, Client, clients)]:
        if row.status in FINAL:
            continue
        row.status = state
        if isinstance(row, Requester | DeclarationRow):
            row.suspended_until = None


async def _below(session: Session, table: type[Row], which: sa.ColumnElement[bool]) -> list[Row]:
    locked = sa.select(table).where(which).order_by(*table.__table__.primary_key).with_for_update()
    return list(await session.scalars(locked))


def _event(row: Measure, order: Order) -> Event:
    kind = "requester" if order.declaration is None else "declaration"
    name = _EVENTS[kind, order.act]
    proposer = Actor(ActorKind(row.actor_kind), row.actor_id)
    return Event(
        name=name,
        actor=proposer if row.second_id is None else Actor(proposer.kind, row.second_id),
        requester=order.requester,
        declaration=order.declaration,
        reason=order.reason if _CODE.fullmatch(order.reason) else "see-measure",
        outcome=order.act if name == "declaration.stopped" else None,
        second=None if row.second_id is None else row.actor_id,
        ref=ids.public(ids.MEASURE, row.id),
        digest=digest(order.message(row.at)),
    )
