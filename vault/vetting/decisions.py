"""Deciding cases: two officers of different units, each with reasons and their own signature.

1. An officer may decide a case once, never beside somebody of their own unit, never for their own organisation, and
   an appeal not after refusing the application.
2. Nobody approves while a check that counts has failed or has no answer, or a question to the applicant is open.
3. The first approval fixes what both will sign; the second one makes it so, in one transaction with its entries.
One refusal ends a case; only an appeal takes two decisions either way.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.clock import millis
from vault.crypto.canonical import b64, canonical, digest
from vault.crypto.signing import is_signed
from vault.db import Database, Session
from vault.errors import Conflict, Invalid, Tampered, VaultError
from vault.ids import ApplicationId, CaseId, DeclarationId, RequesterId, StaffId
from vault.ledger.events import Event
from vault.ledger.events import officer as by_officer
from vault.ledger.log import append
from vault.registry import StaffMember, officer, staff_member
from vault.requesters.activation import registered
from vault.requesters.applications import Application, stored_application
from vault.requesters.hidden import reads_as
from vault.requesters.permits import decision_message
from vault.signin.holders import Holder
from vault.vetting import permitting
from vault.vetting.cases import APPEAL, APPLICATION, latest_run, locked, newest, ref
from vault.vetting.closing import approved, refused
from vault.vetting.questions import has_open
from vault.vetting.refusals import (
    RECORDED,
    CheckFailed,
    CheckOutstanding,
    NotItsMembers,
    OwnOrganisation,
    QuestionOpen,
    RefusedBefore,
    SameOfficer,
    SameUnit,
)
from vault.vetting.tables import ApplicationDecision, ApplicationRow, VettingCase

__all__ = ["Decided", "OwnOrganisation", "SameOfficer", "SameUnit", "decide", "decide_case", "decide_on_record"]

ROLE: Final = "vetting"
SHORTEST_REASON: Final = 4
LONGEST_REASON: Final = 500


@dataclass(frozen=True)
class Decided:
    """Where the case or its application stands after a decision; the ids are there once an application is approved."""

    status: str
    requester: RequesterId | None = None
    declaration: DeclarationId | None = None
    client_id: UUID | None = None
    sandbox: UUID | None = None


@dataclass(frozen=True)
class _Deciding:
    """One decision under way: what is decided, by whom, and who decided before."""

    case: VettingCase
    row: ApplicationRow
    body: Application
    member: StaffMember
    earlier: list[ApplicationDecision]


async def decide(
    session: Session, holder: Holder, application: ApplicationId, *, approve: bool, reason: str
) -> Decided:
    """As :func:`decide_case`, for the case in which the application stands."""
    await officer(session, holder, ROLE)
    return await decide_case(session, holder, await newest(session, application), approve=approve, reason=reason)


async def decide_case(session: Session, holder: Holder, case: CaseId, *, approve: bool, reason: str) -> Decided:
    """One officer's decision.

    Raises the refusals of :mod:`vault.vetting.refusals`, Conflict (decided already), NotFound, Refused, Invalid. What
    is raised rolls everything back: use :func:`decide_on_record`, which writes down what was tried.
    """
    member = await officer(session, holder, ROLE)
    if not SHORTEST_REASON <= len(reason.strip()) <= LONGEST_REASON or not reason.isprintable():
        raise Invalid.field("reason", f"must be one line of {SHORTEST_REASON} to {LONGEST_REASON} characters")
    held, row = await locked(session, case)
    earlier = [each for each in await _decisions(session, held.id) if await _counts(session, held, row, each)]
    deciding = _Deciding(held, row, stored_application(row.body), member, earlier)
    await _check_may_decide(session, deciding, approve)
    if approve:
        await _check_ready(session, held)
        await _check_speaks(session, deciding)
    made = _signed(session, holder, deciding, approve=approve, reason=reason)
    if held.kind in {APPLICATION, APPEAL}:
        return await _decide_application(session, holder, deciding, made)
    session.add(made)
    return await _decide_requester(session, deciding, made)


async def decide_on_record(db: Database, holder: Holder, case: CaseId, *, approve: bool, reason: str) -> Decided:
    """As :func:`decide_case`, in a transaction of its own; what is refused by rule is recorded in another one."""
    try:
        return await db.run(decide_case, holder, case, approve=approve, reason=reason)
    except RECORDED as attempt:
        await db.run(record_refusal, holder, case, attempt)
        raise


async def record_refusal(session: Session, holder: Holder, case: CaseId, why: VaultError) -> None:
    """Write down that an officer tried what they may not, or what cannot be done yet."""
    held, row = await locked(session, case)
    is_first = held.kind == APPLICATION
    await append(
        session,
        Event(
            name="application.approval_refused" if is_first else "case.approval_refused",
            actor=by_officer(holder.id),
            ref=ids.public(ids.APPLICATION, row.id) if is_first else ref(held.id),
            requester=held.requester_id,
            reason=why.name,
        ),
    )


async def _decisions(session: Session, case: UUID) -> list[ApplicationDecision]:
    mine = sa.select(ApplicationDecision).where(ApplicationDecision.case_id == case)
    return list(await session.scalars(mine.order_by(ApplicationDecision.at)))


async def _check_may_decide(session: Session, deciding: _Deciding, approve: bool) -> None:
    member, case = deciding.member, deciding.case
    if any(decision.officer_id == member.id for decision in deciding.earlier):
        raise SameOfficer
    if case.decided_at is not None:
        raise Conflict(f"This application is decided already: it is {case.status}.")
    organisation = deciding.body.organisation
    theirs = {reads_as(organisation.name.en), reads_as(organisation.name.zh_cn)}
    named = {reads_as(person.name) for person in organisation.responsible_persons}
    if reads_as(member.organisation) in theirs or reads_as(member.name) in named:
        raise OwnOrganisation
    if case.kind == APPEAL:
        first = await _decisions(session, case.application_id)
        if any(each.officer_id == member.id and each.decision == "refuse" for each in first):
            raise RefusedBefore
    if approve or case.kind == APPEAL:  # anybody may say no to an application; what takes two takes two units
        for each in deciding.earlier:
            other = await staff_member(session, each.officer_id)
            if _unit(other) == _unit(member):
                raise SameUnit


def _unit(member: StaffMember) -> tuple[str, str]:
    return reads_as(member.organisation), reads_as(member.unit)


async def _check_ready(session: Session, case: VettingCase) -> None:
    run = await latest_run(session, case.id)
    if failed := run.failed():
        raise CheckFailed(list(dict.fromkeys(each.name for each in failed)))
    if outstanding := run.outstanding(session.now):
        raise CheckOutstanding(outstanding)
    if await has_open(session, case.id):
        raise QuestionOpen


async def _check_speaks(session: Session, deciding: _Deciding) -> None:
    """What a registered organisation wants is filed by its members: name and code are public, so that what the
    registers say of them says nothing of whoever holds an application's token."""
    known = await registered(session, deciding.body.organisation.uscc)
    if deciding.case.kind in {APPLICATION, APPEAL} and known not in {None, deciding.row.requester_id}:
        raise NotItsMembers


