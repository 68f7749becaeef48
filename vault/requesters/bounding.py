"""The registry adopts another version of the bounds: one officer proposes, one of another unit decides.

Each number is given once and every version is kept, so that what was vetted under one can be read later. The highest
number that was adopted holds; version 1 ships with the product.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from vault.db import Database, Session, constraint
from vault.errors import Conflict, Invalid, NotFound
from vault.ids import StaffId
from vault.ledger.events import Event
from vault.ledger.events import officer as by_officer
from vault.ledger.log import append
from vault.registry import StaffMember, officer, staff_member
from vault.requesters.bounds import Bounds, Rule, check_rules, plain, shipped
from vault.requesters.hidden import reads_as
from vault.requesters.measures import LONGEST_REASON, SHORTEST_REASON
from vault.requesters.tables import BoundsRow
from vault.requesters.two_officers import ROLE, AnotherOfficer
from vault.signin.holders import Holder

PROPOSED: Final = "proposed"
ADOPTED: Final = "adopted"
REFUSED: Final = "refused"


@dataclass(frozen=True)
class BoundsVersion:
    """One version and how it came to be; the shipped one was proposed by nobody."""

    bounds: Bounds
    status: str
    reason: str
    proposed_by: StaffId | None = None
    proposed_at: datetime | None = None
    decided_by: StaffId | None = None
    decided_at: datetime | None = None


async def current(session: Session) -> Bounds:
    """The bounds that hold now for what is declared."""
    adopted = sa.select(BoundsRow).where(BoundsRow.status == ADOPTED).order_by(BoundsRow.number.desc()).limit(1)
    row = await session.scalar(adopted)
    return shipped() if row is None else _bounds(row)


async def version(session: Session, number: int) -> BoundsVersion:
    """One version, whatever became of it. Raises NotFound."""
    if number == shipped().version:
        return _shipped()
    row = await session.get(BoundsRow, number)
    if row is None:
        raise NotFound("There is no such version of the bounds.")
    return _view(row)


async def versions(session: Session) -> list[BoundsVersion]:
    """Every version, newest first."""
    rows = await session.scalars(sa.select(BoundsRow).order_by(BoundsRow.number.desc()))
    return [*(_view(row) for row in rows), _shipped()]


async def propose(session: Session, holder: Holder, rules: list[Rule], reason: str) -> BoundsVersion:
    """One officer's half. Raises Invalid naming each rule that is wrong, Conflict while another proposal waits."""
    member = await officer(session, holder, ROLE)
    _check_reason(reason)
    check_rules(rules)
    newest = await session.scalar(sa.select(sa.func.max(BoundsRow.number))) or shipped().version
    waiting = await session.scalar(sa.select(sa.func.count()).where(BoundsRow.status == PROPOSED))
    if waiting:
        raise Conflict("Another proposal waits to be decided: decide that one first.")
    row = BoundsRow(
        number=newest + 1,
        rules=plain(rules),
        status=PROPOSED,
        reason=reason,
        proposed_by=member.id,
        proposed_at=session.now,
        decided_by=None,
        decided_at=None,
    )
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:
        if constraint(error) != "pk_bounds":
            raise
        raise Conflict("Somebody else made a proposal just now; look at it first.") from None
    await append(session, _said("bounds.proposed", row, member))
    return _view(row)


async def decide(session: Session, holder: Holder, number: int, *, adopt: bool, reason: str) -> BoundsVersion:
    """The other officer's half. Raises AnotherOfficer, Conflict when it is decided, NotFound, Invalid."""
    member = await officer(session, holder, ROLE)
    _check_reason(reason)
    row = await session.get(BoundsRow, number, with_for_update=True)
    if row is None:
        raise NotFound("There is no such version of the bounds.")
    if row.status != PROPOSED:
        raise Conflict(f"This version is decided already: it is {row.status}.")
    first = await staff_member(session, row.proposed_by)
    if first.id == member.id:
        raise AnotherOfficer("same-officer")
    if _unit(first) == _unit(member):
        raise AnotherOfficer("same-unit")
    row.status, row.decided_by, row.decided_at = ADOPTED if adopt else REFUSED, member.id, session.now
    row.reason = f"{row.reason} / {reason}"
    await session.flush()
    await append(session, _said(f"bounds.{row.status}", row, member))
    return _view(row)


async def decide_on_record(db: Database, holder: Holder, number: int, *, adopt: bool, reason: str) -> BoundsVersion:
    """As :func:`decide`, in a transaction of its own; what is refused by rule is recorded in another one."""
    try:
        return await db.run(decide, holder, number, adopt=adopt, reason=reason)
    except AnotherOfficer as refused:
        await db.run(_record_refusal, holder, number, refused)
        raise


async def _record_refusal(session: Session, holder: Holder, number: int, why: AnotherOfficer) -> None:
    event = Event(name="bounds.attempt_refused", actor=by_officer(holder.id), count=number, reason=why.reason)
    await append(session, event)


def _shipped() -> BoundsVersion:
    return BoundsVersion(shipped(), ADOPTED, "shipped with the product")


def _bounds(row: BoundsRow) -> Bounds:
    return Bounds(row.number, msgspec.convert(row.rules, list[Rule]))


def _view(row: BoundsRow) -> BoundsVersion:
    return BoundsVersion(
        bounds=_bounds(row),
        status=row.status,
        reason=row.reason,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )


def _unit(member: StaffMember) -> tuple[str, str]:
    return reads_as(member.organisation), reads_as(member.unit)


def _said(name: str, row: BoundsRow, by: StaffMember) -> Event:
    second = None if name == "bounds.proposed" else row.proposed_by
    return Event(name=name, actor=by_officer(by.id), count=row.number, digest=_bounds(row).digest(), second=second)


def _check_reason(reason: str) -> None:
    if not SHORTEST_REASON <= len(reason.strip()) <= LONGEST_REASON or not reason.isprintable():
        raise Invalid.field("reason", f"must be one line of {SHORTEST_REASON} to {LONGEST_REASON} characters")
