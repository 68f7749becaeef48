"""Appeals: a refused applicant may have two other officers look again, once and in time."""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from vault import ids
from vault.crypto.canonical import digest
from vault.db import Session, constraint
from vault.errors import Conflict, Invalid
from vault.ids import ApplicationId, CaseId
from vault.ledger.events import REGISTRY, Event
from vault.ledger.log import append
from vault.vetting.cases import APPEAL, open_case
from vault.vetting.tables import ApplicationRow, VettingCase

TERM: Final = timedelta(days=30)
"""An appeal must come within this time after the refusal."""
SHORTEST: Final = 20
LONGEST: Final = 4000


class NoAppeal(Conflict):
    """There is nothing to appeal against, or no longer."""

    name, title = "no-appeal", "An appeal is not possible"
    advice = "A refusal can be appealed against once, within 30 days; after that, hand in a new application."


async def appeal(session: Session, application: ApplicationId, grounds: str) -> CaseId:
    """The applicant appeals: whoever calls has checked that it is theirs. Raises NoAppeal, Invalid, NotFound."""
    if not SHORTEST <= len(grounds.strip()) <= LONGEST or not grounds.replace("\n", " ").isprintable():
        raise Invalid.field("grounds", f"must have {SHORTEST} to {LONGEST} characters")
    row = await session.get_one(ApplicationRow, application, with_for_update=True, populate_existing=True)
    if row.status != "refused" or row.decided_at is None:
        raise NoAppeal("Only a refused application can be appealed against.")
    if await _has_appealed(session, application):
        raise NoAppeal("This refusal was appealed against already.")
    if session.now > row.decided_at + TERM:
        raise NoAppeal("The time for an appeal is over.")
    row.status, row.decided_at, row.outcome = "received", None, {}
    try:
        async with session.begin_nested():
            case = await open_case(session, application, APPEAL, grounds=grounds)
    except IntegrityError as error:
        if constraint(error) != "uq_vetting_cases_appeal":
            raise
        raise NoAppeal("This refusal was appealed against already.") from None
    public = ids.public(ids.APPLICATION, application)
    await append(
        session, Event(name="application.appealed", actor=REGISTRY, ref=public, digest=digest(grounds.encode()))
    )
    return case.id


async def may_appeal(session: Session, application: ApplicationId) -> bool:
    """Whether a refusal can still be appealed against."""
    row = await session.get_one(ApplicationRow, application)
    if row.status != "refused" or row.decided_at is None or session.now > row.decided_at + TERM:
        return False
    return not await _has_appealed(session, application)


async def _has_appealed(session: Session, application: ApplicationId) -> bool:
    found = sa.select(VettingCase.id).where(VettingCase.application_id == application, VettingCase.kind == APPEAL)
    return await session.scalar(found) is not None
