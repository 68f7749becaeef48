"""Authorization responses: parameters in the redirect (RFC 6749, RFC 9207), or one signed JWT (JARM). Pure."""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from vault import ids
from vault.authserver.authorize import AuthorizationRequest
from vault.authserver.server import AuthServer
from vault.authserver.signed import sign_answer

LIFE: Final = timedelta(minutes=10)
"""JARM section 2.1 recommends ten minutes at most for ``exp``."""


def code_answer(server: AuthServer, request: AuthorizationRequest, code: str) -> str:
    """Where the browser goes with the code (RFC 6749 section 4.1.2)."""
    return _answer(server, request, {"code": code})


def refusal_answer(server: AuthServer, request: AuthorizationRequest, error: str = "access_denied") -> str:
    """Where the browser goes without one. No description: a no looks like absence (RFC 6749 section 4.1.2.1)."""
    return _answer(server, request, {"error": error})


def _answer(server: AuthServer, request: AuthorizationRequest, parameters: dict[str, str]) -> str:
    """The registered redirect URI, its own query kept, with the parameters of the answer."""
    if request.state is not None:
        parameters = {**parameters, "state": request.state}
    if request.response_mode == "query":
        parameters = {**parameters, "iss": server.issuer}
    else:
        parameters = {"response": _signed(server, request, parameters, server.database.clock.now())}
    parts = urlsplit(request.redirect_uri)
    query = "&".join(filter(None, (parts.query, urlencode(parameters))))
    return urlunsplit(parts._replace(query=query))


def _signed(server: AuthServer, request: AuthorizationRequest, parameters: dict[str, str], now: datetime) -> str:
    """JARM section 2.1; ``iss`` is inside only (FAPI 2.0 Message Signing 5.4.1)."""
    claims = {
        "iss": server.issuer,
        "aud": ids.public(ids.CLIENT, request.client.client_id),
        "exp": int((now + LIFE).timestamp()),
        **parameters,
    }
    alg = request.client.metadata.authorization_signed_response_alg
    return sign_answer(server.ring, "authorization", alg, typ="JWT", claims=claims)
