"""Token revocation (RFC 7009): a client gives up a token of its own. The consent stays.

A refresh token ends with every access token that came from it; an access token ends with every other of its grant that
is out, and the refresh token, which the client did not name, goes on. Whatever is no token of this client's that lives
is answered like one that is (section 2.2), and changes nothing.
"""

from typing import Final

import asyncpg

from vault.authserver import tokens
from vault.authserver.callers import Caller, known_caller, record_refused_token
from vault.authserver.errors import InvalidClient, InvalidRequest
from vault.authserver.server import AuthServer, Posted
from vault.authserver.standing import Found, find
from vault.authserver.tables import RefreshToken
from vault.consent.standing import end_tokens, standing
from vault.consent.states import State
from vault.db import Session
from vault.errors import NotFound
from vault.ledger.events import Event
from vault.ledger.events import requester as by_requester
from vault.ledger.log import append
from vault.requesters.standing import Capability

HINTS: Final = ("access_token", "refresh_token")


class _NotTheirs(InvalidClient):
    """Recorded, and told to nobody."""

    def __init__(self) -> None:
        super().__init__("revoke-client", "This token is another client's.")


async def revoke(server: AuthServer, posted: Posted) -> None:
    """End a token. Raises OAuthError when the caller does not authenticate or sends no token; else says nothing."""
    async with (
        (await server.database.pool()).acquire() as connection,
        known_caller(server, connection, posted, url=server.revocation_url, proof_needed=False) as caller,
    ):
        if "token" not in posted.form:
            raise InvalidRequest("token-parameter", "Send the token to be revoked in the parameter token.")
        await _revoke(server, connection, caller, posted.form["token"])


async def _revoke(server: AuthServer, connection: asyncpg.Connection, caller: Caller, token: str) -> None:
    found = await find(server, connection, token, caller.now)
    if found is None or caller.lapses.stopping(Capability.GIVING_UP):
        return
    if found.client_id != caller.client.client_id:
        await server.database.run(record_refused_token, caller.client, _NotTheirs())
        return
    await server.database.run(_end, caller, found, token)


async def _end(session: Session, caller: Caller, found: Found, token: str) -> None:
    try:
        held = await standing(session, found.person, found.grant)
    except NotFound:
        return
    is_of_now = found.epoch in (None, held.token_epoch) and found.share_number in (None, held.share_number)
    if held.lapse not in {None, State.SUSPENDED} or not is_of_now:
        return
    if found.kind == "refresh_token":
        row = await session.get(RefreshToken, tokens.hash_of(token), with_for_update=True, populate_existing=True)
        if row is None or row.status != "active":
            return
        row.status = "revoked"
    await end_tokens(session, found.person, found.grant)
    client = caller.client
    event = Event(
        name="token.revoked",
        actor=by_requester(client.requester_id),
        requester=client.requester_id,
        declaration=client.declaration_id,
        outcome=found.kind,
    )
    await append(session, event, person=found.person)
