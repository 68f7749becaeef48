"""The token endpoint: a grant of some type becomes an access token, bound to what the caller holds."""

from collections.abc import Awaitable, Callable
from typing import Final

from vault.authserver.callers import known_caller
from vault.authserver.errors import OAuthError
from vault.authserver.issuing import Issued, TokenRequest
from vault.authserver.polling import GRANT_TYPE, redeem_backchannel
from vault.authserver.redeeming import redeem
from vault.authserver.refreshing import refresh
from vault.authserver.server import AuthServer, Posted
from vault.authserver.service_tokens import serve

HANDLERS: Final[dict[str, Callable[[TokenRequest], Awaitable[Issued]]]] = {
    "authorization_code": redeem,
    "refresh_token": refresh,
    GRANT_TYPE: redeem_backchannel,
    "client_credentials": serve,
}
"""By ``grant_type``. Each raises OAuthError naming the check that failed."""


async def token(server: AuthServer, posted: Posted) -> Issued:
    """Answer one token request. Raises OAuthError naming the check that failed; a known client's are recorded."""
    pool = await server.database.pool()
    async with (
        pool.acquire() as connection,
        known_caller(server, connection, posted, url=server.token_url, proof_needed=True) as caller,
    ):
        handle = HANDLERS.get(posted.form.get("grant_type", ""))
        if handle is None:
            raise OAuthError("unsupported_grant_type", f"grant_type must be one of {', '.join(HANDLERS)}.")
        return await handle(TokenRequest(server, connection, caller, posted.form))
