"""At the doors where clients act for themselves: with a token of client_credentials, or with a bare assertion."""

from dataclasses import replace
from typing import Final
from uuid import UUID

import asyncpg

from vault import ids
from vault.authserver import assertions, replay
from vault.authserver.errors import InsufficientScope, InvalidClient, InvalidProof, InvalidToken, OAuthError
from vault.authserver.resource import ResourceGate, Shown, read_authorization
from vault.authserver.server import AuthServer
from vault.authserver.service_tokens import SCOPES, audience_of, read_service_token
from vault.errors import NotFound
from vault.requesters.client_metadata import PRIVATE_KEY_JWT
from vault.requesters.register import KnownClient
from vault.requesters.standing import Capability
from vault.requesters.views import ClientView

_UNKNOWN: Final = "There is no such thing here."


async def admitted(server: AuthServer, connection: asyncpg.Connection, shown: Shown, scope: str) -> ClientView:
    """Whoever shows a token of this scope, what it is bound to, and a client whose standing lets it. Strangers are
    counted. Raises OAuthError; NotFound where the client's standing does not let it."""
    now, gate = server.database.clock.now(), ResourceGate(server)
    audience = audience_of(server, scope)
    try:
        scheme, token = read_authorization(shown.authorization)
        service = read_service_token(server.ring, token, now, issuer=server.issuer, audience=audience)
        known = await _client(server, connection, service.client_id)
        bound = replace(service, needs_nonce=known.view.metadata.require_dpop_nonce)
        proof = gate.proven(shown, scheme, token, bound=bound, now=now)
    except InvalidProof as refused:
        server.meter.count(refused.check)
        raise refused.resourced() from None
    except OAuthError as refused:
        server.meter.count(refused.check)
        raise
    if not await replay.see(connection, [(proof.seen, proof.expires_at)]):
        raise gate.replayed()
    if scope not in service.scopes:
        raise InsufficientScope(scope)
    if known.lapses.stopping(SCOPES[scope]):
        raise NotFound(_UNKNOWN)
    return known.view


async def by_assertion(server: AuthServer, name: str, assertion: str) -> ClientView:
    """Who signs in where there is no HTTP, with its client id as name and a client assertion (RFC 7523) as password:
    fresh, for this issuer, used once. Raises OAuthError; NotFound where its standing does not let it disclose."""
    now = server.database.clock.now()
    form = {"client_assertion_type": assertions.TYPE, "client_assertion": assertion}
    try:
        async with (await server.database.pool()).acquire() as connection:
            claim = assertions.read_claim(form)
            known = await _client(server, connection, claim.client_id)
            if name != ids.public(ids.CLIENT, claim.client_id):
                raise InvalidClient("assertion-subject", "The name is not the client that the assertion is about.")
            if known.view.metadata.token_endpoint_auth_method != PRIVATE_KEY_JWT:
                raise InvalidClient("client-registered", "This client does not authenticate by private_key_jwt.")
            held = assertions.authenticate(claim, known.view.jwks, issuer=server.issuer, now=now)
            if not await replay.see(connection, [(held.seen, held.expires_at)]):
                raise InvalidClient("assertion-replayed", "This client assertion was used before.")
    except OAuthError as refused:
        server.meter.count(refused.check)
        raise
    if known.lapses.stopping(Capability.DISCLOSE):
        raise NotFound(_UNKNOWN)
    return known.view


async def _client(server: AuthServer, connection: asyncpg.Connection, client_id: UUID) -> KnownClient:
    try:
        return await server.clients.client(connection, client_id, server.database.clock.now())
    except NotFound:
        raise InvalidToken("token-client", "The client of this access token is gone.") from None
