"""A refresh token becomes a new access token. Not rotated (FAPI 2.0 5.3.2.1-9): bound to client and key instead.

The hot path: what it needs was read with the client (``ahead``), so that two round trips are all there is: that one,
and the one that uses up assertion and proof.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

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
from vault.consent.standing import read_standing
from vault.errors import NotFound


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
    read = caller.ahead
    if read is None or read.token is None:
        raise InvalidGrant("refresh-known", "There is no such refresh token: start a new authorization.")
    row = read.token
    RefreshToken.check(server.ring, row)
    for name, complain in CHECKS.items():
        if complaint := complain(row, caller):
            raise InvalidGrant(name, complaint)
    # 3. The share in it, and the grant as it stands now
    if read.opened is None or read.opened.bound_to != binding.lasting:
        raise InvalidGrant("refresh-open", "The refresh token does not open with this client and key.")
    try:
        held = read_standing(server.ring, read.grant, caller.now)
    except NotFound:
        raise grant_ended("gone") from None
    check_grant(caller, held)
    if (row["share_number"] or 1) != held.share_number:
        raise InvalidGrant("refresh-share", "The grant was merged or replaced since: use that authorization's token.")
    # 4. The access token
    key = await server.keys.current(server.database)
    return issue(server, key, granted(caller, held, read.opened.share, form), token, now=caller.now)


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
