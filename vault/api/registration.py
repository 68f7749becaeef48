"""Dynamic client registration (RFC 7591) and the management of what was registered (RFC 7592)."""

from typing import Any, Final

import msgspec
from litestar import Response, delete, get, post, put
from litestar.params import FromPath

from vault.api.description import Extra
from vault.authserver import registration
from vault.authserver.errors import OAuthError
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.request import VaultRequest

_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
LARGEST: Final = 64 * 1024
_HELD: Final = {"extra": Extra(refusals=(401,))}


class ClientToRegister(msgspec.Struct):
    """Client metadata (RFC 7591 section 2), the members that this server knows; others are ignored."""

    software_statement: str
    jwks: dict[str, Any]
    redirect_uris: list[str] | None = None
    grant_types: list[str] | None = None
    response_types: list[str] | None = None
    token_endpoint_auth_method: str | None = None


class ClientToReplace(msgspec.Struct):
    """As registered, with its client_id (RFC 7592 section 2.2)."""

    client_id: str
    jwks: dict[str, Any]
    redirect_uris: list[str] | None = None
    token_endpoint_auth_method: str | None = None


@post("/oauth/register", status_code=201, opt=NO_FORM_TOKEN | {"extra": Extra(body=ClientToRegister)}, tags=["oauth"])
async def register_client(request: VaultRequest) -> Response[dict[str, Any]]:
    """Register a client with a software statement that the registry issued."""
    made = await registration.register(request.doors.authserver, await _members(request))
    return Response(made, status_code=201, headers=_NO_STORE)


@get("/oauth/register/{client_id:str}", opt=NO_FORM_TOKEN | _HELD, tags=["oauth"])
async def read_client(request: VaultRequest, client_id: FromPath[str]) -> Response[dict[str, Any]]:
    """What a client registered. Takes its registration access token as a Bearer token."""
    held = await registration.read(request.doors.authserver, client_id, request.headers.get("authorization"))
    return Response(held, headers=_NO_STORE)


@put("/oauth/register/{client_id:str}", opt=NO_FORM_TOKEN | {"extra": Extra(body=ClientToReplace)}, tags=["oauth"])
async def replace_client(request: VaultRequest, client_id: FromPath[str]) -> Response[dict[str, Any]]:
    """Replace what a client registered: keys, redirect URIs within the statement, metadata."""
    body, token = await _members(request), request.headers.get("authorization")
    return Response(await registration.replace(request.doors.authserver, client_id, token, body), headers=_NO_STORE)


@delete("/oauth/register/{client_id:str}", status_code=204, opt=NO_FORM_TOKEN | _HELD, tags=["oauth"])
async def remove_client(request: VaultRequest, client_id: FromPath[str]) -> None:
    """End a client for good: none of its tokens works any more."""
    await request.body()  # there is none to read; one that is too long is refused
    await registration.remove(request.doors.authserver, client_id, request.headers.get("authorization"))


async def _members(request: VaultRequest) -> dict[str, Any]:
    if request.content_type[0] != "application/json":
        raise OAuthError("invalid_client_metadata", "Send JSON: application/json.", 415, check="registration-type")
    body = await request.body()
    if len(body) > LARGEST:
        raise OAuthError("invalid_client_metadata", "Send at most 64 KiB.", check="registration-size")
    try:
        members: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise OAuthError("invalid_client_metadata", "Send one JSON object.", check="registration-json") from None
    return members
