"""What an SD-JWT is bound to: the key that was shown and checked, and never another that merely came along."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.authserver.keys import Signer, proof
from vault.release.engine import Ask
from vault.release.formats import NotAcceptable
from vault.release.holders import confirmation

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
URL = "https://vault.example/v1/releases"
ASK = Ask(authorization="", proofs=[], method="POST", url=URL, items=None, idempotency_key="k", address="127.0.0.1")
_MAKERS = {
    "EC": lambda: ec.generate_private_key(ec.SECP256R1()),
    "OKP": ed25519.Ed25519PrivateKey.generate,
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
}


def _certificate(key: Any) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bank")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    how = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return built.sign(key, how).public_bytes(Encoding.DER)


@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "PS256"])
def test_a_token_bound_by_dpop_names_the_proofs_key(alg: str) -> None:
    """The public key of the proof, with nothing private and nothing that was not asked for."""
    signer = Signer.make(alg)
    cnf = confirmation(replace(ASK, authorization="dpop token", proofs=[proof(signer, URL, NOW)]))
    assert {name: value for name, value in cnf["jwk"].items() if name != "kid"} == signer.jwk


@pytest.mark.parametrize("kty", list(_MAKERS))
def test_a_token_bound_to_a_certificate_names_its_key(kty: str) -> None:
    """Also when a DPoP proof of somebody else's key comes along, which nobody has looked at."""
    der, signer = _certificate(_MAKERS[kty]()), Signer.make()
    cnf = confirmation(replace(ASK, authorization="Bearer token", proofs=[proof(signer, URL, NOW)], certificate=der))
    assert cnf["jwk"]["kty"] == kty
    assert cnf["jwk"].get("x") != signer.jwk["x"]
    assert "d" not in cnf["jwk"]


def test_a_key_that_no_jwk_names_is_told() -> None:
    """Refused before anything is released: the other formats are offered."""
    with pytest.raises(NotAcceptable) as refused:
        confirmation(replace(ASK, authorization="Bearer token", certificate=b"no certificate"))
    assert "application/dc+sd-jwt" not in refused.value.members["formats"]