def _signed(
    session: Session, holder: Holder, deciding: _Deciding, *, approve: bool, reason: str
) -> ApplicationDecision:
    made = ApplicationDecision(
        case_id=deciding.case.id,
        officer_id=StaffId(holder.id),
        decision="approve" if approve else "refuse",
        reason=reason,
        permit_signature=None,
        at=session.now,
    )
    made.signature = holder.bundle.sign(_message(deciding.case, deciding.row, made))
    return made


def _message(case: VettingCase, row: ApplicationRow, made: ApplicationDecision) -> bytes:
    """The canonical bytes that whoever decides signs."""
    body = digest(canonical(row.body))
    if case.kind == APPLICATION:
        approve = made.decision == "approve"
        return decision_message(row.id, body, approve=approve, reason=made.reason, at=made.at)
    told = {"v": 1, "kind": "case decision", "case": ref(case.id), "case_kind": case.kind, "body": b64(body)}
    return canonical({**told, "decision": made.decision, "reason": made.reason, "at": millis(made.at)})


async def _counts(session: Session, case: VettingCase, row: ApplicationRow, made: ApplicationDecision) -> bool:
    """Whether an earlier decision still does: an approval, while its officer may approve. Raises Tampered."""
    officer_then = await staff_member(session, made.officer_id)
    if not is_signed(officer_then.signing_public, _message(case, row, made), made.signature):
        raise Tampered(private="the signature of a decision does not verify")
    return made.decision == "refuse" or (officer_then.status == "active" and ROLE in officer_then.roles)


async def _decide_application(
    session: Session, holder: Holder, deciding: _Deciding, made: ApplicationDecision
) -> Decided:
    case, row, body, earlier = deciding.case, deciding.row, deciding.body, deciding.earlier
    yes = [each for each in earlier if each.decision == "approve"]
    if made.decision == "refuse" or len(yes) < len(earlier):
        session.add(made)
        await refused(session, case, row, deciding.member, earlier)
        return Decided(row.status)
    signed = await permitting.terms(session, row, body)
    made.permit_signature = holder.bundle.sign(signed.message())
    session.add(made)
    if not yes:
        await permitting.approve_first(session, row, deciding.member, signed)
        return Decided(row.status)
    permit = await permitting.permit_of(session, row, signed, [*yes, made])
    clients = await permitting.approve_second(session, row, body, permit=permit)
    case.requester_id = signed.requester
    await approved(session, case, officers=(made.officer_id, yes[0].officer_id))
    return Decided(row.status, signed.requester, permit.declaration, clients.production, clients.sandbox)


async def _decide_requester(session: Session, deciding: _Deciding, made: ApplicationDecision) -> Decided:
    """A renewal, or a case that a source re-opened."""
    case, earlier = deciding.case, deciding.earlier
    if made.decision == "refuse":
        await refused(session, case, deciding.row, deciding.member, earlier)
        return Decided(case.status, case.requester_id)
    if not earlier:
        approval = Event(
            name="case.approved",
            actor=by_officer(made.officer_id),
            ref=ref(case.id),
            outcome=case.kind,
            requester=case.requester_id,
        )
        await append(session, approval)
        return Decided("half_approved", case.requester_id)
    await approved(session, case, officers=(made.officer_id, earlier[0].officer_id))
    return Decided(case.status, case.requester_id)
