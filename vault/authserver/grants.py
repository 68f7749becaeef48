"""The grant management endpoint (Grant Management for OAuth 2.0, sections 6.3 to 6.6): a client looks at a grant of its
own, or gives it back. One grant by its id; there is no list. Another client's grant and one that has ended are absent.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

import asyncpg

from vault.authserver.errors import InsufficientScope, InvalidProof, InvalidToken, OAuthError
from vault.authserver.redeeming import revoke_refresh_tokens
from vault.authserver.replay import see
from vault.authserver.resource import ResourceGate, Shown, read_authorization
from vault.authserver.server import AuthServer
from vault.authserver.service_tokens import QUERY, REVOKE, SCOPES, read_service_token
from vault.clock import millis
from vault.consent import give_back
from vault.consent.standing import GrantStanding, standing_by_id
from vault.db import Session
from vault.errors import NotFound
from vault.ids import GrantId, PersonId
from vault.requesters.register import KnownClient
from vault.requesters.views import ClientView


async def query(server: AuthServer, shown: Shown, grant: GrantId) -> dict[str, Any]:
    """What the grant allows: the items that were ticked and are there, nothing about others. Raises OAuthError and
    NotFound."""
    now = server.database.clock.now()
    async with (await server.database.pool()).acquire() as connection:
        client = await _admitted(server, connection, shown, QUERY)
        _, held = await _own(server, connection, client, grant, now=now)
    return {
        "authorization_details": held.details(held.items),
        "created_at": millis(held.created_at) // 1000,
        "last_updated_at": millis(held.given_at) // 1000,
        "expires_at": millis(held.expires_at) // 1000,
    }


async def give_up(server: AuthServer, shown: Shown, grant: GrantId) -> None:
    """The client gives the grant back: every token of it is dead with this. Raises OAuthError and NotFound."""
    now = server.database.clock.now()
    async with (await server.database.pool()).acquire() as connection:
        client = await _admitted(server, connection, shown, REVOKE)
        person, _ = await _own(server, connection, client, grant, now=now)
    await server.database.run(_end, client, person, grant)


async def _end(session: Session, client: ClientView, person: PersonId, grant: GrantId) -> None:
    await give_back(session, client, person, grant)
    await revoke_refresh_tokens(session, grant)


async def _own(
    server: AuthServer, connection: asyncpg.Connection, client: ClientView, grant: GrantId, *, now: datetime
) -> tuple[PersonId, GrantStanding]:
    person, held = await standing_by_id(connection, server.ring, grant, now=now)
    if (held.requester_id, held.client_id) != (client.requester_id, client.client_id) or held.lapse is not None:
        raise NotFound("There is no such grant.")
    return person, held


async def _admitted(server: AuthServer, connection: asyncpg.Connection, shown: Shown, scope: str) -> ClientView:
    """Whoever shows a token of this scope, what it is bound to, and a client whose standing lets it. Strangers are
    counted."""
    now, gate = server.database.clock.now(), ResourceGate(server)
    try:
        scheme, token = read_authorization(shown.authorization)
        service = read_service_token(server.ring, token, now, issuer=server.issuer, audience=server.grants_url)
        known = await _client(server, connection, service.client_id)
        bound = replace(service, needs_nonce=known.view.metadata.require_dpop_nonce)
        proof = gate.proven(shown, scheme, token, bound=bound, now=now)
    except InvalidProof as refused:
        server.meter.count(refused.check)
        raise refused.resourced() from None
    except OAuthError as refused:
        server.meter.count(refused.check)
        raise
    if not await see(connection, [(proof.seen, proof.expires_at)]):
        raise gate.replayed()
    if scope not in service.scopes:
        raise InsufficientScope(scope)
    if known.lapses.stopping(SCOPES[scope]):
        raise NotFound("There is no such grant.")
    return known.view


async def _client(server: AuthServer, connection: asyncpg.Connection, client_id: Any) -> KnownClient:
    try:
        return await server.clients.client(connection, client_id, server.database.clock.now())
    except NotFound:
        raise InvalidToken("token-client", "The client of this access token is gone.") from None
