"""The grant management endpoint (Grant Management for OAuth 2.0, sections 6.3 to 6.6): a client looks at a grant of its
own, or gives it back. One grant by its id; there is no list. Another client's grant and one that has ended are absent.
"""

from datetime import datetime
from typing import Any

import asyncpg

from vault.authserver.admitting import admitted
from vault.authserver.redeeming import revoke_refresh_tokens
from vault.authserver.resource import Shown
from vault.authserver.server import AuthServer
from vault.authserver.service_tokens import QUERY, REVOKE
from vault.clock import millis
from vault.consent import give_back
from vault.consent.standing import GrantStanding, standing_by_id
from vault.db import Session
from vault.errors import NotFound
from vault.ids import GrantId, PersonId
from vault.requesters.views import ClientView


async def query(server: AuthServer, shown: Shown, grant: GrantId) -> dict[str, Any]:
    """What the grant allows: the items that were ticked and are there, nothing about others. Raises OAuthError and
    NotFound."""
    now = server.database.clock.now()
    async with (await server.database.pool()).acquire() as connection:
        client = await admitted(server, connection, shown, QUERY)
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
        client = await admitted(server, connection, shown, REVOKE)
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
