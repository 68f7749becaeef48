"""From two approvals of an application to a requester: the terms both sign, the permit, what it becomes."""

from uuid import UUID

from vault import ids
from vault.clock import from_millis, millis
from vault.crypto.canonical import digest
from vault.db import Session
from vault.ids import DeclarationId, RequesterId
from vault.ledger.events import Event
from vault.ledger.events import officer as by_officer
from vault.ledger.log import append
from vault.registry import StaffMember, staff_member
from vault.requesters.activation import Clients, activate, permit_end, reserve
from vault.requesters.applications import Application, stored_application
from vault.requesters.declarations import declaration_digest
from vault.requesters.permits import Permit, PermitTerms, verify_permit
from vault.vetting.tables import ApplicationDecision, ApplicationRow


async def terms(session: Session, row: ApplicationRow, body: Application) -> PermitTerms:
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


async def approve_first(session: Session, row: ApplicationRow, member: StaffMember, signed: PermitTerms) -> None:
    """One approval is half."""
    row.status = "half_approved"
    await append(
        session,
        Event(
            name="application.approved",
            actor=by_officer(member.id),
            ref=ids.public(ids.APPLICATION, row.id),
            requester=signed.requester,
            approval=digest(signed.message()),
        ),
    )


async def permit_of(
    session: Session, row: ApplicationRow, signed: PermitTerms, decisions: list[ApplicationDecision]
) -> Permit:
    """The permit, verified as anybody would: the first signature comes from a row without a MAC."""
    approvals = [d for d in decisions if d.decision == "approve" and d.permit_signature is not None]
    permit = Permit(
        DeclarationId(UUID(hex=row.outcome["declaration"])),
        signed,
        {d.officer_id: d.permit_signature for d in approvals if d.permit_signature is not None},
    )
    keys: dict[UUID, bytes] = {
        d.officer_id: (await staff_member(session, d.officer_id)).signing_public for d in approvals
    }
    verify_permit(permit, stored_application(row.body).declaration, keys)
    return permit


async def approve_second(session: Session, row: ApplicationRow, body: Application, *, permit: Permit) -> Clients:
    """The organisation is let in."""
    first, second = permit.signatures
    made = await activate(session, body, permit, officers=(second, first), ref=ids.public(ids.APPLICATION, row.id))
    row.status, row.decided_at = "approved", session.now
    row.outcome = {**row.outcome, "client": made.production.hex, "sandbox": made.sandbox.hex}
    return made
