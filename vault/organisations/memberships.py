"""Changes of who may do what: a member's roles, an invitation that gives power, whether changes take two members."""

from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.db import Session
from vault.errors import Conflict, Invalid, NotFound, Refused
from vault.ledger.events import Event
from vault.ledger.events import member as by_member
from vault.ledger.log import append
from vault.organisations.kinds import Kind, Made, nothing_to_drop
from vault.organisations.members import Member, locked_member, members
from vault.organisations.roles import ADMINISTRATOR, POWERFUL, TooFewForTwo, check_left, check_roles
from vault.organisations.tables import Invitation, MemberRow, Organisation

ROLES_CHANGED, INVITATION, TWO_MEMBERS = "roles", "invitation", "two-members"


async def _check_roles_change(session: Session, made: Made) -> None:
    roles = check_roles(made.body["roles"])
    row = await locked_member(session, made.organisation, made.subject_id())
    if row.status == "left":
        raise Conflict("This member has left.")
    own = row.id in (made.by.id, made.second)
    if own and not set(roles) <= set(row.roles):
        raise Refused("Nobody raises their own roles: another administrator must.")
    if row.status == "active":
        await _check_others(session, made, row, roles)


async def _check_others(session: Session, made: Made, row: MemberRow, roles: list[str]) -> None:
    desk = await session.get(Organisation, made.organisation)
    everybody = await members(session, made.organisation)
    others = [each.roles for each in everybody if each.status == "active" and each.id != row.id]
    check_left([*others, tuple(roles)], two_members=desk is not None and desk.two_members)


async def _change_roles(session: Session, _desk: Organisation, made: Made) -> None:
    row = await locked_member(session, made.organisation, made.subject_id())
    row.roles = check_roles(made.body["roles"])
    event = Event(
        name="member.changed",
        actor=by_member(made.by.id),
        requester=made.organisation,
        ref=ids.public(ids.MEMBER, row.id),
        roles=tuple(row.roles),
        second=made.second,
    )
    await append(session, event)


async def _check_invitation(session: Session, made: Made) -> None:
    check_roles(made.body["roles"])
    await _waiting(session, made)


async def _open_invitation(session: Session, _desk: Organisation, made: Made) -> None:
    row = await _waiting(session, made)
    if row.invited_by == made.by.id and made.second is not None:
        raise Refused("Nobody confirms their own invitation.")
    row.status = "open"
    event = Event(
        name="member.invited",
        actor=by_member(made.by.id),
        requester=made.organisation,
        ref=ids.public(ids.INVITATION, row.id),
        roles=tuple(row.roles),
    )
    await append(session, event)


async def _waiting(session: Session, made: Made) -> Invitation:
    row = await session.get(Invitation, made.subject_id(), with_for_update=True, populate_existing=True)
    if row is None or row.requester_id != made.organisation:
        raise NotFound("There is no such invitation.")
    if row.status != "waiting" or session.now >= row.expires_at:
        raise Conflict("This invitation can no longer be confirmed.")
    return row


async def _drop_invitation(session: Session, subject: UUID | None) -> None:
    row = await session.get(Invitation, subject, with_for_update=True, populate_existing=True) if subject else None
    if row is not None and row.status == "waiting":
        row.status = "withdrawn"


async def _check_two(session: Session, made: Made) -> None:
    wanted = made.body.get("two_members")
    if not isinstance(wanted, bool):
        raise Invalid.field("two_members", "must be true or false")
    desk = await session.get(Organisation, made.organisation)
    if desk is not None and desk.two_members == wanted:
        raise Conflict("It is so already.")
    able = [each for each in await members(session, made.organisation) if each.status == "active"]
    if sum(bool(POWERFUL & set(each.roles)) for each in able) < 2:
        raise TooFewForTwo


async def _set_two(session: Session, desk: Organisation, made: Made) -> None:
    desk.two_members = bool(made.body["two_members"])
    if desk.two_members:
        await _close_doors(session, made)
    event = Event(
        name="requester.two_members_changed",
        actor=by_member(made.by.id),
        requester=made.organisation,
        outcome="yes" if desk.two_members else "no",
        second=made.second,
    )
    await append(session, event)


async def _close_doors(session: Session, made: Made) -> None:
    """What one member alone let stand open: invitations that give power lapse, and can be made again by two."""
    wanted = sa.select(Invitation).where(
        Invitation.requester_id == made.organisation, Invitation.status == "open", Invitation.expires_at > session.now
    )
    for row in (await session.scalars(wanted.order_by(Invitation.id).with_for_update())).all():
        if POWERFUL & set(row.roles):
            row.status = "withdrawn"
            await append(session, uninvited(made.by, row))


def uninvited(by: Member, row: Invitation) -> Event:
    """An entry about an invitation that lets nobody in any more."""
    ref = ids.public(ids.INVITATION, row.id)
    return Event(name="member.uninvited", actor=by_member(by.id), requester=row.requester_id, ref=ref)


KINDS: Final[dict[str, Kind]] = {
    ROLES_CHANGED: Kind(
        role=ADMINISTRATOR,
        check=_check_roles_change,
        make=_change_roles,
        drop=nothing_to_drop,
        only_powerful=True,
        is_about_a_member=True,
    ),
    INVITATION: Kind(
        role=ADMINISTRATOR,
        check=_check_invitation,
        make=_open_invitation,
        drop=_drop_invitation,
        only_powerful=True,
    ),
    TWO_MEMBERS: Kind(role=ADMINISTRATOR, check=_check_two, make=_set_two, drop=nothing_to_drop, always_two=True),
}
