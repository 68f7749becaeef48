"""The OAuth back channel and the documents that describe it (RFC 6749, 7636, 8414, 9126, 9396, 9449)."""

from typing import Final

from litestar import Response

from vault.authserver.errors import OAuthError
from vault.edge.problems import headers_of
from vault.errors import VaultError

BACK_CHANNEL: Final = frozenset({"/oauth/par", "/oauth/token"})
"""Where refusals have the form of RFC 6749 section 5.2."""


def oauth_failure(error: VaultError) -> Response[dict[str, str]]:
    """Any failure at the back channel in the words of OAuth."""
    if isinstance(error, OAuthError):
        return Response(error.body(), status_code=error.http_status, headers=error.headers())
    code = {503: "temporarily_unavailable"}.get(
        error.status, "server_error" if error.status >= 500 else "invalid_request"
    )
    body = {"error": code, "error_description": error.public}
    return Response(body, status_code=error.status, headers={**headers_of(error), "Pragma": "no-cache"})
