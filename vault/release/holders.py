"""The key that a requester showed with a request, as what an SD-JWT is bound to (RFC 7800). Pure."""

from typing import Any, Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from vault.crypto.canonical import unb64
from vault.release.engine import Ask
from vault.release.formats import JOSE, JSON, NotAcceptable
from vault.requesters.jwks import import_public

_DPOP: Final = "dpop "


def confirmation(ask: Ask) -> dict[str, Any]:
    """``cnf`` with the public key of the DPoP proof, or of the TLS certificate where the token is bound to that.

    The request was admitted, so its scheme says which of the two was checked; the other one, if it was sent along, was
    looked at by nobody. Raises NotAcceptable for a certificate whose key no JWK can name.
    """
    if ask.authorization[: len(_DPOP)].lower() == _DPOP:
        header = msgspec.json.decode(unb64(ask.proofs[0].partition(".")[0]))
        return {"jwk": import_public(header["jwk"]).as_dict(private=False)}
    try:
        return {"jwk": _of_certificate(ask.certificate or b"").as_dict(private=False)}
    except (JoseError, ValueError, TypeError):
        raise NotAcceptable("The key of this certificate cannot stand in an SD-JWT.", formats=[JSON, JOSE]) from None


def _of_certificate(der: bytes) -> ECKey | OKPKey | RSAKey:
    held = x509.load_der_x509_certificate(der).public_key()
    pem = held.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if isinstance(held, EllipticCurvePublicKey):
        return ECKey.import_key(pem)
    return RSAKey.import_key(pem) if isinstance(held, RSAPublicKey) else OKPKey.import_key(pem)
