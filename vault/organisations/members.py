"""Members: who they are, whether they may, and who they stop being."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.crypto.sealing import same
from vault.db import Session
from vault.errors import Conflict, NotFound, Refused, Tampered
from vault.ids import MemberId, RequesterId
from vault.ledger.events import Event
from vault.ledger.events import member as by_member
from vault.ledger.log import append
from vault.organisations.roles import ADMINISTRATOR, POWERFUL, RestoringTakesTwo, check_left
from vault.organisations.tables import MemberRow, Organisation
from vault.requesters.standing import Capability
from vault.requesters.states import check_may
from vault.signin.changing import forget
from vault.signin.holders import MEMBER, Holder
from vault.signin.sessions import end_all

ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"
LEFT: Final = "left"


@dataclass(frozen=True)
class Member:
    """A member as other rooms see them. ``organisation`` is the requester's id."""

    id: MemberId
    organisation: RequesterId
    name: str
    roles: tuple[str, ...]
    status: str
    signing_public: bytes
    joined_at: datetime


async def member(session: Session, holder: Holder) -> Member:
    """The active member behind a sign-in, whatever the roles: for looking.

    Raises Refused when they are none any more, Tampered when the row was edited or has other keys than the sign-in.
    """
    if holder.realm != MEMBER:
        raise Refused("Only a member of an organisation may do this.")
    row = await session.get(MemberRow, holder.id)
    if row is None or row.status != ACTIVE:
        raise Refused("You are not an active member of the organisation.")
    keys_fit = same(row.signing_public, holder.bundle.signing_public) and same(row.box_public, holder.bundle.box_public)
    if not keys_fit or row.requester_id != holder.belongs_to:
        raise Tampered(private="a member's row is not that of the sign-in")
    await check_may(session, row.requester_id, Capability.SIGN_IN)
    return as_member(row)


async def member_for(session: Session, holder: Holder, *roles: str) -> Member:
    """As :func:`member`, for acts that take one of these roles."""
    found = await member(session, holder)
    if not set(roles) & set(found.roles):
        raise Refused(f"This takes the role {' or '.join(roles)}.")
    return found


async def members(session: Session, organisation: RequesterId) -> list[Member]:
    """Everybody who is or was one, oldest first."""
    wanted = sa.select(MemberRow).where(MemberRow.requester_id == organisation).order_by(MemberRow.id)
    return [as_member(row) for row in (await session.execute(wanted)).scalars()]


async def suspend(session: Session, holder: Holder, which: UUID) -> None:
    """A member may not act for now: their sign-ins end at once. Raises NotFound, Conflict, LastAdministrator."""
    await _set_status(session, holder, which, to=SUSPENDED)
    await end_all(session, which)


async def restore(session: Session, holder: Holder, which: UUID) -> None:
    """A suspended member may act again, with the roles they had."""
    await _set_status(session, holder, which, to=ACTIVE)


async def remove(session: Session, holder: Holder, which: UUID) -> None:
    """Somebody is no longer a member, for good: their sign-ins and their password are gone at once."""
    await _set_status(session, holder, which, to=LEFT)
    await forget(session, which)


_FROM: Final = {SUSPENDED: {ACTIVE}, ACTIVE: {SUSPENDED}, LEFT: {ACTIVE, SUSPENDED}}
_EVENTS: Final = {SUSPENDED: "member.suspended", ACTIVE: "member.restored", LEFT: "member.left"}


async def _set_status(session: Session, holder: Holder, which: UUID, *, to: str) -> None:
    by = await member_for(session, holder, ADMINISTRATOR)
    desk = await locked_desk(session, by.organisation)
    row = await locked_member(session, by.organisation, which)
    if row.id == by.id and to != LEFT:
        raise Refused("Nobody changes their own standing; leaving is possible.")
    if row.status not in _FROM[to]:
        raise Conflict(f"This member is {row.status}.")
    if to == ACTIVE and desk.two_members and POWERFUL & set(row.roles):
        raise RestoringTakesTwo
    if to != ACTIVE:
        others = [m.roles for m in await members(session, by.organisation) if m.status == ACTIVE and m.id != row.id]
        check_left(others, two_members=desk.two_members)
    row.status = to
    await append(session, about(_EVENTS[to], by, row.id))


def about(event: str, by: Member, which: UUID) -> Event:
    """An entry about a member."""
    return Event(name=event, actor=by_member(by.id), requester=by.organisation, ref=ids.public(ids.MEMBER, which))


async def locked_desk(session: Session, organisation: RequesterId) -> Organisation:
    """The organisation's own row, locked: whatever counts members or needs two waits for each other here."""
    found = await session.execute(
        sa.select(Organisation).where(Organisation.requester_id == organisation).with_for_update()
    )
    row = found.scalar_one_or_none()
    if row is None:
        raise NotFound("There is no such organisation.")
    return row


async def desk_of(session: Session, organisation: RequesterId) -> Organisation | None:
    """The same, not locked; None where nobody has joined yet."""
    return await session.get(Organisation, organisation)


async def locked_member(session: Session, organisation: RequesterId, which: UUID) -> MemberRow:
    """One member of this organisation. NotFound for anybody else, as for somebody who does not exist."""
    row = await session.get(MemberRow, MemberId(which), with_for_update=True, populate_existing=True)
    if row is None or row.requester_id != organisation:
        raise NotFound("There is no such member.")
    return row


def as_member(row: MemberRow) -> Member:
    """The row as other rooms see it."""
    return Member(row.id, row.requester_id, row.name, tuple(row.roles), row.status, row.signing_public, row.joined_at)
