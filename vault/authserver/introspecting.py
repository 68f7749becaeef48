"""Token introspection: RFC 7662 as JSON, RFC 9701 as a signed answer.

Who may ask: a resource server that two officers let in, about tokens for its audience; a client, about its own tokens.
Everybody else who authenticates, and everybody about a token that is not alive in every respect, gets exactly
``{"active": false}``: what exists and what does not look the same (RFC 7662 section 2.2).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from vault import ids
from vault.authserver import assertions, replay
from vault.authserver.callers import Caller, known_caller
from vault.authserver.certificates import unknown_client
from vault.authserver.errors import InvalidClient, InvalidRequest, OAuthError
from vault.authserver.jose import NotReadable, read
from vault.authserver.resource_servers import KnownServer, known_server
from vault.authserver.server import AuthServer, Posted
from vault.authserver.signed import Algorithm, sign_answer
from vault.authserver.standing import Found, alive, find
from vault.authserver.tokens import pairwise
from vault.clock import millis
from vault.consent.standing import GrantStanding
from vault.errors import NotFound
from vault.requesters.standing import Capability

INACTIVE: Final[dict[str, Any]] = {"active": False}
TYP: Final = "token-introspection+jwt"
MEDIA_TYPE: Final = f"application/{TYP}"


@dataclass(frozen=True)
class Answer:
    """What is told, to whom (their public id), and by which algorithm they want it signed."""

    told: dict[str, Any]
    asker: str
    alg: Algorithm

    def signed(self, server: AuthServer, now: datetime) -> str:
        """RFC 9701 section 5: no top-level sub or exp, so that nobody takes it for an access token."""
        claims = {
            "iss": server.issuer,
            "aud": self.asker,
            "iat": millis(now) // 1000,
            "token_introspection": self.told,
        }
        return sign_answer(server.ring, "introspection", self.alg, typ=TYP, claims=claims)


async def introspect(server: AuthServer, posted: Posted) -> Answer:
    """How a token stands. Raises OAuthError when the caller does not authenticate or sends no token."""
    async with (await server.database.pool()).acquire() as connection:
        if _is_of_server(posted):
            asker = await _resource_server(server, connection, posted)
            token = _token(posted)
            told = await _to_server(server, connection, asker, token)
            return Answer(told, ids.public(ids.RESOURCE_SERVER, asker.id), "EdDSA")
        url = server.introspection_url
        async with known_caller(server, connection, posted, url=url, proof_needed=False) as caller:
            told = await _to_client(server, connection, caller, _token(posted))
            public = ids.public(ids.CLIENT, caller.client.client_id)
            return Answer(told, public, caller.client.metadata.introspection_signed_response_alg)


async def _to_client(server: AuthServer, connection: asyncpg.Connection, caller: Caller, token: str) -> dict[str, Any]:
    if caller.lapses.stopping(Capability.INTROSPECTION):
        return INACTIVE
    found = await find(server, connection, token, caller.now)
    if found is None or found.client_id != caller.client.client_id:
        return INACTIVE
    held = await alive(server, connection, found, caller.now, lapses=caller.lapses)
    if held is None:
        return INACTIVE
    return _told(server, found, held) | {"grant_id": ids.public(ids.GRANT, held.id)}


async def _to_server(
    server: AuthServer, connection: asyncpg.Connection, asker: KnownServer, token: str
) -> dict[str, Any]:
    now = server.database.clock.now()
    found = await find(server, connection, token, now)
    if found is None or found.audience != asker.audience:
        return INACTIVE
    held = await alive(server, connection, found, now)
    return INACTIVE if held is None else _told(server, found, held)


def _told(server: AuthServer, found: Found, held: GrantStanding) -> dict[str, Any]:
    """The members of an answer about a living token: the pairwise name, never the person's id or share."""
    return {
        "active": True,
        "client_id": ids.public(ids.CLIENT, found.client_id),
        "sub": pairwise(server.ring, held.requester_id, found.person),
        **({"authorization_details": held.details(held.items)} if found.kind == "refresh_token" else {}),
        **found.said,
    }


def _token(posted: Posted) -> str:
    if "token" not in posted.form:
        raise InvalidRequest("token-parameter", "Send the token to be looked at in the parameter token.")
    return posted.form["token"]


def _is_of_server(posted: Posted) -> bool:
    """Whether the assertion claims to be a resource server's; nothing is believed yet."""
    try:
        subject = read(posted.form.get("client_assertion", "")).claims.get("sub")
    except NotReadable:
        return False
    return isinstance(subject, str) and subject.startswith(f"{ids.RESOURCE_SERVER}_")


async def _resource_server(server: AuthServer, connection: asyncpg.Connection, posted: Posted) -> KnownServer:
    """The server behind the assertion; private_key_jwt and nothing else. Strangers are counted."""
    now = server.database.clock.now()
    try:
        claim = assertions.read_claim(posted.form, authorization=posted.authorization, prefix=ids.RESOURCE_SERVER)
        try:
            known = await known_server(connection, server.ring, claim.client_id)
        except NotFound:
            raise unknown_client() from None
        claimed = assertions.authenticate(claim, known.jwks, issuer=server.issuer, now=now)
        if not await replay.see(connection, [(claimed.seen, claimed.expires_at)]):
            raise InvalidClient("assertion-replayed", "This client assertion was used before: make one per request.")
    except OAuthError as refused:
        server.meter.count(refused.check)
        raise
    return known
