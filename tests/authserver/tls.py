"""Certificates: an authority, those it signs, and those that sign themselves."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from joserfc.jwk import ECKey

NOW = datetime.fromisoformat("2026-11-22T08:30:00+00:00")
_SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key."""

    held: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(
        cls,
        name: str,
        issuer: "Pair | None" = None,
        *,
        at: datetime = NOW,
        usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
    ) -> Self:
        """Signed by the issuer or by itself; valid for a year from a day before ``at``. An authority is named CA…"""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        signer = issuer.key if issuer else key
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.held.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(at - timedelta(days=1))
            .not_valid_after(at + timedelta(days=365))
            .add_extension(x509.BasicConstraints(name.startswith("CA"), None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if name.startswith("CA"):
            built = built.add_extension(_SIGNS, critical=True)
        else:
            built = built.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        return cls(built.sign(signer, hashes.SHA256()), key)

    @property
    def der(self) -> bytes:
        return self.held.public_bytes(Encoding.DER)

    @property
    def header(self) -> str:
        """As a proxy forwards it (RFC 9440)."""
        return f":{base64.b64encode(self.der).decode()}:"

    @property
    def dn(self) -> str:
        """The subject as it is registered."""
        return self.held.subject.rfc4514_string()

    def jwk(self, kid: str = "tls", **members: Any) -> dict[str, Any]:
        """The key as it is registered with its certificate."""
        pem = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        public = ECKey.import_key(pem).as_dict(private=False)
        bare = {name: public[name] for name in ("kty", "crv", "x", "y")}
        return {**bare, "kid": kid, "x5c": [base64.b64encode(self.der).decode()], **members}


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "港湾银行, Ltd"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )
