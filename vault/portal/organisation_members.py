"""Pages about members: joining, inviting, roles, standing."""

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids
from vault.edge import organisation as desk
from vault.edge.joining import become_member
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, NotFound, Unavailable, VaultError
from vault.organisations import changes
from vault.organisations.inviting import InvitationView, Invited, invite, withdraw_invitation
from vault.organisations.joining import Ticket
from vault.organisations.members import Member, remove, restore, suspend
from vault.organisations.memberships import ROLES_CHANGED, TWO_MEMBERS
from vault.organisations.roles import ADMINISTRATOR, ROLES
from vault.portal.forms import Form, read_form, wrong_fields
from vault.portal.languages import Language
from vault.portal.organisation import ROLE_NAMES, done_text, role_names
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reason, reasons
from vault.signin import MEMBER

_ACTS = {"suspend": suspend, "restore": restore, "remove": remove}
_TYPED = ("number", "name", "login")


@get("/organisation/join")
async def join_page(request: VaultRequest) -> Template:
    """The form for whoever has the number and the token of an application or an invitation."""
    return _join_form(request, {"number": request.query_params.get("number", "")[:40]})


@post("/organisation/join", status_code=200)
async def join(request: VaultRequest) -> Template | Redirect:
    """Become a member, then sign in."""
    form = await read_form(request)
    typed = {name: form.text(name) for name in _TYPED}
    if form.language:
        return _join_form(request, typed, language=form.language)
    try:
        await become_member(
            request.doors,
            Ticket(typed["number"], form.text("token")),
            name=typed["name"],
            login=typed["login"],
            password=form.exact("password"),
        )
    except (Invalid, NotFound, Conflict, Unavailable) as error:
        return _join_form(request, typed, failed=error)
    return see_other("/organisation/sign-in?joined=yes")


def _join_form(
    request: VaultRequest, typed: dict[str, str], *, language: Language | None = None, failed: VaultError | None = None
) -> Template:
    spoken = language or language_of(request)
    wrong: dict[str, str] = {}
    if isinstance(failed, Invalid):
        wrong = reasons(spoken, wrong_fields(failed))
    elif failed is not None and failed.name == "login-taken":
        wrong = {"login": spoken.gettext(failed.title)}
    return page(
        request,
        "organisation/join",
        language=language,
        status=failed.status if failed else 200,
        realm=MEMBER,
        signed_in=False,
        page_form=True,
        values={name: typed.get(name, "") for name in _TYPED},
        wrong=wrong,
        problem=spoken.gettext(failed.public) if failed and not wrong else "",
    )


@get("/organisation/members")
async def members_page(request: VaultRequest) -> Template:
    """Who is a member, who is invited."""
    return await _members(request)


@post("/organisation/invitations", status_code=200)
async def invite_page(request: VaultRequest) -> Template:
    """Invite somebody: the token is on this page and nowhere else."""
    form = await read_form(request)
    try:
        made: Invited = await request.as_holder(MEMBER, invite, form.every("role"))
    except (Invalid, Conflict) as error:
        return await _members(request, failed=error)
    return await _members(request, made=made)


@post("/organisation/invitations/{invitation:str}/withdraw", status_code=200)
async def withdraw_invitation_page(request: VaultRequest, invitation: FromPath[str]) -> Template | Redirect:
    """Take an invitation back."""
    await read_form(request)
    try:
        await request.as_holder(MEMBER, withdraw_invitation, ids.parse(ids.INVITATION, invitation))
    except Conflict as error:
        return await _members(request, failed=error)
    return see_other("/organisation/members?done=withdrawn")


@post("/organisation/members/{member:str}/standing", status_code=200)
async def standing_page(request: VaultRequest, member: FromPath[str]) -> Template | Redirect:
    """Suspend, restore or remove a member."""
    form = await read_form(request)
    act = _ACTS.get(form.text("act"))
    if act is None:
        raise Invalid.field("act", "is suspend, restore or remove")
    try:
        await request.as_holder(MEMBER, act, ids.parse(ids.MEMBER, member))
    except Conflict as error:
        return await _members(request, failed=error)
    return see_other("/organisation/members?done=standing")


@post("/organisation/members/{member:str}/roles", status_code=200)
async def roles_page(request: VaultRequest, member: FromPath[str]) -> Template | Redirect:
    """Change a member's roles."""
    form = await read_form(request)
    which, body = ids.parse(ids.MEMBER, member), {"roles": form.every("role")}
    try:
        made = await request.as_holder(MEMBER, changes.propose, ROLES_CHANGED, which, body=body)
    except (Invalid, Conflict) as error:
        return await _members(request, failed=error)
    return see_other(f"/organisation/members?done={made.state}")


@post("/organisation/two-members", status_code=200)
async def two_members_page(request: VaultRequest) -> Template | Redirect:
    """Propose that changes take two members, or one again."""
    form: Form = await read_form(request)
    body = {"two_members": form.text("two_members") == "yes"}
    try:
        made = await request.as_holder(MEMBER, changes.propose, TWO_MEMBERS, None, body=body)
    except Conflict as error:
        return await _members(request, failed=error)
    return see_other(f"/organisation/members?done={made.state}")


async def _members(request: VaultRequest, *, failed: VaultError | None = None, made: Invited | None = None) -> Template:
    spoken = language_of(request)
    found = await request.as_holder(MEMBER, desk.people)
    names = {each.id: each.name for each in found.members}
    problem = ""
    if isinstance(failed, Invalid):
        problem = "; ".join(reason(spoken, why) for why in wrong_fields(failed).values())
    elif failed is not None:
        problem = spoken.gettext(failed.public)
    context: dict[str, Any] = {
        "me": ids.public(ids.MEMBER, found.me.id),
        "may": ADMINISTRATOR in found.me.roles,
        "two_members": found.two_members,
        "members": [_member(each, spoken) for each in found.members],
        "invitations": [_invitation(each, spoken, names.get(each.invited_by, "")) for each in found.invitations],
        "roles": [{"name": role, "text": spoken.gettext(ROLE_NAMES[role])} for role in ROLES],
        "made": _made(made) if made else None,
        "problem": problem,
        "done": done_text(request, spoken),
    }
    status = failed.status if failed else 200
    return page(request, "organisation/members", realm=MEMBER, status=status, **context)


def _made(made: Invited) -> dict[str, Any]:
    number = ids.public(ids.INVITATION, made.id)
    return {"number": number, "token": made.token, "expires_at": made.expires_at, "waits": made.waits}


def _member(each: Member, spoken: Language) -> dict[str, Any]:
    return {
        "id": ids.public(ids.MEMBER, each.id),
        "name": each.name,
        "held": each.roles,
        "roles": role_names(each.roles, spoken),
        "status": each.status,
        "joined_at": each.joined_at,
    }


def _invitation(each: InvitationView, spoken: Language, by: str) -> dict[str, Any]:
    return {
        "id": ids.public(ids.INVITATION, each.id),
        "roles": role_names(each.roles, spoken),
        "by": by,
        "expires_at": each.expires_at,
        "state": each.state,
    }
