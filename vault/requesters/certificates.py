"""TLS certificates in a client's key set (RFC 7517 sections 4.7 and 4.9, RFC 8705 section 2.2). Pure."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from vault.crypto.canonical import b64

X5C: Final = "x5c"
X5T: Final = "x5t#S256"
LONGEST: Final = 8192
"""Characters of one certificate in base64."""
_KINDS: Final[dict[str, type[ECKey | OKPKey | RSAKey]]] = {"EC": ECKey, "OKP": OKPKey, "RSA": RSAKey}
_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def problems_of_certificate(key: Mapping[str, Any], public: Mapping[str, str]) -> list[tuple[str, str]]:
    """What is wrong with the certificate members of a key; ``public`` are the key's own public members."""
    if X5T in key and not (isinstance(key[X5T], str) and _THUMBPRINT.fullmatch(key[X5T])):
        return [(X5T, "must be the base64url SHA-256 of the certificate's DER")]
    if X5C not in key:
        return []
    der = _der_of(key[X5C])
    if der is None:
        return [(X5C, f"must be a list of one certificate: DER in base64, {LONGEST} characters at most")]
    try:
        held = x509.load_der_x509_certificate(der).public_key()
        of_certificate = _KINDS[public["kty"]].import_key(_spki(held)).as_dict(private=False)
    except (ValueError, UnsupportedAlgorithm, JoseError, TypeError):
        return [(X5C, "is not an X.509 certificate of this kind of key")]
    if any(of_certificate.get(name) != value for name, value in public.items()):
        return [(X5C, "is the certificate of another key")]
    if X5T in key and key[X5T] != _thumbprint(der):
        return [(X5T, "is not the thumbprint of the certificate in x5c")]
    return []


def registered_thumbprints(jwks: Mapping[str, Any]) -> list[str]:
    """The SHA-256 thumbprints, base64url, of every certificate in a key set that was accepted."""
    found = []
    for key in jwks["keys"]:
        if X5T in key:
            found.append(str(key[X5T]))
        elif X5C in key and (der := _der_of(key[X5C])) is not None:
            found.append(_thumbprint(der))
    return found


def _thumbprint(der: bytes) -> str:
    return b64(hashlib.sha256(der).digest())


def _der_of(chain: object) -> bytes | None:
    if not isinstance(chain, list) or len(chain) != 1 or not isinstance(chain[0], str) or len(chain[0]) > LONGEST:
        return None
    try:
        return base64.b64decode(chain[0], validate=True)
    except (binascii.Error, ValueError):
        return None


def _spki(key: Any) -> bytes:
    spki: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return spki
