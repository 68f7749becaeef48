"""How a token stands at this moment, whoever asks: is it ours, is it alive, is everything behind it in force.

Access tokens are opened to learn whose grant they are of; nothing of that leaves here but to those who need it to act.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from vault.accounts import is_active
from vault.authserver import tokens
from vault.authserver.bindings import JKT, Binding
from vault.authserver.errors import InvalidGrant, InvalidToken
from vault.authserver.server import AuthServer
from vault.authserver.tables import RefreshToken
from vault.authserver.token_claims import Claims
from vault.authserver.token_keys import NoTokenKey
from vault.clock import millis
from vault.consent.standing import GrantStanding, standing_by_pool
from vault.errors import NotFound
from vault.ids import PersonId
from vault.requesters.liveness import Lapses
from vault.requesters.standing import Capability

REFRESH_COLUMNS: Final = ", ".join((*RefreshToken.guarded_columns(), "mac"))
"""What a refresh token's row must be selected with, so that its MAC can be checked."""
_ROW: Final = sa.select(*(RefreshToken.__table__.c[n] for n in (*RefreshToken.guarded_columns(), "mac"))).where(
    RefreshToken.hash == sa.bindparam("hash", type_=sa.LargeBinary())
)
REFRESH_SQL: Final = str(_ROW.compile(dialect=dialect()))  # type: ignore[no-untyped-call]  # SQLAlchemy's own gap


@dataclass(frozen=True)
class Found:
    """A token of ours that is not past its own end. ``epoch`` and ``share_number``: which of the grant's it is, where
    the kind tells; ``said``: what may be told of it, once it is known to be alive."""

    kind: str
    client_id: UUID
    audience: str | None
    person: PersonId
    grant: Any
    epoch: int | None
    share_number: int | None
    said: Mapping[str, Any]


async def find(server: AuthServer, connection: asyncpg.Connection, token: str, now: datetime) -> Found | None:
    """The token, if it is one of ours: read, not yet compared with the grant."""
    if len(token) > tokens.LONGEST:
        return None
    if token.startswith(tokens.REFRESH_PREFIX):
        return await _refresh_token(server, connection, token)
    try:
        return await _access_token(server, token, now)
    except InvalidToken:
        return None


async def alive(
    server: AuthServer, connection: asyncpg.Connection, found: Found, now: datetime, *, lapses: Lapses | None = None
) -> GrantStanding | None:
    """How its grant stands, if everything behind the token is in force; None when anything is not.

    ``lapses``: those of its client, where they were read in this request already.
    """
    try:
        held = await standing_by_pool(connection, server.ring, found.person, found.grant, now=now)
        if lapses is None:
            lapses = (await server.clients.client(connection, found.client_id, now)).lapses
    except NotFound:
        return None
    if held.lapse is not None or held.client_id != found.client_id:
        return None
    if found.epoch not in (None, held.token_epoch) or found.share_number not in (None, held.share_number):
        return None
    if lapses.stopping(Capability.DISCLOSE) or not await is_active(connection, server.ring, found.person):
        return None
    return held


async def _access_token(server: AuthServer, token: str, now: datetime) -> Found:
    claims = tokens.read_access_token(server.ring, token, now, issuer=server.issuer)
    try:
        access = tokens.open_claims(server.keys, claims, now)
    except NoTokenKey:  # another process may have made this hour's key
        await server.keys.load(server.database)
        access = tokens.open_claims(server.keys, claims, now)
    return Found(
        kind="access_token",
        client_id=access.client_id,
        audience=claims.aud,
        person=access.person,
        grant=access.grant,
        epoch=access.epoch,
        share_number=None,
        said=_of_claims(claims),
    )


async def _refresh_token(server: AuthServer, connection: asyncpg.Connection, token: str) -> Found | None:
    row = await connection.fetchrow(REFRESH_SQL, tokens.hash_of(token))
    if row is None:
        return None
    RefreshToken.check(server.ring, row)
    if row["status"] != "active":
        return None
    try:
        grant, share = tokens.open_refresh_token(
            server.ring, token, client_id=row["client_id"], bound_to=row["bound_to"]
        )
    except InvalidGrant:
        return None
    said: dict[str, Any] = {"iat": millis(row["issued_at"]) // 1000, "exp": millis(row["expires_at"]) // 1000}
    if row["bound_to"].startswith(f"{JKT}:"):
        said["cnf"] = {JKT: Binding.read(row["bound_to"]).thumbprint}
    return Found(
        kind="refresh_token",
        client_id=row["client_id"],
        audience=None,
        person=share.person,
        grant=grant,
        epoch=None,
        share_number=row["share_number"] or 1,
        said=said,
    )


def _of_claims(claims: Claims) -> dict[str, Any]:
    """What RFC 7662 section 2.2 names, as the token itself has it; never its share or its grant."""
    binding = claims.cnf.binding
    return {
        "iss": claims.iss,
        "aud": claims.aud,
        "iat": claims.iat,
        "exp": claims.exp,
        "jti": claims.jti,
        "token_type": binding.token_type,
        "cnf": {binding.method: binding.thumbprint},
        "authorization_details": claims.authorization_details,
    }
