"""At the door of the API: an access token and a proof of its key (RFC 9449 section 7).

What fits :class:`vault.release.caller.Gate`; the rooms do not know each other.
"""

from dataclasses import dataclass
from datetime import datetime

from vault.authserver.dpop import Proof, check_proof
from vault.authserver.errors import InvalidProof, OAuthError
from vault.authserver.replay import see
from vault.authserver.server import AuthServer
from vault.authserver.token_keys import NoTokenKey
from vault.authserver.tokens import Access, open_access_token


@dataclass(frozen=True, slots=True)
class ResourceGate:
    """Admits whoever shows a token of this issuer and a fresh proof of its key; strangers are counted."""

    server: AuthServer

    async def admit(self, token: str, proof: str, *, method: str, url: str, now: datetime) -> tuple[Access, Proof]:
        """Token and proof, opened and checked; whether the proof is new is still to be seen.

        Raises InvalidToken and InvalidProof, both answered with 401.
        """
        try:
            access = await self._open(token, now)
            return access, check_proof(proof, method=method, url=url, now=now, token=token, jkt=access.jkt)
        except InvalidProof as error:
            self.server.meter.count(error.check)
            raise InvalidProof(error.check, error.description, private=error.private, at_resource=True) from None
        except OAuthError as error:
            self.server.meter.count(error.check)
            raise

    async def take(self, proof: bytes, expires_at: datetime) -> None:
        """Use up a proof where no other statement does. Raises InvalidProof when it was used before."""
        async with (await self.server.database.pool()).acquire() as connection:
            fresh = await see(connection, [(proof, expires_at)])
        if not fresh:
            raise self.replayed()

    def replayed(self) -> InvalidProof:
        """RFC 9449 section 11.1: a proof is taken once."""
        why = "This DPoP proof was used before: make a new one for each request."
        self.server.meter.count("dpop-replayed")
        return InvalidProof("dpop-replayed", why, at_resource=True)

    async def _open(self, token: str, now: datetime) -> Access:
        keys, ring, issuer = self.server.keys, self.server.ring, self.server.issuer
        try:
            return open_access_token(keys, ring, token, now, issuer=issuer)
        except NoTokenKey:  # another process may have made this hour's key
            await keys.load(self.server.database)
            return open_access_token(keys, ring, token, now, issuer=issuer)
