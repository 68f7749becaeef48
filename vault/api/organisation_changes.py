"""Changes that one or two members make: keys, redirect URIs, metadata, surrender; and deciding about them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import ids
from vault.api.description import Extra
from vault.clock import from_millis, millis
from vault.db import Session
from vault.edge import organisation as desk
from vault.edge.request import VaultRequest
from vault.errors import Invalid
from vault.organisations import changes
from vault.organisations.changes import Change
from vault.organisations.client_changes import KEY_ADDED, KEY_RETIRED, METADATA, REDIRECTS
from vault.organisations.members import member
from vault.organisations.memberships import INVITATION, ROLES_CHANGED
from vault.organisations.surrendering import SURRENDER
from vault.requesters.client_metadata import ClientMetadata
from vault.requesters.jwks import problems_of_registered
from vault.requesters.key_times import Keys
from vault.requesters.owned import OwnClient
from vault.signin import MEMBER, Holder

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_SUBJECTS = {ROLES_CHANGED: ids.MEMBER, INVITATION: ids.INVITATION, SURRENDER: ids.DECLARATION}


class ChangeView(msgspec.Struct, frozen=True):
    """A change. ``state``: made, open (a second member must confirm it), expired or refused; ``subject``: the client,
    member, invitation or declaration it changes."""

    change: str
    kind: str
    subject: str | None
    body: dict[str, Any]
    proposed_by: str
    made_at: datetime
    expires_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None


class ChangeList(msgspec.Struct, frozen=True):
    """Newest first."""

    changes: list[ChangeView]


class KeyView(msgspec.Struct, frozen=True):
    """A public key and when it holds. ``state``: coming, valid or ended."""

    kid: str
    jwk: dict[str, Any]
    state: str
    since: datetime | None
    until: datetime | None


class OwnClientView(msgspec.Struct, frozen=True):
    """A client with all of its keys; ``metadata`` without what is the default."""

    client_id: str
    declaration: str
    status: str
    keys: list[KeyView]
    redirect_uris: list[str]
    metadata: dict[str, Any]
    is_sandbox: bool


class OwnClientList(msgspec.Struct, frozen=True):
    """Oldest first."""

    clients: list[OwnClientView]


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A public JWK with a kid of its own, and from and until when it holds; without: from now on, for ever."""

    jwk: dict[str, Any]
    from_: Moment | None = None
    until: Moment | None = None


class Retirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The kid of a key, and when it ends; without: at once."""

    kid: Annotated[str, msgspec.Meta(max_length=128)]
    until: Moment | None = None


class RedirectUris(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All redirect URIs, as they shall be; only under hosts that were vetted."""

    redirect_uris: Annotated[list[str], msgspec.Meta(max_length=32)]


class SurrenderRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why; and which declaration, if not the whole registration."""

    reason: str
    declaration: Annotated[str, msgspec.Meta(max_length=40)] | None = None


class ChangeDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``refuse`` also takes one's own proposal back."""

    decision: Literal["confirm", "refuse"]


@get("/v1/organisation/clients", tags=["organisation"])
async def list_clients(request: VaultRequest) -> OwnClientList:
    """The organisation's OAuth clients: keys with their times, redirect URIs, metadata."""
    found = await request.as_holder(MEMBER, desk.overview)
    now = request.doors.clock.now()
    return OwnClientList([_client(each, now) for each in found.clients])


@post(
    "/v1/organisation/clients/{client:str}/keys",
    status_code=200,
    opt={"extra": Extra(body=NewKey)},
    tags=["organisation"],
)
async def add_key(request: VaultRequest, client: FromPath[str]) -> ChangeView:
    """Add a public key beside those there are; with use enc one that answers are sealed to. Takes the role keys."""
    body = await request.parsed(NewKey)
    if problems := problems_of_registered(body.jwk):
        where, why = problems[0]
        raise Invalid.field(f"jwk.{where}".rstrip("."), why)
    times = {"from": _ms(body.from_), "until": _ms(body.until)}
    wanted = {"jwk": body.jwk, **{name: at for name, at in times.items() if at is not None}}
    return await _propose(request, KEY_ADDED, ids.parse(ids.CLIENT, client), wanted)


@post(
    "/v1/organisation/clients/{client:str}/retirements",
    status_code=200,
    opt={"extra": Extra(body=Retirement)},
    tags=["organisation"],
)
async def retire_key(request: VaultRequest, client: FromPath[str]) -> ChangeView:
    """Let a key end, now or later; refused where the client would be left without a valid one."""
    body = await request.parsed(Retirement)
    until = millis(body.until) if body.until else millis(request.doors.clock.now())
    wanted = {"kid": body.kid, "until": max(until, 0)}
    return await _propose(request, KEY_RETIRED, ids.parse(ids.CLIENT, client), wanted)


