"""How cases end, and what follows for the requester."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.db import Session
from vault.ids import ApplicationId, StaffId
from vault.ledger.events import Event
from vault.ledger.events import officer as by_officer
from vault.ledger.log import append
from vault.registry import StaffMember
from vault.requesters import renewal
from vault.vetting.cases import APPEAL, APPLICATION, RENEWAL, REOPENED, newest, ref, schedule
from vault.vetting.tables import ApplicationDecision, ApplicationRow, VettingCase, VettingWork

FIRST_LOOK: Final = timedelta(minutes=1)
"""A requester that was just let in is looked at again so soon; then at the interval of the settings."""


async def approved(session: Session, case: VettingCase, *, officers: tuple[StaffId, StaffId]) -> None:
    """Two officers approved. ``officers``: who decided second, and who decided first."""
    case.status, case.decided_at = "approved", session.now
    await _no_more_checks(session, case)
    assert case.requester_id is not None
    if case.kind in {RENEWAL, REOPENED}:
        await append(session, _event("case.approved", case, officers[0], second=officers[1]))
    if case.kind == RENEWAL:
        until = await renewal.renew(session, case.requester_id, officers=officers, ref=ref(case.id))
        case.outcome = {**case.outcome, "until": until.isoformat()}
    if case.kind == REOPENED and (measure := case.outcome.get("measure")):
        works = await renewal.restore_after(
            session, case.requester_id, UUID(hex=measure), reason="vetting-passed", officers=officers
        )
        case.outcome = {**case.outcome, "restored": works}
    await schedule(session, case.requester_id, "watch", session.now + FIRST_LOOK)


async def refused(
    session: Session,
    case: VettingCase,
    row: ApplicationRow,
    member: StaffMember,
    earlier: list[ApplicationDecision],
) -> None:
    """An officer refused, or in an appeal the two do not agree: which is over with the second decision only."""
    if case.kind == APPEAL and not earlier:
        await append(session, _event("case.rejected", case, member.id))
        return
    case.status, case.decided_at = "refused", session.now
    await _no_more_checks(session, case)
    if case.kind in {APPLICATION, APPEAL}:
        row.status, row.decided_at = "refused", session.now
    if case.kind == APPLICATION:
        public = ids.public(ids.APPLICATION, row.id)
        rejected = Event(name="application.rejected", actor=by_officer(member.id), ref=public, reason="officer-refused")
        await append(session, rejected)
        return
    second = earlier[0].officer_id if earlier else None
    await append(session, _event("case.rejected", case, member.id, second=second))


async def withdraw_case(session: Session, application: ApplicationId) -> None:
    """The applicant took the application back, whose row is locked: nothing is left to decide or to check."""
    held = await session.get_one(VettingCase, await newest(session, application), with_for_update=True)
    held.status, held.decided_at = "withdrawn", session.now
    await _no_more_checks(session, held)


def _event(name: str, case: VettingCase, by: StaffId, *, second: StaffId | None = None) -> Event:
    return Event(
        name=name,
        actor=by_officer(by),
        ref=ref(case.id),
        outcome=case.kind,
        requester=case.requester_id,
        reason="officer-refused" if name == "case.rejected" else None,
        second=second,
    )


async def _no_more_checks(session: Session, case: VettingCase) -> None:
    await session.execute(sa.delete(VettingWork).where(VettingWork.id == case.id))
