"""A refresh token becomes a new access token. Not rotated (FAPI 2.0 5.3.2.1-9): bound to client and key instead.

The hot path: plain SQL, four round trips with the caller's two, everything else without I/O.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from vault.authserver import tokens
from vault.authserver.callers import Caller
from vault.authserver.errors import InvalidGrant, InvalidRequest
from vault.authserver.issuing import (
    Issued,
    TokenRequest,
    check_caller_live,
    check_grant,
    grant_ended,
    granted,
    issue,
    shown_binding,
)
from vault.authserver.tables import RefreshToken
from vault.consent.standing import standing_by_pool
from vault.errors import NotFound

_ROW: Final = sa.select(*(RefreshToken.__table__.c[n] for n in (*RefreshToken.guarded_columns(), "mac"))).where(
    RefreshToken.hash == sa.bindparam("hash", type_=sa.LargeBinary())
)
_SQL: Final = str(_ROW.compile(dialect=dialect()))  # type: ignore[no-untyped-call]  # SQLAlchemy's own gap


async def refresh(asked: TokenRequest) -> Issued:
    """A new access token. Raises OAuthError naming the check that failed."""
    server, caller, form = asked.server, asked.caller, asked.form
    # 1. The caller
    binding = shown_binding(caller)
    check_caller_live(caller)
    token = form.get("refresh_token")
    if not token:
        raise InvalidRequest("refresh-present", "Send the refresh_token.")
    # 2. The token: known, this client's, this key's, not revoked
    row = await asked.connection.fetchrow(_SQL, tokens.hash_of(token))
    if row is None:
        raise InvalidGrant("refresh-known", "There is no such refresh token: start a new authorization.")
    RefreshToken.check(server.ring, row)
    for name, complain in CHECKS.items():
        if complaint := complain(row, caller):
            raise InvalidGrant(name, complaint)
    # 3. The share in it, and the grant as it stands now
    client_id = caller.client.client_id
    grant, share = tokens.open_refresh_token(server.ring, token, client_id=client_id, bound_to=binding.lasting)
    try:
        held = await standing_by_pool(asked.connection, server.ring, share.person, grant, now=caller.now)
    except NotFound:
        raise grant_ended("gone") from None
    check_grant(caller, held)
    if (row["share_number"] or 1) != held.share_number:
        raise InvalidGrant("refresh-share", "The grant was merged or replaced since: use that authorization's token.")
    # 4. The access token
    key = await server.keys.current(server.database)
    return issue(server, key, granted(caller, held, share, form), token, now=caller.now)


def _client(row: Mapping[str, Any], caller: Caller) -> str | None:
    if row["client_id"] == caller.client.client_id:
        return None
    return "There is no such refresh token for this client: start a new authorization."


def _key(row: Mapping[str, Any], caller: Caller) -> str | None:
    if caller.binding is not None and row["bound_to"] == caller.binding.lasting:
        return None
    return "The refresh token is bound to another key: use the one you redeemed the code with."


def _status(row: Mapping[str, Any], _: Caller) -> str | None:
    return None if row["status"] == "active" else "The refresh token was revoked: start a new authorization."


CHECKS: Final[dict[str, Callable[[Mapping[str, Any], Caller], str | None]]] = {
    "refresh-client": _client,
    "refresh-key": _key,
    "refresh-status": _status,
}
"""In this order. Each gives None, or says what to mend."""
