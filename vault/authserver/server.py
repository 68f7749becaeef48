"""What the endpoints need of the process, wired once; and what one of them was sent."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Self
from urllib.parse import unquote_to_bytes

from cryptography import x509

from vault.authserver.certificates import Shown
from vault.authserver.errors import InvalidRequest
from vault.authserver.known_tokens import KnownTokens
from vault.authserver.pings import Pings
from vault.authserver.status_lists import PublishedLists
from vault.authserver.token_keys import KeyCache
from vault.crypto.keyring import KeyRing
from vault.db import Database
from vault.requesters.known import KnownClients

MOST_PARAMETERS: Final = 40
LONGEST_VALUE: Final = 128 * 1024
"""Bytes of one encoded parameter: authorization_details grow threefold when they are encoded."""


class Meter:
    """Refusals of strangers, counted by check: nobody unknown can fill the ledger. One per process."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def count(self, check: str) -> None:
        """One more."""
        self._counts[check] += 1

    def take(self) -> dict[str, int]:
        """The counts so far, which start again at zero."""
        taken, self._counts = dict(self._counts), Counter()
        return taken


@dataclass(frozen=True, kw_only=True)
class AuthServer:
    """The authorization server of one process. ``issuer``: its https address without a slash at the end."""

    issuer: str
    database: Database
    keys: KeyCache = field(default_factory=KeyCache)
    meter: Meter = field(default_factory=Meter)
    pings: Pings = field(default_factory=Pings)
    """Which clients this process has to tell that their requests out of band are ready."""
    authorities: tuple[x509.Certificate, ...] = ()
    """Who may vouch for clients with tls_client_auth."""
    dpop_nonces: bool = False
    """Whether every DPoP proof must hold a nonce of this server."""

    @cached_property
    def known_tokens(self) -> KnownTokens:
        """The access tokens that this process has verified."""
        return KnownTokens(self.ring, self.issuer)

    @cached_property
    def clients(self) -> KnownClients:
        """The clients that this process has seen, each as it stands when it is asked for."""
        return KnownClients(self.database.ring)

    @cached_property
    def status_lists(self) -> PublishedLists:
        """The token status lists as this process publishes them."""
        return PublishedLists(self.database, self.issuer, self.clients)

    @property
    def ring(self) -> KeyRing:
        """The key ring."""
        return self.database.ring

    @property
    def par_url(self) -> str:
        """The pushed authorization request endpoint."""
        return f"{self.issuer}/oauth/par"

    @property
    def authorize_url(self) -> str:
        """The authorization endpoint."""
        return f"{self.issuer}/oauth/authorize"

    @property
    def token_url(self) -> str:
        """The token endpoint."""
        return f"{self.issuer}/oauth/token"

    @property
    def registration_url(self) -> str:
        """The client registration endpoint."""
        return f"{self.issuer}/oauth/register"

    @property
    def backchannel_url(self) -> str:
        """The backchannel authentication endpoint."""
        return f"{self.issuer}/oauth/bc-authorize"

    @property
    def revocation_url(self) -> str:
        """The revocation endpoint."""
        return f"{self.issuer}/oauth/revoke"

    @property
    def introspection_url(self) -> str:
        """The introspection endpoint."""
        return f"{self.issuer}/oauth/introspect"

    @property
    def grants_url(self) -> str:
        """The grant management endpoint; the audience of tokens for it."""
        return f"{self.issuer}/oauth/grants"

    @property
    def batch_url(self) -> str:
        """Where batches of releases are sent; the audience of tokens for it."""
        return f"{self.issuer}/v1/releases/batch"

    @property
    def status_lists_url(self) -> str:
        """Where the token status lists are listed."""
        return f"{self.issuer}/oauth/status-lists"

    @property
    def jwks_url(self) -> str:
        """The public keys of the tokens."""
        return f"{self.issuer}/oauth/jwks"


@dataclass(frozen=True)
class Posted:
    """One POST to the back channel: the form, each parameter once; the DPoP headers; the Authorization header; the
    certificate of the TLS client, if a trusted proxy brought one."""

    form: Mapping[str, str]
    dpop: list[str]
    authorization: str | None = None
    certificate: Shown | None = None

    @classmethod
    def read(
        cls, body: bytes, dpop: list[str], authorization: str | None = None, *, certificate: Shown | None = None
    ) -> Self:
        """A body of application/x-www-form-urlencoded. Raises InvalidRequest."""
        return cls(read_form(body), dpop, authorization, certificate)


def read_form(body: bytes) -> dict[str, str]:
    """The parameters of a form in UTF-8, strictly: none twice (RFC 6749 section 3.2), all bounded."""
    form: dict[str, str] = {}
    if not body:
        return form
    pairs = body.split(b"&", MOST_PARAMETERS)
    if len(pairs) > MOST_PARAMETERS:
        raise InvalidRequest("form", f"Send at most {MOST_PARAMETERS} parameters.")
    for pair in pairs:
        name, value = (_decoded(part) for part in (*pair.split(b"=", 1), b"")[:2])
        if not name or name in form:
            raise InvalidRequest("form-single", "Send each parameter once, with a name.")
        form[name] = value
    # RFC 6749 section 3.2: parameters without a value are as if they were not sent
    return {name: value for name, value in form.items() if value}


def _decoded(part: bytes) -> str:
    if len(part) > LONGEST_VALUE:
        raise InvalidRequest("form", f"A parameter may have {LONGEST_VALUE} bytes at most.")
    try:
        text = unquote_to_bytes(part.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise InvalidRequest("form", "Encode the parameters as UTF-8.") from None
    if "\0" in text:
        raise InvalidRequest("form", "A parameter must not contain a NUL character.")
    return text
