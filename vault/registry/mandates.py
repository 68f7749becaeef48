"""Mandates: what a regulator may ask and do, in which sectors and regions, until when.

A regulator's role says what kind of work somebody does; the mandate says how far it goes. It is looked up with every
question and every measure: one that has ended, or was edited in the database, opens nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.clock import millis
from vault.crypto.canonical import canonical, digest
from vault.db import Session
from vault.errors import NotFound, Refused
from vault.ids import StaffId
from vault.ledger import events, log
from vault.ledger.events import REGISTRY, Event
from vault.registry.candidates import OVERSIGHT, StaffMember
from vault.registry.staff import regulator
from vault.registry.tables import MandateRow
from vault.signin.holders import Holder

QUESTIONS: Final = "questions"
FIGURES: Final = "figures"
REACH: Final = "reach"
EXPORTS: Final = "exports"
REFERENCES: Final = "references"
MEASURES: Final = "measures"
DELETION: Final = "deletion"
CASES: Final = "cases"
LAWFUL_ACCESS: Final = "lawful-access"
POWERS: Final = (QUESTIONS, FIGURES, REACH, EXPORTS, REFERENCES, MEASURES, DELETION, CASES, LAWFUL_ACCESS)
FIRST_TERM: Final = timedelta(days=731)
"""How long the mandate lasts that comes with the admission."""
LONGEST: Final = timedelta(days=5 * 366)
PROPOSED, IN_FORCE, DECLINED, ENDED = "proposed", "in_force", "declined", "ended"


class OutsideMandate(Refused):
    """A regulator asked or did what their mandate does not reach. ``check``: a code for the entry."""

    name, title = "outside-mandate", "Your mandate does not reach this"
    advice = "Your mandate's page says what it covers and until when. Two officers of the registry can grant another."

    def __init__(self, public: str, check: str) -> None:
        super().__init__(public)
        self.check = check


@dataclass(frozen=True)
class Mandate:
    """A mandate as other rooms see it. ``sectors`` and ``regions`` None: all."""

    id: UUID
    regulator_id: StaffId
    sectors: frozenset[str] | None
    regions: frozenset[str] | None
    powers: frozenset[str]
    valid_from: datetime
    valid_until: datetime
    status: str
    reason: str
    granted_by: StaffId | None
    second: StaffId | None

    @property
    def is_whole(self) -> bool:
        """Whether it covers the whole system."""
        return self.sectors is None and self.regions is None


async def mandated(session: Session, holder: Holder, power: str) -> tuple[StaffMember, Mandate]:
    """The regulator behind a sign-in, and the mandate by which they may use this power now.

    Raises Refused without the role oversight, OutsideMandate without a mandate in force that has the power, Tampered.
    """
    member = await regulator(session, holder, OVERSIGHT)
    found = await in_force(session, member.id)
    if found is None or not found.valid_from <= session.now < found.valid_until:
        raise OutsideMandate("You have no mandate in force.", "no_mandate")
    if power not in found.powers:
        raise OutsideMandate(f"Your mandate does not include: {power}.", "no_power")
    return member, found


async def own_mandate(session: Session, holder: Holder) -> Mandate:
    """A regulator's own mandate, whether or not its time is over. Raises Refused, OutsideMandate without one."""
    member = await regulator(session, holder, OVERSIGHT)
    found = await in_force(session, member.id)
    if found is None:
        raise OutsideMandate("You have no mandate in force.", "no_mandate")
    return found


async def in_force(session: Session, regulator_id: StaffId) -> Mandate | None:
    """The mandate that was granted last and not ended, whatever the time is. Raises Tampered."""
    row = await row_in_force(session, regulator_id)
    return None if row is None else as_mandate(row)


async def row_in_force(session: Session, regulator_id: StaffId) -> MandateRow | None:
    """The row behind :func:`in_force`."""
    wanted = sa.select(MandateRow).where(MandateRow.regulator_id == regulator_id, MandateRow.status == IN_FORCE)
    row: MandateRow | None = await session.scalar(wanted)
    return row


async def mandate_row(session: Session, mandate_id: UUID) -> MandateRow:
    """A mandate's row, locked. Raises NotFound, Tampered."""
    row = await session.get(MandateRow, mandate_id, with_for_update=True)
    if row is None:
        raise NotFound("There is no such mandate.")
    return row


async def mandates(session: Session, statuses: Iterable[str] = (PROPOSED, IN_FORCE)) -> list[Mandate]:
    """All of these statuses, newest first."""
    rows = sa.select(MandateRow).where(MandateRow.status.in_(list(statuses))).order_by(MandateRow.id.desc())
    return [as_mandate(row) for row in await session.scalars(rows)]


async def first_mandate(session: Session, member: StaffMember, *, actor: events.Actor, second: UUID | None) -> None:
    """The mandate that comes with a regulator's admission, which took two already: the whole system, every power."""
    row = MandateRow(
        id=ids.new_uuid(),
        regulator_id=member.id,
        sectors=None,
        regions=None,
        powers=list(POWERS),
        valid_from=session.now,
        valid_until=session.now + FIRST_TERM,
        status=IN_FORCE,
        reason="",
        granted_by=None if actor == REGISTRY else StaffId(actor.id) if actor.id else None,
        second=StaffId(second) if second else None,
    )
    session.add(row)
    await session.flush()
    await log.append(session, said("mandate.granted", row, actor, second=second))


def said(name: str, row: MandateRow, actor: events.Actor, *, second: UUID | None = None) -> Event:
    """An event about a mandate; its digest is of everything it says."""
    return Event(
        name=name,
        actor=actor,
        ref=ids.public(ids.MANDATE, row.id),
        digest=content_digest(row),
        until=millis(row.valid_until),
        second=second,
    )


def content_digest(row: MandateRow) -> bytes:
    """What two officers agree on."""
    times = [millis(row.valid_from), millis(row.valid_until)]
    return digest(canonical(["mandate", 1, row.regulator_id.hex, row.sectors, row.regions, row.powers, times]))


def as_mandate(row: MandateRow) -> Mandate:
    """The row as other rooms see it."""
    return Mandate(
        id=row.id,
        regulator_id=row.regulator_id,
        sectors=None if row.sectors is None else frozenset(row.sectors),
        regions=None if row.regions is None else frozenset(row.regions),
        powers=frozenset(row.powers),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        status=row.status,
        reason=row.reason,
        granted_by=row.granted_by,
        second=row.second,
    )
