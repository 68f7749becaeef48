"""Form tokens: litestar's signed double-submit cookie, under a key of the ring."""

from typing import Final

from litestar.config.csrf import CSRFConfig
from litestar.middleware import DefineMiddleware
from litestar.middleware.csrf import CSRFMiddleware

from vault.crypto.canonical import b64
from vault.crypto.keyring import KeyRing
from vault.edge.cookies import Jar

HEADER: Final = "X-CSRF-Token"
NO_FORM_TOKEN: Final = {"exclude_from_csrf": True}
"""``opt`` of endpoints that no browser sends cookies to, or that change nothing and set no cookie."""


class FormTokens(CSRFMiddleware):
    """litestar's check, which does not expect texts outside ASCII or files where the token belongs."""

    def _csrf_tokens_match(self, request_csrf_token: object, cookie_csrf_token: object) -> bool:
        given, kept = request_csrf_token, cookie_csrf_token
        if not (isinstance(given, str) and isinstance(kept, str) and given.isascii() and kept.isascii()):
            return False
        return super()._csrf_tokens_match(given, kept)


def form_tokens(ring: KeyRing, jar: Jar) -> DefineMiddleware:
    """The middleware. The key is the same on every node of an installation."""
    config = CSRFConfig(
        secret=b64(ring.derive("csrf", b"form token v1")),
        cookie_name=jar.name("csrf"),
        header_name=HEADER,
        cookie_secure=jar.is_secure,
        cookie_httponly=True,
        cookie_samesite="lax",
    )
    return DefineMiddleware(FormTokens, config=config)
