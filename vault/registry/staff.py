"""Officers and regulators at work: who they are, and whether they may."""

import sqlalchemy as sa

from vault.crypto.sealing import same
from vault.db import Session
from vault.errors import NotFound, Refused, Tampered
from vault.ids import StaffId
from vault.registry.candidates import StaffMember, realm_of
from vault.registry.tables import Staff
from vault.signin.holders import OFFICER, REGULATOR, Holder

ACTIVE = "active"


async def officer(session: Session, holder: Holder, role: str) -> StaffMember:
    """The member of staff behind a sign-in, who is active and has the role now (``oversight`` too).

    Raises Refused when not, Tampered when the row was edited or its keys are not those of the sign-in.
    """
    member = await active(session, holder, realm_of(role))
    if role not in member.roles:
        raise Refused(f"This takes the role {role}.")
    return member


async def regulator(session: Session, holder: Holder, role: str) -> StaffMember:
    """As :func:`officer`, for the roles of regulators."""
    if realm_of(role) != REGULATOR:
        raise Refused(f"{role} is no role of regulators.")
    return await officer(session, holder, role)


async def active(session: Session, holder: Holder, realm: str) -> StaffMember:
    """The active member of staff behind a sign-in, whatever the roles. Raises as :func:`officer`."""
    if holder.realm != realm:
        raise Refused("Only an officer may do this." if realm == OFFICER else "Only a regulator may do this.")
    row = await session.get(Staff, holder.id)
    if row is None or row.realm != realm or row.status != ACTIVE:
        raise Refused("You are no longer an active member of staff.")
    if not same(row.signing_public, holder.bundle.signing_public) or not same(row.box_public, holder.bundle.box_public):
        raise Tampered(private="the keys of a sign-in are not those of the staff row")
    return as_member(row)


async def staff_member(session: Session, staff_id: StaffId) -> StaffMember:
    """Anybody who is or was on the staff, for checking their signatures. Raises NotFound, Tampered."""
    row = await session.get(Staff, staff_id)
    if row is None:
        raise NotFound
    return as_member(row)


async def everybody(session: Session) -> list[StaffMember]:
    """All staff, oldest first."""
    return [as_member(row) for row in (await session.execute(sa.select(Staff).order_by(Staff.id))).scalars()]


def as_member(row: Staff) -> StaffMember:
    """The row as other rooms see it."""
    return StaffMember(
        id=row.id,
        realm=row.realm,
        name=row.name,
        organisation=row.organisation,
        unit=row.unit,
        roles=tuple(row.roles),
        box_public=row.box_public,
        signing_public=row.signing_public,
        status=row.status,
    )
