"""What the bank's client signs: assertions and DPoP proofs, as fast as they can be made."""

import os
from base64 import b64encode
from typing import Any

import msgspec

from vault.crypto.canonical import b64, digest
from vault.crypto.signing import SigningKey

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Client:
    """One key for everything: this client protects nothing. ``kid``: as it was registered."""

    def __init__(self, seed: bytes, *, client_id: str = "", issuer: str = "", kid: str = "k1") -> None:
        self._key = SigningKey(seed)
        self.client_id, self.issuer = client_id, issuer
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(self._key.public)}
        self._proof_head = b64(msgspec.json.encode({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk}))
        self._assertion_head = b64(msgspec.json.encode({"alg": "EdDSA", "kid": kid}))

    def assertion(self, at: int) -> dict[str, str]:
        """The fields of private_key_jwt (RFC 7523) made at this second."""
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": self.issuer, "iat": at, "exp": at + 280}
        claims["jti"] = b64(os.urandom(12))
        return {"client_assertion_type": ASSERTION, "client_assertion": self._signed(self._assertion_head, claims)}

    @staticmethod
    def content_digest(body: bytes) -> str:
        """The Content-Digest of a body (RFC 9530)."""
        return f"sha-256=:{b64encode(digest(body)).decode()}:"

    def proof(self, url: str, at: int, *, token: str | None = None, content: str | None = None) -> str:
        """A proof for one POST to this address (RFC 9449); ``content``: its Content-Digest, where that is covered."""
        claims: dict[str, Any] = {"jti": b64(os.urandom(12)), "htm": "POST", "htu": url, "iat": at}
        if token is not None:
            claims["ath"] = b64(digest(token.encode()))
        if content is not None:
            claims["content_digest"] = content
        return self._signed(self._proof_head, claims)

    def _signed(self, head: str, claims: dict[str, Any]) -> str:
        message = f"{head}.{b64(msgspec.json.encode(claims))}"
        return f"{message}.{b64(self._key.sign(message.encode()))}"
