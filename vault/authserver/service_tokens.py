"""Tokens of a client for itself (RFC 6749 section 4.4): they manage grants (Grant Management for OAuth 2.0, section 6)
or send batches of releases, one of the two. No person, no share: another audience and other claims than tokens that
open data. What a batch opens, it opens by the refresh tokens in its body.
"""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from vault import ids
from vault.authserver.bindings import Binding
from vault.authserver.errors import InvalidToken, OAuthError
from vault.authserver.issuing import Issued, TokenRequest, shown_binding
from vault.authserver.server import AuthServer
from vault.authserver.token_claims import Confirmation
from vault.authserver.tokens import AHEAD, SIGNING, TYP, key_id
from vault.crypto.canonical import b64
from vault.crypto.jws import read_jws, sign_jws
from vault.crypto.keyring import KeyRing
from vault.crypto.signing import is_signed
from vault.errors import Malformed, NotFound
from vault.requesters.standing import Capability

QUERY: Final = "grant_management_query"
REVOKE: Final = "grant_management_revoke"
BATCH: Final = "release_batch"
RELAY: Final = "relay"
SCOPES: Final = {
    QUERY: Capability.INTROSPECTION,
    REVOKE: Capability.GIVING_UP,
    BATCH: Capability.DISCLOSE,
    RELAY: Capability.DISCLOSE,
}
"""Scope: what of a client's standing it takes."""
_TOGETHER: Final = (frozenset({QUERY, REVOKE}), frozenset({BATCH}), frozenset({RELAY}))
"""Scopes that one token may hold: those of one audience."""
LIFE: Final = timedelta(minutes=5)


class _Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """RFC 9068 section 2.2; ``sub`` is the client itself."""

    iss: str
    aud: str
    sub: str
    client_id: str
    iat: int
    exp: int
    jti: str
    cnf: Confirmation
    scope: str


@dataclass(frozen=True)
class Service:
    """A service token, read: whose it is, for what, bound to what."""

    client_id: UUID
    scopes: frozenset[str]
    binding: Binding
    needs_nonce: bool = False


_CLAIMS: Final = msgspec.json.Decoder(_Claims)


async def serve(asked: TokenRequest) -> Issued:
    """A token for the scopes that are asked for. Raises OAuthError naming the check that failed."""
    server, caller = asked.server, asked.caller
    binding = shown_binding(caller)
    scopes = asked.form.get("scope", "").split(" ")
    if not any(set(scopes) <= allowed for allowed in _TOGETHER) or len(set(scopes)) != len(scopes):
        why = f"scope must be {QUERY}, {REVOKE} or both, {BATCH} or {RELAY}: client_credentials opens nobody's data."
        raise OAuthError("invalid_scope", why, check="service-scope")
    for scope in scopes:
        if reasons := caller.lapses.stopping(SCOPES[scope]):
            why = f"This registration is not in force: {', '.join(reasons)}."
            raise OAuthError("unauthorized_client", why, check="client-live")
    claims = _Claims(
        iss=server.issuer,
        aud=audience_of(server, scopes[0]),
        sub=ids.public(ids.CLIENT, caller.client.client_id),
        client_id=ids.public(ids.CLIENT, caller.client.client_id),
        iat=int(caller.now.timestamp()),
        exp=int((caller.now + LIFE).timestamp()),
        jti=b64(os.urandom(16)),
        cnf=Confirmation.of(binding),
        scope=" ".join(scopes),
    )
    return Issued(
        access_token=_signed(server.ring, claims),
        token_type=binding.token_type,
        expires_in=int(LIFE.total_seconds()),
        more={"scope": claims.scope},
    )


def audience_of(server: AuthServer, scope: str) -> str:
    """Where a token of this scope is good: at the endpoints it is for, and nowhere else."""
    if scope == RELAY:
        return f"{server.issuer}/v1/relay"
    return server.batch_url if scope == BATCH else server.grants_url


def read_service_token(ring: KeyRing, token: str, now: datetime, *, issuer: str, audience: str) -> Service:
    """The ordered checks of a service token (RFC 9068 section 4). Raises InvalidToken."""
    try:
        jws = read_jws(token)
        version = {key_id(v): v for v in ring.published(SIGNING)}[jws.header.get("kid", "")]
    except (Malformed, KeyError):
        raise InvalidToken("token-readable", "This is not an access token of this server.") from None
    if jws.header["typ"] != TYP:
        raise InvalidToken("token-typ", "This is not an access token of this server.")
    if not is_signed(ring.public_key(SIGNING, version=version), jws.signing_input, jws.signature):
        raise InvalidToken("token-signature", "The access token's signature does not verify.")
    try:
        claims = _CLAIMS.decode(jws.payload)
        client_id = ids.parse(ids.CLIENT, claims.client_id)
    except (msgspec.MsgspecError, NotFound):
        raise InvalidToken("token-claims", "This is no token of a client for itself: use client_credentials.") from None
    if claims.iss != issuer or claims.aud != audience:
        raise InvalidToken("token-audience", "The access token is for another server.")
    if now.timestamp() >= claims.exp or claims.iat - now.timestamp() > AHEAD:
        raise InvalidToken("token-expired", "The access token has expired: get a new one.")
    return Service(client_id, frozenset(claims.scope.split(" ")), claims.cnf.binding)


def _signed(ring: KeyRing, claims: _Claims) -> str:
    version = ring.versions(SIGNING)[-1]
    header = {"typ": TYP, "kid": key_id(version)}
    return sign_jws(lambda message: ring.sign(SIGNING, message, version=version), header, msgspec.json.encode(claims))