@post(
    "/v1/organisation/clients/{client:str}/redirect-uris",
    status_code=200,
    opt={"extra": Extra(body=RedirectUris)},
    tags=["organisation"],
)
async def change_redirect_uris(request: VaultRequest, client: FromPath[str]) -> ChangeView:
    """Replace the redirect URIs. Another host needs vetting: file an application for it."""
    body = await request.parsed(RedirectUris)
    wanted = {"redirect_uris": body.redirect_uris}
    return await _propose(request, REDIRECTS, ids.parse(ids.CLIENT, client), wanted)


@post(
    "/v1/organisation/clients/{client:str}/metadata",
    status_code=200,
    opt={"extra": Extra(body=ClientMetadata)},
    tags=["organisation"],
)
async def change_client_metadata(request: VaultRequest, client: FromPath[str]) -> ChangeView:
    """Replace the client's other metadata; what is left out becomes the default."""
    body = await request.parsed(ClientMetadata)
    wanted = {"metadata": msgspec.to_builtins(body)}
    return await _propose(request, METADATA, ids.parse(ids.CLIENT, client), wanted)


@post(
    "/v1/organisation/surrender",
    status_code=200,
    opt={"extra": Extra(body=SurrenderRequest, refusals=(404, 409))},
    tags=["organisation"],
)
async def surrender(request: VaultRequest) -> ChangeView:
    """Give the registration, or one declaration, back: for good. Takes the role administrator."""
    body = await request.parsed(SurrenderRequest)
    which = ids.parse(ids.DECLARATION, body.declaration) if body.declaration else None
    return await _propose(request, SURRENDER, which, {"reason": body.reason})


@get("/v1/organisation/changes", tags=["organisation"])
async def list_changes(request: VaultRequest) -> ChangeList:
    """The newest changes, open and decided ones."""
    return ChangeList([change_view(each) for each in await request.as_holder(MEMBER, _changes)])


@get("/v1/organisation/changes/{change:str}", tags=["organisation"])
async def read_change(request: VaultRequest, change: FromPath[str]) -> ChangeView:
    """One change."""
    return change_view(await request.as_holder(MEMBER, _change, ids.parse(ids.CHANGE, change)))


@post(
    "/v1/organisation/changes/{change:str}/decision",
    status_code=200,
    opt={"extra": Extra(body=ChangeDecision)},
    tags=["organisation"],
)
async def decide_change(request: VaultRequest, change: FromPath[str]) -> ChangeView:
    """Confirm what another member proposed, or refuse it. Takes the role administrator or keys."""
    body = await request.parsed(ChangeDecision)
    which = ids.parse(ids.CHANGE, change)
    if body.decision == "refuse":
        return change_view(await request.as_holder(MEMBER, changes.refuse, which))
    async with request.acting(MEMBER) as holder:
        return change_view(await changes.confirm_on_record(request.doors.database, holder, which))


async def _propose(request: VaultRequest, kind: str, subject: UUID | None, body: dict[str, Any]) -> ChangeView:
    return change_view(await request.as_holder(MEMBER, changes.propose, kind, subject, body=body))


async def _changes(session: Session, holder: Holder) -> list[Change]:
    return await changes.changes(session, (await member(session, holder)).organisation)


async def _change(session: Session, holder: Holder, which: UUID) -> Change:
    return await changes.change(session, (await member(session, holder)).organisation, which)


def change_view(made: Change) -> ChangeView:
    """A change as it is answered."""
    prefix = _SUBJECTS.get(made.kind, ids.CLIENT)
    return ChangeView(
        change=ids.public(ids.CHANGE, made.id),
        kind=made.kind,
        subject=ids.public(prefix, made.subject) if made.subject else None,
        body=made.body,
        proposed_by=ids.public(ids.MEMBER, made.proposed_by),
        made_at=made.made_at,
        expires_at=made.expires_at,
        state=made.state,
        decided_by=ids.public(ids.MEMBER, made.decided_by) if made.decided_by else None,
        decided_at=made.decided_at,
    )


def _client(own: OwnClient, now: datetime) -> OwnClientView:
    keys = Keys(own.jwks, own.times)
    return OwnClientView(
        client_id=ids.public(ids.CLIENT, own.id),
        declaration=ids.public(ids.DECLARATION, own.declaration_id),
        status=own.status,
        keys=[_key(keys, key, now) for key in own.jwks["keys"]],
        redirect_uris=own.redirect_uris,
        metadata=msgspec.to_builtins(own.metadata),
        is_sandbox=own.sandbox_of is not None,
    )


def _key(keys: Keys, key: dict[str, Any], now: datetime) -> KeyView:
    bounds = keys.times.get(key["kid"], {})
    since, until = (from_millis(bounds[name]) if name in bounds else None for name in ("from", "until"))
    return KeyView(key["kid"], key, keys.state(key["kid"], now), since, until)


def _ms(at: datetime | None) -> int | None:
    return None if at is None else max(millis(at), 0)


HANDLERS = [
    list_clients,
    add_key,
    retire_key,
    change_redirect_uris,
    change_client_metadata,
    surrender,
    list_changes,
    read_change,
    decide_change,
]
"""What the routes are made of."""
