"""Cookies: ``__Host-``, Secure, HttpOnly, SameSite=Lax; on http (loopback only) plain names without Secure.

session: the only copy of the key that opens a sign-in. Whoever steals it acts as its holder until it ends.
device: names a holder on a known device, so that strangers' failures do not slow them down; gives no power.
csrf: the form token. language: the page language.
application: which application an organisation without account is writing, and its token; ends with the browser.
"""

from typing import Final, Literal

from litestar.datastructures import Cookie

from vault.settings import Settings

Name = Literal["session", "device", "csrf", "language", "application"]
YEAR: Final = 365 * 86_400


class Jar:
    """Makes and names the cookies of one installation."""

    def __init__(self, settings: Settings) -> None:
        self.is_secure = settings.is_https

    def name(self, name: Name) -> str:
        """What the cookie is called on the wire (RFC 6265bis section 4.1.3.2)."""
        return f"__Host-{name}" if self.is_secure else name

    def make(self, name: Name, value: str, *, seconds: int | None = None) -> Cookie:
        """A cookie to set; without ``seconds`` it ends with the browser."""
        return Cookie(
            key=self.name(name),
            value=value,
            path="/",
            max_age=seconds,
            secure=self.is_secure,
            httponly=True,
            samesite="lax",
        )

    def end(self, name: Name) -> Cookie:
        """The order to forget a cookie."""
        return self.make(name, "", seconds=0)
