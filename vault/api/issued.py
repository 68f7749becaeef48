"""After issuance: tokens are looked at and revoked, grants are managed, lists and descriptions are published."""

from typing import Any, Final
from uuid import UUID

from litestar import Response, delete, get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from vault import ids
from vault.api.description import Extra
from vault.api.oauth import ASSERTION, FRESH, NO_STORE, read_posted
from vault.authserver import grants, introspecting, revoking, status_lists
from vault.authserver.metadata import resource_metadata
from vault.consent import schema, states
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.request import VaultRequest
from vault.errors import NotFound
from vault.ids import GrantId
from vault.release.engine import Ask
from vault.release.formats import OFFERED
from vault.release.sd_jwt import ALGORITHMS
from vault.release.sealed import ENCRYPTION
from vault.requesters.jwks import KEY_AGREEMENT

_TOKEN: Final = ASSERTION | {"token": "An access token or a refresh token.", "token_type_hint": "Optional, not needed."}
_HEADERS: Final = {
    "Authorization": "DPoP and an access token of client_credentials (Bearer where it is bound to a certificate).",
    "DPoP": "A proof of the token's key for this very request.",
}
_ID: Final = 32
_ANY: Final = {"token": {"minLength": 1}}
_REVOKING: Final = Extra(form=_TOKEN, schemas=_ANY, required=[("token",)])
_GRANT: Final = Extra(headers=_HEADERS, refusals=(401, 403, 404))
_RELEASES: Final = {
    "release_media_types_supported": list(OFFERED),
    "release_signing_alg_values_supported": list(ALGORITHMS),
    "release_encryption_alg_values_supported": [KEY_AGREEMENT],
    "release_encryption_enc_values_supported": [ENCRYPTION],
}
"""Members of our own (RFC 9728 section 2): in which formats releases are answered."""
_LOOKING: Final = Extra(
    form=_TOKEN, schemas=_ANY, required=[("token",)], answer=dict[str, Any], also_as=(introspecting.MEDIA_TYPE,)
)


@post("/oauth/revoke", status_code=200, opt=NO_FORM_TOKEN | {"extra": _REVOKING}, tags=["oauth"])
async def revoke_token(request: VaultRequest) -> Response[dict[str, Any]]:
    """Revoke a token of one's own (RFC 7009). Tokens that are unknown are answered alike; the consent stays."""
    await revoking.revoke(request.doors.authserver, await read_posted(request))
    return Response({}, headers=NO_STORE)


@post("/oauth/introspect", status_code=200, opt=NO_FORM_TOKEN | {"extra": _LOOKING}, tags=["oauth"])
async def introspect_token(request: VaultRequest) -> ASGIResponse | Response[dict[str, Any]]:
    """How a token stands now (RFC 7662); signed where the Accept header asks for that (RFC 9701)."""
    server = request.doors.authserver
    answer = await introspecting.introspect(server, await read_posted(request))
    if introspecting.MEDIA_TYPE in request.headers.get("accept", ""):
        body = answer.signed(server, request.doors.clock.now()).encode()
        return ASGIResponse(body=body, media_type=introspecting.MEDIA_TYPE, headers=NO_STORE)
    return Response(answer.told, headers=NO_STORE)


@get("/oauth/grants/states", opt=NO_FORM_TOKEN, tags=["oauth"])
async def read_grant_states() -> Response[dict[str, Any]]:
    """What may become of a grant: for each act who does it, and where it leads from each state."""
    return Response(states.published(), headers=FRESH)


@get(
    "/oauth/grants/{grant:str}",
    opt=NO_FORM_TOKEN | {"extra": _GRANT},
    tags=["oauth"],
)
async def query_grant(request: VaultRequest, grant: FromPath[str]) -> Response[dict[str, Any]]:
    """What one of the client's grants allows now. Takes the scope grant_management_query."""
    told = await grants.query(request.doors.authserver, _shown(request, "GET", grant), _grant(grant))
    return Response(told, headers=NO_STORE)


