"""At the door of the API: an access token and what it is bound to (RFC 9449 section 7, RFC 8705 section 3).

What fits :class:`vault.release.caller.Gate`; the rooms do not know each other.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from vault.authserver.bindings import JKT, Binding, of_certificate
from vault.authserver.dpop import Proof, check_header, check_proof
from vault.authserver.errors import InvalidProof, InvalidToken, OAuthError
from vault.authserver.replay import see
from vault.authserver.server import AuthServer
from vault.authserver.token_keys import NoTokenKey
from vault.authserver.tokens import Access, open_claims

_SCHEMES: Final = ("dpop", "bearer")
LONGEST: Final = 16_384
"""Characters of an Authorization header."""


class Shown(Protocol):
    """One request to a protected resource. ``authorization`` and ``proofs`` are its headers Authorization and DPoP,
    ``certificate`` the DER of its TLS client certificate; ``url`` its address as the issuer publishes it."""

    @property
    def authorization(self) -> str: ...
    @property
    def proofs(self) -> Sequence[str]: ...
    @property
    def certificate(self) -> bytes | None: ...
    @property
    def method(self) -> str: ...
    @property
    def url(self) -> str: ...


def read_authorization(header: str) -> tuple[str, str]:
    """Scheme in lower case and token of an Authorization header. Raises InvalidToken."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() not in _SCHEMES or not token or len(header) > LONGEST:
        raise InvalidToken("token-present", "Send Authorization: DPoP and the access token; bearer tokens are refused.")
    return scheme.lower(), token.strip()


class Bound(Protocol):
    """A token that was opened: what it is bound to, and whether proofs for it must hold a nonce."""

    @property
    def binding(self) -> Binding: ...
    @property
    def needs_nonce(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class ResourceGate:
    """Admits whoever shows a token of this issuer and a fresh proof of its key; strangers are counted."""

    server: AuthServer

    async def admit(self, shown: Shown, *, now: datetime) -> tuple[Access, Proof]:
        """Token and proof, opened and checked; whether the proof is new is still to be seen.

        Raises InvalidToken and InvalidProof, both answered with 401.
        """
        try:
            scheme, token = read_authorization(shown.authorization)
            access = await self._open(token, now)
            return access, self.proven(shown, scheme, token, bound=access, now=now)
        except InvalidProof as error:
            self.server.meter.count(error.check)
            raise error.resourced() from None
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

    def proven(  # noqa: PLR0913 - what a token is bound to, and all that shows it
        self, shown: Shown, scheme: str, token: str, *, bound: Bound, now: datetime, content: str | None = None
    ) -> Proof:
        """What the token is bound to was shown in this request; and that it is about this ``content`` (the request's
        Content-Digest), where that is given. Raises InvalidToken and InvalidProof."""
        if scheme != bound.binding.token_type.lower():
            raise InvalidToken("token-scheme", "Send the access token with the scheme that its token_type named.")
        if bound.binding.method == JKT:
            proof = check_header(shown.proofs)
            jkt = bound.binding.thumbprint
            nonces = self.server.ring if self.server.dpop_nonces or bound.needs_nonce else None
            return check_proof(
                proof,
                method=shown.method,
                url=shown.url,
                now=now,
                token=token,
                jkt=jkt,
                nonces=nonces,
                content=content,
            )
        if shown.certificate is None or not bound.binding.holds(of_certificate(shown.certificate)):
            raise InvalidToken(
                "token-certificate", "The access token is bound to another TLS certificate than this one."
            )
        return Proof(bound.binding.thumbprint, os.urandom(32), now)  # the connection proves it: nothing to be replayed

    async def _open(self, token: str, now: datetime) -> Access:
        keys = self.server.keys
        claims = self.server.known_tokens.read(token, now)
        try:
            return open_claims(keys, claims, now)
        except NoTokenKey:  # another process may have made this hour's key
            await keys.load(self.server.database)
            return open_claims(keys, claims, now)
