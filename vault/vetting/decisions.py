"""Vetting: an organisation applies, two different officers decide, each with their own signature.

1. ``apply`` takes the application in.
2. The first approval fixes what both will sign: the requester's id and the permit's end.
3. The second approval makes requester, declaration, permit and client in one transaction with their entries.
A refusal by any officer ends it. No officer decides twice, nor for the organisation they work for.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.clock import from_millis, millis
from vault.crypto.canonical import canonical, digest
from vault.db import Database, Session
from vault.errors import Conflict, Invalid, NotFound, Refused
from vault.ids import ApplicationId, DeclarationId, RequesterId, StaffId
from vault.ledger.events import Event
from vault.ledger.events import officer as by_officer
from vault.ledger.log import append
from vault.registry import StaffMember, officer, staff_member
from vault.requesters.activation import activate, permit_end, reserve
from vault.requesters.applications import Application, stored_application
from vault.requesters.declarations import declaration_digest
from vault.requesters.permits import Permit, PermitTerms, decision_message, verify_permit
from vault.signin.holders import Holder
from vault.vetting.desk import decisions_of
from vault.vetting.tables import ApplicationDecision, ApplicationRow

ROLE: Final = "vetting"
SHORTEST_REASON: Final = 4
LONGEST_REASON: Final = 500


class SameOfficer(Refused):
    """One officer cannot decide the same application twice: a permit needs two."""

    name, title = "same-officer", "You have decided this application already"
    advice = "Another officer with the vetting role must decide."


class OwnOrganisation(Refused):
    """Nobody approves their own act: officers are never applicants."""

    name, title = "own-organisation", "You may not decide for your own organisation"
    advice = "An officer who has no part in this organisation must decide."


@dataclass(frozen=True)
class Decided:
    """Where an application stands after a decision; the ids are there once it is approved."""

    status: str
    requester: RequesterId | None = None
    declaration: DeclarationId | None = None
    client_id: UUID | None = None


async def decide(
    session: Session, holder: Holder, application: ApplicationId, *, approve: bool, reason: str
) -> Decided:
    """One officer's decision. Raises SameOfficer, OwnOrganisation, Conflict (decided already), NotFound.

    A refusal raised here rolls everything back: record it with :func:`record_refusal`, or use
    :func:`decide_on_record`, which does.
    """
    member = await officer(session, holder, ROLE)
    _check_reason(reason)
    row = await _locked(session, application)
    body = stored_application(row.body)
    earlier = await decisions_of(session, application)
    _check_may_decide(row, body, member, earlier)
    approval = await _terms(session, row, body) if approve else None
    made = _signed(session, holder, row, approve=approve, reason=reason)
    if approval is None:
        session.add(made)
        return await _refuse(session, row, member)
    made.permit_signature = holder.bundle.sign(approval.message())
    session.add(made)
    if not earlier:
        return await _approve_first(session, row, member, approval)
    return await _approve_second(session, row, body, permit=await _permit(session, row, approval, [*earlier, made]))


async def decide_on_record(
    db: Database, holder: Holder, application: ApplicationId, *, approve: bool, reason: str
) -> Decided:
    """As :func:`decide`, in a transaction of its own; what is refused by rule is recorded in another one."""
    try:
        return await db.run(decide, holder, application, approve=approve, reason=reason)
    except (SameOfficer, OwnOrganisation) as refused:
        await db.run(record_refusal, holder, application, refused)
        raise


async def record_refusal(session: Session, holder: Holder, application: ApplicationId, why: Refused) -> None:
    """Write down that an officer tried what they may not."""
    await append(
        session,
        Event(
            name="application.approval_refused",
            actor=by_officer(holder.id),
            ref=ids.public(ids.APPLICATION, application),
            reason=why.name,
        ),
    )


def _check_reason(reason: str) -> None:
    if not SHORTEST_REASON <= len(reason.strip()) <= LONGEST_REASON or not reason.isprintable():
        raise Invalid.field("reason", f"must be one line of {SHORTEST_REASON} to {LONGEST_REASON} characters")


async def _locked(session: Session, application: ApplicationId) -> ApplicationRow:
    found = await session.execute(sa.select(ApplicationRow).where(ApplicationRow.id == application).with_for_update())
    row = found.scalar_one_or_none()
    if row is None:
        raise NotFound("There is no such application.")
    return row


def _check_may_decide(
    row: ApplicationRow, body: Application, member: StaffMember, earlier: list[ApplicationDecision]
) -> None:
    if any(decision.officer_id == member.id for decision in earlier):
        raise SameOfficer
    if row.decided_at is not None:
        raise Conflict(f"This application is decided already: it is {row.status}.")
    name = body.organisation.name
    theirs = {name.en.casefold(), name.zh_cn.casefold()}
    named = {person.name for person in body.organisation.responsible_persons}
    if member.organisation.strip().casefold() in theirs or member.name in named:
        raise OwnOrganisation


async def _terms(session: Session, row: ApplicationRow, body: Application) -> PermitTerms:
    """What both officers sign: fixed by the first approval, the same for the second."""
    fixed = row.outcome
    if not fixed:
        requester = await reserve(session, body.organisation)
        fixed = {
            "requester": requester.hex,
            "declaration": ids.new_uuid().hex,
            "valid_until": millis(permit_end(session.now)),
        }
        row.outcome = fixed
    return PermitTerms(
        declaration_digest(body.declaration),
        RequesterId(UUID(hex=fixed["requester"])),
        from_millis(fixed["valid_until"]),
    )


def _signed(
    session: Session, holder: Holder, row: ApplicationRow, *, approve: bool, reason: str
) -> ApplicationDecision:
    message = decision_message(row.id, digest(canonical(row.body)), approve=approve, reason=reason, at=session.now)
    return ApplicationDecision(
        application_id=row.id,
        officer_id=StaffId(holder.id),
        decision="approve" if approve else "refuse",
        reason=reason,
        signature=holder.bundle.sign(message),
        permit_signature=None,
        at=session.now,
    )


async def _refuse(session: Session, row: ApplicationRow, member: StaffMember) -> Decided:
    row.status, row.decided_at = "refused", session.now
    ref = ids.public(ids.APPLICATION, row.id)
    await append(
        session, Event(name="application.rejected", actor=by_officer(member.id), ref=ref, reason="officer-refused")
    )
    return Decided(row.status)


async def _approve_first(session: Session, row: ApplicationRow, member: StaffMember, terms: PermitTerms) -> Decided:
    row.status = "half_approved"
    await append(
        session,
        Event(
            name="application.approved",
            actor=by_officer(member.id),
            ref=ids.public(ids.APPLICATION, row.id),
            requester=terms.requester,
            approval=digest(terms.message()),
        ),
    )
    return Decided(row.status)


async def _permit(
    session: Session, row: ApplicationRow, terms: PermitTerms, decisions: list[ApplicationDecision]
) -> Permit:
    """The permit, verified as anybody would: the first signature comes from a row without a MAC."""
    approvals = [d for d in decisions if d.decision == "approve" and d.permit_signature is not None]
    permit = Permit(
        DeclarationId(UUID(hex=row.outcome["declaration"])),
        terms,
        {d.officer_id: d.permit_signature for d in approvals if d.permit_signature is not None},
    )
    keys: dict[UUID, bytes] = {
        d.officer_id: (await staff_member(session, d.officer_id)).signing_public for d in approvals
    }
    verify_permit(permit, stored_application(row.body).declaration, keys)
    return permit


async def _approve_second(session: Session, row: ApplicationRow, body: Application, *, permit: Permit) -> Decided:
    first, second = permit.signatures
    client_id = await activate(session, body, permit, officers=(second, first), ref=ids.public(ids.APPLICATION, row.id))
    row.status, row.decided_at = "approved", session.now
    row.outcome = {**row.outcome, "client": client_id.hex}
    return Decided(row.status, permit.terms.requester, permit.declaration, client_id)
