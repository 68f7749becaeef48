"""An organisation's members: joining, inviting, roles, standing."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath

from vault import ids
from vault.api.description import Extra
from vault.api.organisation_changes import ChangeView, change_view
from vault.edge import organisation as desk
from vault.edge.joining import become_member
from vault.edge.request import VaultRequest
from vault.organisations import changes
from vault.organisations.inviting import InvitationView, Invited, invite, withdraw_invitation
from vault.organisations.joining import LONGEST_TOKEN, Ticket
from vault.organisations.members import Member, remove, restore, suspend
from vault.organisations.memberships import ROLES_CHANGED, TWO_MEMBERS
from vault.signin import MEMBER

Roles = Annotated[list[str], msgspec.Meta(min_length=1, max_length=8)]
_STANDINGS = {"suspended": suspend, "active": restore, "left": remove}


class JoinRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``number``: of an approved application (app_…) or of an invitation (inv_…), and its token; then who joins."""

    number: Annotated[str, msgspec.Meta(max_length=40)]
    token: Annotated[str, msgspec.Meta(max_length=LONGEST_TOKEN)]
    name: str
    login: str
    password: str


class Joined(msgspec.Struct, frozen=True):
    """The new member; sign in with realm ``member``."""

    member: str


class MemberView(msgspec.Struct, frozen=True):
    """A member. ``status``: active, suspended or left."""

    member: str
    name: str
    roles: list[str]
    status: str
    joined_at: datetime


class MemberList(msgspec.Struct, frozen=True):
    """Everybody who is or was one, oldest first."""

    members: list[MemberView]


class InvitationSummary(msgspec.Struct, frozen=True):
    """An invitation without its token. ``state``: waiting (for a second member), open, expired, used, withdrawn."""

    invitation: str
    roles: list[str]
    invited_by: str
    made_at: datetime
    expires_at: datetime
    state: str
    member: str | None


class InvitationList(msgspec.Struct, frozen=True):
    """Newest first."""

    invitations: list[InvitationSummary]


class InvitationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The roles of whoever joins with it: administrator, keys, declarations, audit."""

    roles: Roles


class InvitationMade(msgspec.Struct, frozen=True):
    """Pass number and token on; the token is shown once. ``waits``: a second member must confirm it first."""

    invitation: str
    token: str
    roles: list[str]
    expires_at: datetime
    waits: bool


class RolesRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All roles, as they shall be."""

    roles: Roles


class StandingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``left`` is for good."""

    status: Literal["suspended", "active", "left"]


class TwoMembersRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether changes that give power take two members."""

    two_members: bool


@post("/v1/members", status_code=201, opt={"extra": Extra(body=JoinRequest, refusals=(404, 409))}, tags=["entering"])
async def join_organisation(request: VaultRequest) -> Joined:
    """Become a member: the first one with the approved application's token, further ones by invitation."""
    body = await request.parsed(JoinRequest)
    ticket = Ticket(body.number, body.token)
    made = await become_member(request.doors, ticket, name=body.name, login=body.login, password=body.password)
    return Joined(ids.public(ids.MEMBER, made))


@get("/v1/organisation/members", tags=["organisation"])
async def list_members(request: VaultRequest) -> MemberList:
    """Everybody who is or was a member."""
    found = await request.as_holder(MEMBER, desk.people)
    return MemberList([_member(each) for each in found.members])


@get("/v1/organisation/invitations", tags=["organisation"])
async def list_invitations(request: VaultRequest) -> InvitationList:
    """Invitations, without their tokens."""
    found = await request.as_holder(MEMBER, desk.people)
    return InvitationList([_invitation(each) for each in found.invitations])


@post(
    "/v1/organisation/invitations",
    status_code=201,
    opt={"extra": Extra(body=InvitationRequest)},
    tags=["organisation"],
)
async def make_invitation(request: VaultRequest) -> InvitationMade:
    """Invite somebody. Takes the role administrator."""
    body = await request.parsed(InvitationRequest)
    made: Invited = await request.as_holder(MEMBER, invite, body.roles)
    return InvitationMade(ids.public(ids.INVITATION, made.id), made.token, made.roles, made.expires_at, made.waits)


@delete("/v1/organisation/invitations/{invitation:str}", status_code=204, tags=["organisation"])
async def take_invitation_back(request: VaultRequest, invitation: FromPath[str]) -> None:
    """Withdraw an invitation: its token lets nobody in from now on. Takes the role administrator."""
    await request.as_holder(MEMBER, withdraw_invitation, ids.parse(ids.INVITATION, invitation))


@post(
    "/v1/organisation/members/{member:str}/roles",
    status_code=200,
    opt={"extra": Extra(body=RolesRequest)},
    tags=["organisation"],
)
async def change_roles(request: VaultRequest, member: FromPath[str]) -> ChangeView:
    """Change a member's roles. Takes the role administrator; nobody raises their own."""
    body = await request.parsed(RolesRequest)
    which = ids.parse(ids.MEMBER, member)
    made = await request.as_holder(MEMBER, changes.propose, ROLES_CHANGED, which, body={"roles": body.roles})
    return change_view(made)


@post(
    "/v1/organisation/members/{member:str}/standing",
    status_code=200,
    opt={"extra": Extra(body=StandingRequest)},
    tags=["organisation"],
)
async def change_standing(request: VaultRequest, member: FromPath[str]) -> MemberList:
    """Suspend a member, let them act again, or remove them. Takes the role administrator."""
    body = await request.parsed(StandingRequest)
    await request.as_holder(MEMBER, _STANDINGS[body.status], ids.parse(ids.MEMBER, member))
    if body.status == "left":  # perhaps oneself: there is nobody left to look
        return MemberList([])
    found = await request.as_holder(MEMBER, desk.people)
    return MemberList([_member(each) for each in found.members])


@post(
    "/v1/organisation/two-members",
    status_code=200,
    opt={"extra": Extra(body=TwoMembersRequest, refusals=(409,))},
    tags=["organisation"],
)
async def choose_two_members(request: VaultRequest) -> ChangeView:
    """Propose that changes take two members, or one again: always confirmed by a second one."""
    body = await request.parsed(TwoMembersRequest)
    wanted = {"two_members": body.two_members}
    return change_view(await request.as_holder(MEMBER, changes.propose, TWO_MEMBERS, None, body=wanted))


def _member(each: Member) -> MemberView:
    return MemberView(ids.public(ids.MEMBER, each.id), each.name, list(each.roles), each.status, each.joined_at)


def _invitation(each: InvitationView) -> InvitationSummary:
    return InvitationSummary(
        ids.public(ids.INVITATION, each.id),
        each.roles,
        ids.public(ids.MEMBER, each.invited_by),
        each.made_at,
        each.expires_at,
        each.state,
        ids.public(ids.MEMBER, each.member) if each.member else None,
    )


HANDLERS = [
    join_organisation,
    list_members,
    change_roles,
    change_standing,
    list_invitations,
    make_invitation,
    take_invitation_back,
    choose_two_members,
]
"""What the routes are made of."""