@delete(
    "/oauth/grants/{grant:str}",
    status_code=204,
    opt=NO_FORM_TOKEN | {"extra": _GRANT},
    tags=["oauth"],
)
async def give_grant_back(request: VaultRequest, grant: FromPath[str]) -> Response[None]:
    """Give a grant back: all its tokens are dead. Takes the scope grant_management_revoke."""
    await grants.give_up(request.doors.authserver, _shown(request, "DELETE", grant), _grant(grant))
    return Response(None, status_code=204, headers=NO_STORE)


@get("/oauth/status-lists", opt=NO_FORM_TOKEN, tags=["oauth"])
async def list_status_lists(request: VaultRequest) -> Response[dict[str, Any]]:
    """The addresses of all token status lists."""
    addresses = await request.doors.authserver.status_lists.all()
    return Response({"status_lists": addresses}, headers={"Cache-Control": "public, max-age=60"})


@get(
    "/oauth/status-lists/{list_id:str}",
    opt=NO_FORM_TOKEN | {"extra": Extra(media_type=status_lists.MEDIA_TYPE, refusals=(404, 501))},
    tags=["oauth"],
)
async def read_status_list(request: VaultRequest, list_id: FromPath[str]) -> ASGIResponse:
    """One token status list, signed, as it is now. What it was at another time is not told."""
    if "time" in request.query_params:  # section 8.4 of the draft
        return ASGIResponse(body=b"", status_code=501)
    if len(list_id) != _ID or not set(list_id) <= set("0123456789abcdef"):
        raise NotFound("There is no such status list.")
    published = await request.doors.authserver.status_lists.one(UUID(hex=list_id))
    kept = published.max_age(request.doors.clock.now())
    headers = {"Cache-Control": f"public, max-age={kept}"}
    return ASGIResponse(body=published.token.encode(), media_type=status_lists.MEDIA_TYPE, headers=headers)


@get("/.well-known/oauth-protected-resource", opt=NO_FORM_TOKEN, tags=["oauth"])
async def read_resource_metadata(request: VaultRequest) -> Response[dict[str, Any]]:
    """The protected resources of this server (RFC 9728)."""
    return Response(resource_metadata(request.doors.authserver), headers=FRESH)


@get("/.well-known/oauth-protected-resource/v1", opt=NO_FORM_TOKEN, tags=["oauth"])
async def read_api_metadata(request: VaultRequest) -> Response[dict[str, Any]]:
    """The API as a protected resource (RFC 9728 section 3.1)."""
    return Response(resource_metadata(request.doors.authserver, "/v1") | _RELEASES, headers=FRESH)


@get(schema.PATH, opt=NO_FORM_TOKEN | {"extra": Extra(media_type="application/schema+json")}, tags=["oauth"])
async def read_details_schema(request: VaultRequest) -> Response[dict[str, Any]]:
    """The JSON Schema of the authorization_details that can be asked for (RFC 9396)."""
    body = schema.schema(request.doors.issuer)
    return Response(body, media_type="application/schema+json", headers=FRESH)


def _grant(text: str) -> GrantId:
    return GrantId(ids.parse(ids.GRANT, text))


def _shown(request: VaultRequest, method: str, grant: str) -> Ask:
    """The request as a protected resource looks at it; its address as the issuer publishes it."""
    return Ask(
        authorization=request.headers.get("authorization", ""),
        proofs=request.headers.getall("dpop", []),
        certificate=request.certificate,
        method=method,
        url=f"{request.doors.authserver.grants_url}/{grant}",
        items=None,
        idempotency_key="",
        address=request.address,
    )


HANDLERS: Final = (
    revoke_token,
    introspect_token,
    read_grant_states,
    query_grant,
    give_grant_back,
    list_status_lists,
    read_status_list,
    read_resource_metadata,
    read_api_metadata,
    read_details_schema,
)
"""Every endpoint of this file."""
