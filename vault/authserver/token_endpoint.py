"""The token endpoint: a code or a refresh token becomes an access token, bound to the caller's DPoP key."""

from vault.authserver.callers import known_caller
from vault.authserver.errors import OAuthError
from vault.authserver.issuing import Issued
from vault.authserver.redeeming import redeem
from vault.authserver.refreshing import refresh
from vault.authserver.server import AuthServer, Posted


async def token(server: AuthServer, posted: Posted) -> Issued:
    """Answer one token request. Raises OAuthError naming the check that failed; a known client's are recorded."""
    pool = await server.database.pool()
    async with (
        pool.acquire() as connection,
        known_caller(server, connection, posted, url=server.token_url, proof_needed=True) as caller,
    ):
        grant_type = posted.form.get("grant_type")
        if grant_type == "authorization_code":
            return await redeem(server, caller, posted.form)
        if grant_type == "refresh_token":
            return await refresh(server, connection, caller, posted.form)
        raise OAuthError("unsupported_grant_type", "grant_type must be authorization_code or refresh_token.")
