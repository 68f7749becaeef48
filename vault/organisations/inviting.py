"""Invitations: made by an administrator, shown once, good once, for a few days."""

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.crypto.canonical import b64, digest
from vault.db import Session
from vault.errors import Conflict, NotFound
from vault.ids import MemberId, RequesterId
from vault.ledger.log import append
from vault.organisations.changes import propose
from vault.organisations.members import Member, locked_desk, member_for
from vault.organisations.memberships import INVITATION, uninvited
from vault.organisations.roles import ADMINISTRATOR, check_roles
from vault.organisations.tables import Invitation
from vault.signin.holders import Holder

HOLDS: Final = timedelta(days=7)
MOST_OPEN: Final = 50
"""Invitations of one organisation that may be open at the same time."""


@dataclass(frozen=True)
class Invited:
    """A new invitation. The token is shown once; ``waits``: a second member must confirm it before it lets in."""

    id: UUID
    token: str = field(repr=False)
    roles: list[str]
    expires_at: datetime
    waits: bool


@dataclass(frozen=True)
class InvitationView:
    """An invitation as members see it. ``state``: waiting, open, expired, used or withdrawn."""

    id: UUID
    roles: list[str]
    invited_by: MemberId
    made_at: datetime
    expires_at: datetime
    state: str
    member: MemberId | None


async def invite(session: Session, holder: Holder, roles: list[str]) -> Invited:
    """Make an invitation for these roles. Raises Refused, Invalid, Conflict when too many are open.

    Where changes take two members, one that gives a powerful role waits for the second.
    """
    by = await member_for(session, holder, ADMINISTRATOR)
    given = check_roles(roles)
    await locked_desk(session, by.organisation)
    await _check_room(session, by.organisation)
    token = b64(os.urandom(32))
    row = _row(session, by, given, token)
    session.add(row)
    await session.flush()
    made = await propose(session, holder, INVITATION, row.id, body={"roles": given})
    return Invited(row.id, token, given, row.expires_at, waits=made.state == "open")


async def withdraw_invitation(session: Session, holder: Holder, which: UUID) -> None:
    """Take an invitation back: its token lets nobody in from now on. Raises Refused, NotFound, Conflict."""
    by = await member_for(session, holder, ADMINISTRATOR)
    row = await session.get(Invitation, which, with_for_update=True, populate_existing=True)
    if row is None or row.requester_id != by.organisation:
        raise NotFound("There is no such invitation.")
    if row.status not in {"waiting", "open"}:
        raise Conflict(f"This invitation is {row.status}.")
    row.status = "withdrawn"
    await append(session, uninvited(by, row))


async def invitations(session: Session, organisation: RequesterId, *, limit: int = 50) -> list[InvitationView]:
    """The newest invitations of an organisation, without their tokens."""
    wanted = sa.select(Invitation).where(Invitation.requester_id == organisation)
    rows = await session.execute(wanted.order_by(Invitation.id.desc()).limit(limit))
    return [_view(row, session.now) for row in rows.scalars()]


def _row(session: Session, by: Member, roles: list[str], token: str) -> Invitation:
    return Invitation(
        id=ids.new_uuid(),
        requester_id=by.organisation,
        token_hash=digest(token.encode()),
        roles=roles,
        invited_by=by.id,
        made_at=session.now,
        expires_at=session.now + HOLDS,
        status="waiting",
        member_id=None,
    )


async def _check_room(session: Session, organisation: RequesterId) -> None:
    waiting = sa.select(sa.func.count()).where(
        Invitation.requester_id == organisation,
        Invitation.status.in_(("waiting", "open")),
        Invitation.expires_at > session.now,
    )
    if (await session.execute(waiting)).scalar_one() >= MOST_OPEN:
        raise Conflict("Too many invitations are open: withdraw some of them first.")


def _view(row: Invitation, now: datetime) -> InvitationView:
    is_over = row.status in {"waiting", "open"} and now >= row.expires_at
    state = "expired" if is_over else row.status
    return InvitationView(row.id, row.roles, row.invited_by, row.made_at, row.expires_at, state, row.member_id)
