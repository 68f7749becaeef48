"""A client's keys, and tokens signed with joserfc: not with the code under test."""

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from vault.crypto.canonical import b64

ISSUER = "https://vault.example"
ALGORITHMS = ("EdDSA", "Ed25519", "ES256", "PS256")


@dataclass(frozen=True)
class Signer:
    """One private key and the algorithm it signs with."""

    alg: str
    key: Any
    kid: str = "k1"

    @classmethod
    def make(cls, alg: str = "EdDSA", kid: str = "k1") -> "Signer":
        if alg in {"EdDSA", "Ed25519"}:
            return cls(alg, OKPKey.generate_key("Ed25519"), kid)
        return cls(alg, ECKey.generate_key("P-256") if alg == "ES256" else RSAKey.generate_key(2048), kid)

    @property
    def jwk(self) -> dict[str, Any]:
        """The public half, as a proof carries it."""
        public: dict[str, Any] = self.key.as_dict(private=False)
        return {name: public[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in public}

    @property
    def registered(self) -> dict[str, Any]:
        """The public half, as a client registers it."""
        return {**self.jwk, "kid": self.kid}

    @property
    def thumbprint(self) -> str:
        """RFC 7638, by joserfc."""
        return str(self.key.thumbprint())

    def sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """A compact JWS; members that are None are left out."""
        payload = msgspec.json.encode({name: value for name, value in claims.items() if value is not None})
        full = {name: value for name, value in {"alg": self.alg, **header}.items() if value is not None}
        message = f"{b64(msgspec.json.encode(full))}.{b64(payload)}"
        return f"{message}.{b64(JWSRegistry.algorithms[self.alg].sign(message.encode(), self.key))}"


def assertion(
    signer: Signer, client_id: str, now: datetime, header: dict[str, Any] | None = None, **claims: Any
) -> str:
    """A good client assertion (RFC 7523), or with some claims and header members changed."""
    at = int(now.timestamp())
    good = {
        "iss": client_id,
        "sub": client_id,
        "aud": ISSUER,
        "jti": b64(os.urandom(12)),
        "iat": at,
        "exp": at + 60,
    }
    return signer.sign({"kid": signer.kid, **(header or {})}, good | claims)


def proof(signer: Signer, url: str, now: datetime, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A good DPoP proof for a POST (RFC 9449), or with some claims and header members changed."""
    good = {"jti": b64(os.urandom(12)), "htm": "POST", "htu": url, "iat": int(now.timestamp())}
    return signer.sign({"typ": "dpop+jwt", "jwk": signer.jwk, **(header or {})}, good | claims)
