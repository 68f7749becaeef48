"""Becoming a member: the first one with the approved application's token, the others by invitation. Each token once.

The token is looked at before the password is stretched, so that strangers cannot keep the queue busy, and again in
the transaction that uses it up.
"""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from vault import ids
from vault.crypto.bundles import Bundle
from vault.crypto.canonical import digest
from vault.crypto.sealing import same
from vault.db import Session, constraint
from vault.errors import Conflict, NotFound
from vault.ids import ApplicationId, MemberId, RequesterId
from vault.ledger.events import Event
from vault.ledger.events import member as by_member
from vault.ledger.log import append
from vault.organisations.members import desk_of
from vault.organisations.roles import ADMINISTRATOR, check_name
from vault.organisations.tables import Invitation, MemberRow, Organisation
from vault.requesters.standing import Capability, allows
from vault.requesters.states import state_of_requester
from vault.signin.holders import MEMBER, Holder
from vault.signin.passwords import Prepared, enrol
from vault.vetting import desk as vetting

LONGEST_TOKEN: Final = 200
_NO: Final = "This number and token do not belong together, or were used already."


@dataclass(frozen=True)
class Ticket:
    """What lets somebody in: the public id of an application or an invitation, and its token."""

    number: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Newcomer:
    """Who joins, under which login name, with a password already prepared."""

    name: str
    login: str
    prepared: Prepared


@dataclass(frozen=True)
class _Place:
    organisation: RequesterId
    roles: list[str]
    invitation: Invitation | None = None
    application: ApplicationId | None = None


async def check_ticket(session: Session, ticket: Ticket, name: str) -> None:
    """Whether the ticket lets anybody in now. NotFound when it does not, in the same words for every cause; Invalid."""
    check_name(name)
    await _place(session, ticket)


async def join(session: Session, ticket: Ticket, newcomer: Newcomer) -> MemberId:
    """Use the ticket up. Raises NotFound, Invalid, LoginTaken; Conflict when two first members come at once."""
    check_name(newcomer.name)
    place = await _place(session, ticket, lock=True)
    if place.application is not None:
        await _open_desk(session, place)
    member_id, bundle = MemberId(ids.new_uuid()), Bundle.generate()
    session.add(_row(session, member_id, place, bundle=bundle, name=newcomer.name))
    # The holder is made for this enrolment only: no sign-in stands behind it.
    holder = Holder(MEMBER, member_id, bundle, member_id, place.organisation)
    await enrol(session, holder, login=newcomer.login, prepared=newcomer.prepared)
    if place.invitation is not None:
        place.invitation.status, place.invitation.member_id = "used", member_id
    await append(session, _joined(member_id, place))
    return member_id


async def _place(session: Session, ticket: Ticket, *, lock: bool = False) -> _Place:
    token = ticket.token[:LONGEST_TOKEN]
    if ticket.number.startswith(f"{ids.INVITATION}_"):
        place = await _invited(session, ids.parse(ids.INVITATION, ticket.number), token, lock=lock)
    else:
        place = await _applied(session, ApplicationId(ids.parse(ids.APPLICATION, ticket.number)), token)
    if not allows(await state_of_requester(session, place.organisation), Capability.SIGN_IN):
        raise NotFound(_NO, private="members of this requester may not sign in")
    return place


async def _invited(session: Session, which: UUID, token: str, *, lock: bool) -> _Place:
    wanted = sa.select(Invitation).where(Invitation.id == which)
    row = (await session.execute(wanted.with_for_update() if lock else wanted)).scalar_one_or_none()
    if row is None or not same(digest(token.encode("utf-8", "replace")), row.token_hash):
        raise NotFound(_NO)
    if row.status != "open" or session.now >= row.expires_at:
        raise NotFound(_NO, private=f"the invitation is {row.status}")
    inviter = await session.get(MemberRow, row.invited_by)
    if inviter is None or inviter.status != "active":
        raise NotFound(_NO, private="who invited is no longer an active member")
    return _Place(row.requester_id, row.roles, invitation=row)


async def _applied(session: Session, which: ApplicationId, token: str) -> _Place:
    try:
        found = await vetting.status(session, which, token.encode("utf-8", "replace").decode())
    except NotFound:
        raise NotFound(_NO) from None
    if found.requester is None:
        raise NotFound(_NO, private="the application is not approved")
    organisation = RequesterId(found.requester)
    if await desk_of(session, organisation) is not None:
        raise NotFound(_NO, private="the organisation has members: they invite")
    return _Place(organisation, [ADMINISTRATOR], application=which)


async def _open_desk(session: Session, place: _Place) -> None:
    assert place.application is not None
    row = Organisation(
        requester_id=place.organisation,
        application_id=place.application,
        two_members=False,
        opened_at=session.now,
    )
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        if constraint(error) != "pk_organisations":
            raise
        raise Conflict("Somebody joined with this token just now.") from None


def _row(session: Session, member_id: MemberId, place: _Place, *, bundle: Bundle, name: str) -> MemberRow:
    return MemberRow(
        id=member_id,
        requester_id=place.organisation,
        name=name,
        roles=list(place.roles),
        box_public=bundle.box_public,
        signing_public=bundle.signing_public,
        status="active",
        joined_at=session.now,
    )


def _joined(member_id: MemberId, place: _Place) -> Event:
    return Event(
        name="member.joined",
        actor=by_member(member_id),
        requester=place.organisation,
        ref=ids.public(ids.MEMBER, member_id),
        roles=tuple(place.roles),
        outcome="invitation" if place.invitation else "application",
        second=place.invitation.invited_by if place.invitation else None,
    )
