"""Access tokens that this process has verified: their signature is not verified again while they live.

Kept by the digest of the whole token: its claims, in which the person's share is still encrypted. So whatever a token
says about time, key and grant is looked at again with every request, and nothing here opens anything.
"""

from datetime import datetime
from typing import Final

from vault.authserver.errors import InvalidToken
from vault.authserver.token_claims import Claims
from vault.authserver.tokens import check_time, check_version, read_access_token, token_version
from vault.crypto.canonical import digest
from vault.crypto.keyring import KeyRing

MOST: Final = 8192


class KnownTokens:
    """One per process, for one issuer."""

    def __init__(self, ring: KeyRing, issuer: str) -> None:
        self._ring = ring
        self._issuer = issuer
        self._known: dict[bytes, tuple[Claims, int]] = {}

    def read(self, token: str, now: datetime) -> Claims:
        """The claims of a token of ours that is valid now. Raises InvalidToken."""
        name = digest(token.encode())
        known = self._known.get(name)
        if known is None:
            claims = read_access_token(self._ring, token, now, issuer=self._issuer)
            self._keep(name, (claims, token_version(self._ring, token)), now)
            return claims
        claims, version = known
        try:
            check_version(self._ring, version)
            check_time(claims, now)
        except InvalidToken:
            del self._known[name]
            raise
        return claims

    def _keep(self, name: bytes, known: tuple[Claims, int], now: datetime) -> None:
        while self._known:
            first = next(iter(self._known))
            if len(self._known) < MOST and self._known[first][0].exp > now.timestamp():
                break
            del self._known[first]
        self._known[name] = known
