"""The public register: who may ask for what and why, open to everybody, each answer also signed.

With ``Accept: application/jose`` an answer comes as a JWS of the register with ``iat`` and ``exp``, so that it can be
kept, passed on and checked without asking again. ``answer`` in it is the JSON; ``about`` the address it answers.
"""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from vault import ids
from vault.api.description import Extra
from vault.api.register_views import (
    OrganisationView,
    PublishedView,
    RegisterPage,
    StatusTable,
    organisation_view,
    page_view,
    published_view,
    status_table,
)
from vault.db import Session
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.request import VaultRequest
from vault.ids import DeclarationId, RequesterId
from vault.requesters import published, register_keys, registration
from vault.requesters.register import declaration as live_declaration
from vault.requesters.searching import MOST, Search, search
from vault.requesters.standing import State

JOSE: Final = "application/jose"
_FRESH: Final = {"Cache-Control": "no-cache", "Vary": "Accept"}
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class RegisterSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is looked for; without a member: any. ``item`` and ``form`` as declared (``contact.email``, ``raw``);
    ``authority`` and ``name``: a part of the name in either language; ``after``: ``next`` of the page before."""

    item: Code | None = None
    form: Code | None = None
    purpose: Code | None = None
    authority: Text | None = None
    name: Text | None = None
    uscc: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    status: Literal["active", "suspended", "revoked", "surrendered", "expired"] | None = None
    after: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = 20

    def search(self) -> Search:
        """As the room takes it. Raises NotFound for an ``after`` that is no id."""
        return Search(
            item=self.item,
            form=self.form,
            purpose=self.purpose,
            authority=self.authority,
            name=self.name,
            uscc=self.uscc,
            state=None if self.status is None else State(self.status),
            after=None if self.after is None else RequesterId(ids.parse(ids.REQUESTER, self.after)),
            limit=self.limit,
        )


def _extra(answer: Any, **more: Any) -> dict[str, Any]:
    return NO_FORM_TOKEN | {"extra": Extra(answer=answer, also_as=(JOSE,), **more)}


@get("/v1/register/requesters", opt=_extra(RegisterPage, query=RegisterSearch, refusals=(404,)), tags=["register"])
async def search_register(request: VaultRequest) -> Response[bytes]:
    """Registered organisations, in the order of registration. With them those of their declarations that fit."""
    wanted = request.asked(RegisterSearch).search()
    return _answer(request, page_view(await request.doors.database.run(search, wanted)))


@get("/v1/register/requesters/{requester:str}", opt=_extra(OrganisationView), tags=["register"])
async def read_registered(request: VaultRequest, requester: FromPath[str]) -> Response[bytes]:
    """One organisation: state, contacts, every declaration, what was done about it. Also when it has ended."""
    wanted = RequesterId(ids.parse(ids.REQUESTER, requester))
    return _answer(request, organisation_view(await request.doors.database.run(published.organisation, wanted)))


@get("/v1/register/declarations/{declaration:str}", opt=_extra(PublishedView), tags=["register"])
async def read_published_declaration(request: VaultRequest, declaration: FromPath[str]) -> Response[bytes]:
    """One declaration to the letter, with its permit. Both officers' signatures and keys are there to be verified."""
    wanted = DeclarationId(ids.parse(ids.DECLARATION, declaration))
    return _answer(request, published_view(await request.doors.database.run(published.declaration, wanted)))


@get(
    "/v1/register/declarations/{declaration:str}/certificate",
    opt=NO_FORM_TOKEN | {"extra": Extra(media_type="application/jwt", refusals=(403,))},
    tags=["register"],
)
async def read_certificate(request: VaultRequest, declaration: FromPath[str]) -> Response[bytes]:
    """The registration certificate of a declaration in force. A JWT that its requester may carry in requests."""
    wanted = DeclarationId(ids.parse(ids.DECLARATION, declaration))
    token = await request.doors.database.run(_certificate, wanted, request.doors.issuer)
    return Response(token.encode(), media_type="application/jwt", headers={"Cache-Control": "no-cache"})


@get("/v1/register/statuses", opt=_extra(StatusTable), tags=["register"])
async def read_statuses(request: VaultRequest) -> Response[bytes]:
    """What still works in each state of an organisation or of a declaration: the table the server itself asks."""
    return _answer(request, status_table())


@get("/v1/register/jwks", opt=NO_FORM_TOKEN, tags=["register"])
async def read_register_keys(request: VaultRequest) -> Response[dict[str, Any]]:
    """The keys that signed answers and certificates are verified with (RFC 7517)."""
    return Response(register_keys.jwks(request.doors.ring), headers={"Cache-Control": "public, max-age=300"})


async def _certificate(session: Session, declaration: DeclarationId, issuer: str) -> str:
    declared = await live_declaration(session, declaration)
    return registration.certificate(session.ring, issuer, declared, session.now)


def _answer(request: VaultRequest, value: msgspec.Struct) -> Response[bytes]:
    """JSON, or the same signed."""
    if JOSE not in request.headers.get("accept", ""):
        return Response(msgspec.json.encode(value), media_type="application/json", headers=_FRESH)
    now: datetime = request.doors.clock.now()
    query = request.scope.get("query_string", b"").decode("ascii", "replace")
    about = f"{request.doors.issuer}{request.url.path}" + (f"?{query}" if query else "")
    claims = {"iss": request.doors.issuer, "about": about, "answer": msgspec.to_builtins(value)}
    token = register_keys.sign(
        request.doors.ring, register_keys.ANSWER, claims, now=now, until=now + register_keys.ANSWER_LIFE
    )
    return Response(token.encode(), media_type=JOSE, headers=_FRESH)


HANDLERS: Final = (
    search_register,
    read_registered,
    read_published_declaration,
    read_certificate,
    read_statuses,
    read_register_keys,
)
"""Every endpoint of the public register."""
