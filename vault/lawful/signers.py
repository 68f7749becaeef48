"""The two who sign and carry out: one holds the registry's recovery role, the other the supervisory authority's."""

from datetime import date
from typing import Final

from vault.consent.terms import ItemForm
from vault.crypto.signing import is_signed
from vault.db import Session
from vault.errors import Refused, Tampered
from vault.ids import StaffId
from vault.lawful.orders import EMERGENCY, Instrument, Kind, LawfulOrder, LawfulRefused, Recipient, Signed
from vault.lawful.tables import LawfulOrderRow
from vault.ledger.events import Actor, officer, regulator
from vault.registry import StaffMember, mandated, staff_member
from vault.registry import officer as member_with
from vault.registry.mandates import LAWFUL_ACCESS
from vault.requesters.hidden import reads_as
from vault.signin.holders import OFFICER, REGULATOR, Holder

REGISTRY_ROLE: Final = "recovery-registry"
SUPERVISOR_ROLE: Final = "recovery-supervisor"
ROLES: Final = {OFFICER: REGISTRY_ROLE, REGULATOR: SUPERVISOR_ROLE}


async def signer(session: Session, holder: Holder) -> StaffMember:
    """Whoever is signed in, as one of the two. Raises Refused for everybody else, OutsideMandate, Tampered."""
    role = ROLES.get(holder.realm)
    if role is None:
        raise Refused("This takes a recovery role.")
    member = await member_with(session, holder, role)
    if holder.realm == REGULATOR:
        await mandated(session, holder, LAWFUL_ACCESS)
    return member


async def check_both(session: Session, row: LawfulOrderRow) -> None:
    """Both signed these very bytes, are in office, hold their roles, and belong to different organisations.

    Asked before each step, not once. Raises LawfulRefused, Tampered.
    """
    if row.officer_id is None or row.regulator_id is None:
        raise LawfulRefused("not-in-force")
    first, second = await staff_member(session, row.officer_id), await staff_member(session, row.regulator_id)
    check_different(first, second)
    message = signed_of(row).message()
    for member, signature in ((first, row.officer_signature), (second, row.regulator_signature)):
        if member.status != "active" or ROLES[member.realm] not in member.roles:
            raise LawfulRefused("not-in-force")
        if signature is None or not is_signed(member.signing_public, message, signature):
            raise Tampered(private="a signature under a lawful order does not verify")


def check_different(first: StaffMember, second: StaffMember) -> None:
    """Raises LawfulRefused unless they are two people of two organisations and of both realms."""
    if first.id == second.id:
        raise LawfulRefused("same-person")
    if first.realm == second.realm:
        raise LawfulRefused("same-side")
    if reads_as(first.organisation) == reads_as(second.organisation):
        raise LawfulRefused("same-organisation")


def put_signature(row: LawfulOrderRow, member: StaffMember, signature: bytes) -> None:
    """Write down who signed."""
    if member.realm == OFFICER:
        row.officer_id, row.officer_signature = member.id, signature
    else:
        row.regulator_id, row.regulator_signature = member.id, signature


def signed_of(row: LawfulOrderRow) -> Signed:
    """What a row says was signed."""
    kind: Kind = "emergency" if row.kind == EMERGENCY else "court"
    order = LawfulOrder(
        kind=kind,
        basis=row.basis,
        instrument=Instrument(row.authority, row.number, date.fromisoformat(row.issued_on), b""),
        recipient=Recipient(row.recipient_name, row.recipient_public),
        subject=row.subject,
        items=[ItemForm(each["item"], each["form"]) for each in row.items],
        valid_until=row.valid_until,
        openings=row.openings,
        reveal_at=row.reveal_at,
    )
    return Signed(row.id, order, row.document_digest, row.at)


def actor_of(holder: Holder) -> Actor:
    """Who acts, in an entry."""
    return officer(holder.id) if holder.realm == OFFICER else regulator(holder.id)


def is_signer(row: LawfulOrderRow, who: StaffId) -> bool:
    """Whether this person signed the order."""
    return who in {row.officer_id, row.regulator_id}
