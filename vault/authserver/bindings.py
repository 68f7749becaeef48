"""What a token is bound to: the client's DPoP key or its TLS certificate (RFC 7800 ``cnf``). Pure.

There are no bearer tokens. What a token is bound to is in the token, and whoever presents it shows that they hold
it: by a DPoP proof (RFC 9449) or by the certificate of the connection (RFC 8705).
"""

import hashlib
from dataclasses import dataclass
from typing import Final, Literal, Self

from vault.crypto.canonical import b64
from vault.crypto.sealing import same

JKT: Final = "jkt"
"""RFC 9449 section 6.1: the thumbprint (RFC 7638) of a DPoP key."""
X5T: Final = "x5t#S256"
"""RFC 8705 section 3.1: SHA-256 of the certificate's DER."""
Method = Literal["jkt", "x5t#S256"]
_TYPES: Final = {JKT: "DPoP", X5T: "Bearer"}
_LASTING: Final = f"{X5T}:*"


@dataclass(frozen=True, slots=True)
class Binding:
    """One confirmation method and its base64url SHA-256, 43 characters."""

    method: Method
    thumbprint: str

    @property
    def token_type(self) -> str:
        """What the token endpoint calls the token and how it is presented (RFC 9449 section 5, RFC 8705 section 3)."""
        return _TYPES[self.method]

    @property
    def text(self) -> str:
        """As rows keep it: the method, a colon, the thumbprint."""
        return f"{self.method}:{self.thumbprint}"

    @property
    def lasting(self) -> str:
        """What a refresh token is bound to: the DPoP key itself, but not one certificate.

        Certificates are renewed within the life of a grant; the client that authenticates is what holds then
        (RFC 8705 section 7.1), and it must show one of its certificates again.
        """
        return self.text if self.method == JKT else _LASTING

    @classmethod
    def read(cls, text: str) -> Self:
        """The inverse of :attr:`text`. Raises ValueError."""
        method, _, thumbprint = text.partition(":")
        if method == JKT:
            return cls(JKT, thumbprint)
        if method == X5T:
            return cls(X5T, thumbprint)
        raise ValueError("not a binding")

    def holds(self, shown: "Binding | None") -> bool:
        """Whether what was shown is what this is bound to."""
        return shown is not None and shown.method == self.method and _same(shown.thumbprint, self.thumbprint)


def key(jkt: str) -> Binding:
    """Bound to a DPoP key."""
    return Binding(JKT, jkt)


def of_certificate(der: bytes) -> Binding:
    """Bound to a TLS client certificate."""
    return Binding(X5T, b64(hashlib.sha256(der).digest()))


def _same(one: str, other: str) -> bool:
    return same(one.encode(), other.encode())
