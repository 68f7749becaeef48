"""Registering, signing in and out, and who one is."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar import Response, delete, get, post

from vault import ids
from vault.accounts import notices, person_keys
from vault.api.description import Extra
from vault.db import Session
from vault.edge.entering import enter, leave
from vault.edge.registering import Registration, open_vault
from vault.edge.request import VaultRequest
from vault.ids import PersonId, StaffId
from vault.organisations.members import member
from vault.registry import staff_member
from vault.signin import MEMBER, OFFICER, PERSON, REGULATOR, Holder, change_password

PREFIXES = {PERSON: ids.PERSON, OFFICER: ids.STAFF, REGULATOR: ids.REGULATOR, MEMBER: ids.MEMBER}
SUBMITTED = (
    "If name and number belong together and the number has no vault yet, the vault is open now: sign in. "
    "For everybody's protection this answer is the same in every case."
)


class NationalNumber(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A national id. ``scheme`` cn-ric: resident identity card, GB 11643."""

    scheme: str
    number: str


class RegistrationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who wants a vault, and how they will sign in."""

    name: str
    national_id: NationalNumber
    login: str
    password: str
    locale: Literal["en", "zh-CN"] = "zh-CN"


class Submitted(msgspec.Struct, frozen=True):
    """The same words in every case."""

    status: str
    message: str


class SignInRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who signs in, and as what."""

    login: str
    password: str
    realm: Literal["person", "officer", "regulator", "member"] = "person"


class SessionView(msgspec.Struct, frozen=True):
    """A sign-in; its secret is in the cookie alone."""

    realm: str
    id: str
    ends_at: datetime


class PasswordRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``present``: the password that opens the keys now; ``password``: the one that shall."""

    present: str
    password: str


class PasswordReplaced(msgspec.Struct, frozen=True):
    """How many other sign-ins ended."""

    ended: int


class NoticeSummary(msgspec.Struct, frozen=True):
    """Something the person should know: a code with its parameters."""

    kind: str
    params: dict[str, Any]
    at: datetime
    seen: bool


class Me(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whoever is signed in. ``level`` and ``notices`` are a person's; ``name`` and ``roles`` those of staff and of
    members, ``organisation`` is a member's."""

    realm: str
    id: str
    name: str | None = None
    roles: list[str] | None = None
    organisation: str | None = None
    level: str | None = None
    locale: str | None = None
    notices: list[NoticeSummary] | None = None


@post(
    "/v1/registrations",
    status_code=202,
    opt={"extra": Extra(body=RegistrationRequest, refusals=(409, 429))},
    tags=["entering"],
)
async def register(request: VaultRequest) -> Submitted:
    """Open a vault. The answer tells nothing about the number; a taken login name is told (409)."""
    body = await request.parsed(RegistrationRequest)
    await open_vault(
        request.doors,
        Registration(
            name=body.name,
            scheme=body.national_id.scheme,
            number=body.national_id.number,
            login=body.login,
            password=body.password,
            locale=body.locale,
        ),
    )
    return Submitted("submitted", SUBMITTED)


@post("/v1/sessions", status_code=201, opt={"extra": Extra(body=SignInRequest, refusals=(401, 429))}, tags=["entering"])
async def begin_session(request: VaultRequest) -> Response[SessionView]:
    """Sign in with a password; sets the session cookie and the cookie of a known device."""
    body = await request.parsed(SignInRequest)
    signed_in, cookies = await enter(request, body.realm, body.login, body.password)
    holder = signed_in.holder
    view = SessionView(holder.realm, ids.public(PREFIXES[holder.realm], holder.id), signed_in.ends_at)
    return Response(view, status_code=201, cookies=cookies)


@delete("/v1/sessions/current", status_code=204, tags=["people"])
async def end_session(request: VaultRequest) -> Response[None]:
    """Sign out. Does nothing when nobody is signed in."""
    return Response(None, status_code=204, cookies=await leave(request))


@post("/v1/password", status_code=200, opt={"extra": Extra(body=PasswordRequest, refusals=(429,))}, tags=["people"])
async def replace_password(request: VaultRequest) -> PasswordReplaced:
    """Change one's own password, in any realm. Other sign-ins end; the one that changed it stays."""
    body, doors = await request.parsed(PasswordRequest), request.doors
    async with request.acting(None) as holder:
        ended = await change_password(doors.database, doors.doorway, holder, present=body.present, new=body.password)
    return PasswordReplaced(ended)


@get("/v1/me", tags=["people"])
async def read_me(request: VaultRequest) -> Me:
    """Who is signed in."""
    return await request.as_holder(None, _me)


async def _me(session: Session, holder: Holder) -> Me:
    public = ids.public(PREFIXES[holder.realm], holder.id)
    if holder.realm == MEMBER:
        who = await member(session, holder)
        organisation = ids.public(ids.REQUESTER, who.organisation)
        return Me(MEMBER, public, name=who.name, roles=list(who.roles), organisation=organisation)
    if holder.realm != PERSON:
        colleague = await staff_member(session, StaffId(holder.id))
        return Me(holder.realm, public, name=colleague.name, roles=list(colleague.roles))
    person = PersonId(holder.id)
    keys = await person_keys(session, person)
    found = [NoticeSummary(n.kind, n.params, n.at, n.seen_at is not None) for n in await notices(session, person)]
    return Me(PERSON, public, level=keys.level, locale=keys.locale, notices=found)
