"""Signed tokens that others send us: client assertions, DPoP proofs, request objects. Pure.

Four algorithms and no negotiation (FAPI 2.0 5.4.1, RFC 8725 section 3): EdDSA and its fully specified name
Ed25519 (RFC 9864), ES256, PS256. The key decides which of them fits. Ed25519 goes through libsodium, which
is twice as fast as the alternative; the others through joserfc's algorithms, not its parser, whose limits on
headers are narrower than the standards'.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from vault.crypto.canonical import b64, canonical, unb64
from vault.crypto.signing import is_signed
from vault.requesters.jwks import ENCRYPTION, import_public

ALGORITHMS: Final = ("EdDSA", "Ed25519", "ES256", "PS256")
LONGEST: Final = 8192
"""Characters of a whole token; longer ones are refused unread."""
_FITTING: Final = {"OKP": ("EdDSA", "Ed25519"), "EC": ("ES256",), "RSA": ("PS256",)}
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])


class NotReadable(ValueError):
    """Not a compact JWS of bounded size with JSON objects for header and payload. The text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A token taken apart; its signature is not checked yet."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signing_input: bytes
    signature: bytes

    @property
    def alg(self) -> str:
        """The header's algorithm, one of ``ALGORITHMS``."""
        return str(self.header["alg"])


def read(text: str, *, longest: int = LONGEST) -> Signed:
    """Take a token apart without trusting it. Raises NotReadable."""
    if len(text) > longest or text.count(".") != 2:
        raise NotReadable(f"is not a compact JWS of at most {longest} characters")
    head, body, tail = text.split(".")
    try:
        header = _OBJECT.decode(unb64(head))
        claims = _OBJECT.decode(unb64(body))
        signature = unb64(tail)
        signing_input = f"{head}.{body}".encode("ascii")
    except (ValueError, msgspec.MsgspecError):
        raise NotReadable("is not a compact JWS with JSON objects as header and payload") from None
    if header.get("alg") not in ALGORITHMS:
        raise NotReadable(f"must be signed with one of {', '.join(ALGORITHMS)}")
    if "crit" in header or "b64" in header:
        raise NotReadable("must not use critical header extensions")
    return Signed(header, claims, signing_input, signature)


def fits(alg: str, key: Mapping[str, Any]) -> bool:
    """Whether the algorithm is one this key may be used with; a key's own ``alg`` narrows it further."""
    if key.get("use") == ENCRYPTION or alg not in _FITTING.get(str(key.get("kty")), ()):
        return False
    named = key.get("alg")
    return named is None or named == alg or {named, alg} == {"EdDSA", "Ed25519"}


def is_signed_by(token: Signed, key: Mapping[str, Any]) -> bool:
    """Whether the signature is this public JWK's. The key must have passed ``requesters.jwks``."""
    if not fits(token.alg, key):
        return False
    if key["kty"] == "OKP":
        return is_signed(unb64(key["x"]), token.signing_input, token.signature)
    try:
        return JWSRegistry.algorithms[token.alg].verify(token.signing_input, token.signature, import_public(key))
    except (JoseError, ValueError):
        return False


def thumbprint(key: Mapping[str, Any]) -> str:
    """RFC 7638 with SHA-256, base64url: what ``cnf.jkt`` holds."""
    if key["kty"] == "OKP":
        required = {name: key[name] for name in ("crv", "kty", "x")}
        return b64(hashlib.sha256(canonical(required)).digest())
    return import_public(key).thumbprint()


def whole_seconds(claims: Mapping[str, Any], name: str) -> int | None:
    """A NumericDate claim (RFC 7519 section 2) as seconds since 1970; None when absent or not a bounded number."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 40:
        return None
    return int(value)
