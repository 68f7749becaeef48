"""Giving regulators their mandates: one officer proposes, one of another unit agrees.

Whoever grants mandates is supervised by those who get them. So no officer can grant, narrow or end one alone: what is
in force stays as it is until two agreed on what takes its place. A mandate without powers ends the one before it.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from vault import ids
from vault.clock import from_millis, millis
from vault.db import Database, Session
from vault.errors import Conflict, Invalid, Refused
from vault.ids import StaffId
from vault.ledger import events, log
from vault.ledger.events import Event
from vault.registry.candidates import VETTING, StaffMember
from vault.registry.mandates import (
    DECLINED,
    ENDED,
    IN_FORCE,
    LONGEST,
    POWERS,
    PROPOSED,
    Mandate,
    as_mandate,
    mandate_row,
    row_in_force,
    said,
)
from vault.registry.staff import ACTIVE, officer, staff_member
from vault.registry.tables import MandateRow
from vault.signin.holders import REGULATOR, Holder

OPEN: Final = timedelta(days=14)
"""How long a proposal waits for a second officer."""
_SECTOR: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_REGION: Final = re.compile(r"[1-9][0-9]([0-9]{2}){0,2}")
_MOST: Final = 100


class AnotherColleague(Refused):
    """The second officer must be somebody else, of another unit."""

    name, title = "another-colleague", "Somebody else must decide this"
    advice = "An officer of another unit than whoever proposed it must decide."


@dataclass(frozen=True)
class Terms:
    """What a mandate shall say. ``sectors``: categories of purposes; ``regions``: 2, 4 or 6 digits of a division code
    (GB/T 2260); None: all. No ``powers``: whatever was in force ends. ``valid_until``: at most five years ahead."""

    regulator: StaffId
    sectors: Sequence[str] | None
    regions: Sequence[str] | None
    powers: Sequence[str]
    valid_until: datetime
    reason: str


async def propose_mandate(session: Session, holder: Holder, terms: Terms) -> Mandate:
    """The first officer's half, with the role vetting. Raises Refused, Invalid, NotFound."""
    member = await officer(session, holder, VETTING)
    about = await staff_member(session, terms.regulator)
    if about.realm != REGULATOR or about.status != ACTIVE:
        raise Invalid.field("regulator", "must be an active regulator")
    _check(terms, session.now)
    row = MandateRow(
        id=ids.new_uuid(),
        regulator_id=terms.regulator,
        sectors=None if terms.sectors is None else sorted(set(terms.sectors)),
        regions=None if terms.regions is None else sorted(set(terms.regions)),
        powers=[power for power in POWERS if power in terms.powers],
        valid_from=session.now,
        valid_until=from_millis(millis(terms.valid_until)),
        status=PROPOSED,
        reason=terms.reason,
        granted_by=member.id,
        second=None,
    )
    session.add(row)
    await session.flush()
    await log.append(session, said("mandate.proposed", row, events.officer(member.id)))
    return as_mandate(row)


async def decide_mandate(session: Session, holder: Holder, mandate_id: UUID, *, agree: bool) -> Mandate:
    """The second officer's half: what was in force before ends with the same transaction.

    Raises Refused without the role, AnotherColleague, Conflict when it is decided or too old, NotFound, Tampered.
    """
    member = await officer(session, holder, VETTING)
    row = await mandate_row(session, mandate_id)
    first = await _first(session, row)
    if first.id == member.id or _is_same_unit(first, member):
        raise AnotherColleague("You may not decide what you, or your unit, proposed.")
    who = events.officer(member.id)
    row.second = member.id
    if not agree:
        row.status = DECLINED
        await log.append(session, said("mandate.declined", row, who, second=first.id))
        return as_mandate(row)
    before = await row_in_force(session, row.regulator_id)
    if before is not None:
        before.status = ENDED
        await session.flush()
        await log.append(session, said("mandate.ended", before, who, second=first.id))
    row.status = IN_FORCE if row.powers else ENDED
    await session.flush()
    await log.append(session, said("mandate.granted", row, who, second=first.id))
    return as_mandate(row)


async def decide_on_record(db: Database, holder: Holder, mandate_id: UUID, *, agree: bool) -> Mandate:
    """:func:`decide_mandate`; that somebody tried alone is recorded too."""
    try:
        return await db.run(decide_mandate, holder, mandate_id, agree=agree)
    except AnotherColleague:
        event = Event(
            name="mandate.attempt_refused",
            actor=events.officer(holder.id),
            ref=ids.public(ids.MANDATE, mandate_id),
            reason=AnotherColleague.name,
        )
        await db.run(log.append, event)
        raise


async def _first(session: Session, row: MandateRow) -> StaffMember:
    if row.status != PROPOSED or row.granted_by is None or session.now >= row.valid_from + OPEN:
        raise Conflict("This is decided already, or its time is over.")
    first = await staff_member(session, row.granted_by)
    if first.status != ACTIVE or VETTING not in first.roles:
        raise Conflict("Whoever proposed this is no longer an officer who may: propose it anew.")
    return first


def _check(terms: Terms, now: datetime) -> None:
    if unknown := sorted(set(terms.powers) - set(POWERS)):
        raise Invalid.field("powers", f"has no {unknown[0]!r}; there are {', '.join(POWERS)}")
    for name, codes, shape in (("sectors", terms.sectors, _SECTOR), ("regions", terms.regions, _REGION)):
        if codes is not None and not (1 <= len(codes) <= _MOST and all(shape.fullmatch(code) for code in codes)):
            raise Invalid.field(name, "must be a list of codes, or left out for all")
    if not now < terms.valid_until <= now + LONGEST:
        raise Invalid.field("valid_until", f"must be a moment within {LONGEST.days} days from now")
    if not 4 <= len(terms.reason) <= 500 or not terms.reason.isprintable():
        raise Invalid.field("reason", "must be one line of 4 to 500 characters")


def _is_same_unit(one: StaffMember, other: StaffMember) -> bool:
    units = {unicodedata.normalize("NFKC", f"{each.organisation}/{each.unit}").casefold() for each in (one, other)}
    return len(units) == 1
