"""How a client proves who it is by its TLS certificate: RFC 8705 sections 2.1 (PKI) and 2.2 (self-signed). Pure.

The connection itself ends at a proxy that this server was told to trust; that the other side holds the
certificate's key is the proxy's word (RFC 9440). Whose certificate it is, is decided here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store, VerificationError

from vault import ids
from vault.authserver.bindings import of_certificate
from vault.authserver.errors import InvalidClient
from vault.crypto.sealing import same
from vault.errors import BadConfiguration, NotFound
from vault.requesters.certificates import registered_thumbprints
from vault.requesters.client_metadata import TLS, ClientMetadata

MOST_CHAIN: Final = 8
"""Certificates between the client's and one of the bundle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The certificate of a connection (DER), and those the client sent with it to lead to a known authority."""

    certificate: bytes
    chain: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class _Attempt:
    certificate: x509.Certificate
    chain: Sequence[x509.Certificate]
    thumbprint: str
    metadata: ClientMetadata
    jwks: Mapping[str, Any]
    authorities: Sequence[x509.Certificate]
    now: datetime


def read_bundle(pem: bytes) -> list[x509.Certificate]:
    """The authorities that may vouch for clients. Raises BadConfiguration."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise BadConfiguration("client_ca must be a file of PEM certificates.") from None


def claimed_client(form: Mapping[str, str]) -> UUID:
    """Who the caller says it is: ``client_id``, which RFC 8705 section 2 requires. Raises InvalidClient."""
    if "client_id" not in form:
        raise InvalidClient("client-id-present", "Send client_id: your certificate alone does not name the client.")
    try:
        return ids.parse(ids.CLIENT, form["client_id"])
    except NotFound:
        raise unknown_client() from None


def unknown_client() -> InvalidClient:
    """The same words whether the id is malformed or absent."""
    return InvalidClient("client-known", "There is no client with this client_id: use the one the registry gave you.")


def authenticate(
    shown: Shown,
    metadata: ClientMetadata,
    jwks: Mapping[str, Any],
    *,
    authorities: Sequence[x509.Certificate],
    now: datetime,
) -> None:
    """The ordered checks of the certificate. Raises InvalidClient whose ``check`` names the one that failed."""
    try:
        certificate = x509.load_der_x509_certificate(shown.certificate)
        chain = [x509.load_der_x509_certificate(each) for each in shown.chain[:MOST_CHAIN]]
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidClient("certificate-readable", "The TLS client certificate is not an X.509 certificate.") from None
    thumbprint = of_certificate(shown.certificate).thumbprint
    attempt = _Attempt(certificate, chain, thumbprint, metadata, jwks, authorities, now)
    for name, check in CHECKS.items():
        if complaint := check(attempt):
            raise InvalidClient(name, complaint)


def _time(attempt: _Attempt) -> str | None:
    held = attempt.certificate
    if held.not_valid_before_utc <= attempt.now < held.not_valid_after_utc:
        return None
    return "The TLS client certificate is not valid now: renew it, and check your clock."


def _registered(attempt: _Attempt) -> str | None:
    """RFC 8705 section 2.2: the very certificate, whoever signed it."""
    if attempt.metadata.token_endpoint_auth_method == TLS:
        return None
    known = registered_thumbprints(attempt.jwks)
    if any(same(attempt.thumbprint.encode(), each.encode()) for each in known):
        return None
    return "The TLS client certificate is none of those in your registered JWKS (x5c or x5t#S256)."


def _subject(attempt: _Attempt) -> str | None:
    """RFC 8705 section 2.1.2: the registered distinguished name, compared as a name and not as a text."""
    if attempt.metadata.token_endpoint_auth_method != TLS:
        return None
    try:
        expected = x509.Name.from_rfc4514_string(attempt.metadata.tls_client_auth_subject_dn or "")
    except ValueError:
        expected = None
    if expected is not None and list(expected) and expected == attempt.certificate.subject:
        return None
    return "The TLS client certificate's subject is not the one you registered as tls_client_auth_subject_dn."


def _chain(attempt: _Attempt) -> str | None:
    """RFC 5280 section 6: a path to one of the configured authorities, each link in force, for TLS clients."""
    if attempt.metadata.token_endpoint_auth_method != TLS:
        return None
    try:
        if attempt.authorities:
            _verifier(attempt).verify(attempt.certificate, list(attempt.chain))
            return None
    except (VerificationError, ValueError, UnsupportedAlgorithm):
        pass
    return "The TLS client certificate does not lead to an authority that this server knows: ask the registry which."


def _for_clients(_policy: Policy, _certificate: x509.Certificate, usage: x509.ExtendedKeyUsage) -> None:
    """RFC 5280 section 4.2.1.12: a web server's certificate is no client's."""
    if ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        raise ValueError("not for TLS clients")


def _verifier(attempt: _Attempt) -> Any:
    # Clients of organisations need no subject alternative name, which web servers must have.
    leaf = (
        ExtensionPolicy.permit_all()
        .require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _for_clients)
        .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    )
    built = PolicyBuilder().store(Store(list(attempt.authorities))).time(attempt.now).max_chain_depth(MOST_CHAIN)
    policies = built.extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=leaf)
    return policies.build_client_verifier()


CHECKS: Final[dict[str, Callable[[_Attempt], str | None]]] = {
    "certificate-time": _time,
    "certificate-registered": _registered,
    "certificate-subject": _subject,
    "certificate-chain": _chain,  # last: the others are cheap
}
"""In this order. Each gives None, or says what to mend."""
