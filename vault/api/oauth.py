"""The OAuth back channel and the documents that describe it (RFC 6749, 7636, 8414, 9126, 9396, 9449)."""

from typing import Any, Final

from litestar import Response, get, post

from vault.api.description import Extra
from vault.authserver import mending, nonces
from vault.authserver.backchannel import start
from vault.authserver.certificates import Shown
from vault.authserver.errors import InvalidRequest, OAuthError
from vault.authserver.metadata import metadata
from vault.authserver.par import push
from vault.authserver.server import Posted
from vault.authserver.signed import jwks
from vault.authserver.token_endpoint import token
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.problems import headers_of
from vault.edge.request import VaultRequest
from vault.errors import VaultError
from vault.oversight.counters import NOBODY

NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
FRESH: Final = {"Cache-Control": "public, max-age=300"}
ASSERTION: Final = {
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": "A JWT signed with a key of the client (RFC 7523); aud is the issuer.",
    "client_id": "Optional; the subject of the assertion.",
}
_PROOF: Final = {"DPoP": "A proof of the key that tokens shall be bound to (RFC 9449)."}
_TEXT: Final = {"type": "string", "minLength": 1}
_KNOWN: Final[dict[str, dict[str, Any]]] = {
    "client_assertion_type": {"const": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
    "client_assertion": _TEXT,
    "response_type": {"const": "code"},
    "redirect_uri": _TEXT | {"format": "uri"},
    "code_challenge": {"pattern": "^[A-Za-z0-9_-]{43}$"},
    "code_challenge_method": {"const": "S256"},
    "authorization_details": _TEXT,
    "grant_type": _TEXT,
}
_PAR: Final = ASSERTION | {
    "response_type": "code",
    "redirect_uri": "One of the registered ones, exactly.",
    "code_challenge": "RFC 7636.",
    "code_challenge_method": "S256",
    "authorization_details": "JSON (RFC 9396): one object of the type personal_information.v1.",
    "state": "Comes back unchanged.",
    "dpop_jkt": "Thumbprint of the DPoP key (RFC 9449 section 10).",
    "response_mode": "query, or jwt (JARM) where the client registered it.",
    "request": "In place of these: all of them in a signed request object (RFC 9101).",
    "registration_certificate": "Optional: from /v1/register/declarations/{id}/certificate, your own and in time.",
    "grant_management_action": "create, merge or replace (Grant Management for OAuth 2.0).",
    "grant_id": "With merge and replace: the grant that is changed.",
}
_BACKCHANNEL: Final = ASSERTION | {
    "login_hint": "The code that the person made in their vault and read out. Never a number or a name.",
    "binding_message": "What the person recognises this by: at most 64 letters, digits, spaces and .,:#()-",
    "authorization_details": "JSON (RFC 9396): one object of the type personal_information.v1.",
    "scope": "Optional: openid, for an ID token.",
    "requested_expiry": "Optional: seconds until the request ends, 60 to 900.",
    "client_notification_token": "With ping: the bearer token to be told with.",
    "dpop_jkt": "Thumbprint of the DPoP key that the token will be bound to.",
}
_TOKEN: Final = ASSERTION | {
    "grant_type": "authorization_code, refresh_token, client_credentials or urn:openid:params:grant-type:ciba",
    "scope": "With client_credentials: grant_management_query, grant_management_revoke; or relay.",
    "code": "With authorization_code.",
    "redirect_uri": "With authorization_code: the one that was pushed.",
    "code_verifier": "With authorization_code.",
    "refresh_token": "With refresh_token.",
    "auth_req_id": "With urn:openid:params:grant-type:ciba.",
}
_NEEDED: Final = ("response_type", "redirect_uri", "code_challenge", "code_challenge_method", "authorization_details")
_PUSHING: Final = Extra(form=_PAR, conditions=_PROOF, schemas=_KNOWN, required=[_NEEDED, ("request",)])
_ASKING: Final = Extra(
    form=_BACKCHANNEL, conditions=_PROOF, schemas=_KNOWN, required=[("login_hint", "authorization_details")]
)
_ISSUING: Final = Extra(form=_TOKEN, conditions=_PROOF, schemas=_KNOWN, required=[("grant_type",)])


def is_back_channel(path: str) -> bool:
    """Where refusals have the form of RFC 6749 section 5.2: everything under /oauth that no browser shows."""
    return path.startswith("/oauth/") and path != "/oauth/authorize"


def oauth_failure(error: VaultError, issuer: str) -> Response[dict[str, Any]]:
    """Any failure at the back channel in the words of OAuth, with the address of the page that says what to mend."""
    if isinstance(error, OAuthError):
        uri = mending.address(issuer, error.check)
        said = error.body() | ({"error_uri": uri} if uri else {})
        return Response(said, status_code=error.http_status, headers=error.headers())
    code = "temporarily_unavailable" if error.status == 503 else "server_error"
    if error.status < 500:
        code = "invalid_request"
    body = {"error": code, "error_description": error.public, "error_uri": f"{issuer}/problems/{error.name}"}
    return Response(body, status_code=error.status, headers=headers_of(error) | NO_STORE)


@get("/.well-known/oauth-authorization-server", opt=NO_FORM_TOKEN, tags=["oauth"])
async def read_metadata(request: VaultRequest) -> Response[dict[str, Any]]:
    """The authorization server's metadata (RFC 8414)."""
    return Response(metadata(request.doors.authserver), headers=FRESH)


@get("/oauth/jwks", opt=NO_FORM_TOKEN, tags=["oauth"])
async def read_jwks(request: VaultRequest) -> Response[dict[str, Any]]:
    """The keys that access tokens are signed with (RFC 7517)."""
    return Response(jwks(request.doors.ring), headers=FRESH)


@post("/oauth/par", status_code=201, opt=NO_FORM_TOKEN | {"extra": _PUSHING}, tags=["oauth"])
async def push_request(request: VaultRequest) -> Response[dict[str, Any]]:
    """Push an authorization request (RFC 9126). The person's browser then brings only its request_uri."""
    pushed = await push(request.doors.authserver, await read_posted(request))
    return Response(pushed.body(), status_code=201, headers=NO_STORE | next_nonce(request))


@post("/oauth/bc-authorize", status_code=200, opt=NO_FORM_TOKEN | {"extra": _ASKING}, tags=["oauth"])
async def start_backchannel(request: VaultRequest) -> Response[dict[str, Any]]:
    """Ask for consent out of band (CIBA). The person decides in their vault; poll the token endpoint meanwhile."""
    started = await start(request.doors.authserver, await read_posted(request))
    return Response(started.body(), headers=NO_STORE | next_nonce(request))


@post("/oauth/token", status_code=200, opt=NO_FORM_TOKEN | {"extra": _ISSUING}, tags=["oauth"])
async def issue_token(request: VaultRequest) -> Response[dict[str, Any]]:
    """Exchange a code or a refresh token for an access token bound to the caller's DPoP key."""
    posted = await read_posted(request)
    issued = await token(request.doors.authserver, posted)
    if code := posted.form.get("code"):
        request.doors.figures.stage("redeemed", NOBODY, of=code)
    return Response(issued.body(), headers=NO_STORE | next_nonce(request))


def next_nonce(request: VaultRequest) -> dict[str, str]:
    """The DPoP-Nonce header of an answer, where the caller needs one (RFC 9449 section 8.2)."""
    server, proofs = request.doors.authserver, request.headers.getall("dpop", [])
    return nonces.next_for(server.ring, proofs, request.doors.clock.now(), always=server.dpop_nonces)


async def read_posted(request: VaultRequest) -> Posted:
    """The form of a request at the back channel, with who shows what. Raises InvalidRequest."""
    if request.content_type[0] != "application/x-www-form-urlencoded":
        raise InvalidRequest("form-type", "Send a form: application/x-www-form-urlencoded.")
    proofs = list(request.headers.getall("dpop", []))
    certificate, authorization = None, request.headers.get("authorization")
    if (der := request.certificate) is not None:
        certificate = Shown(certificate=der, chain=request.certificate_chain)
    return Posted.read(await request.body(), proofs, authorization, certificate=certificate)
