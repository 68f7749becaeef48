"""How a client proves who it is: private_key_jwt (RFC 7523 section 3, FAPI 2.0 5.3.2.1-6 and -8). Pure.

Nothing else is accepted: no shared secrets, no client without keys.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from vault import ids
from vault.authserver import jose
from vault.authserver.certificates import unknown_client
from vault.authserver.errors import InvalidClient, InvalidRequest
from vault.clock import from_millis
from vault.crypto.canonical import canonical, digest
from vault.errors import NotFound

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_LIFE: Final = 300
"""Seconds from now to ``exp`` at most: so long must each jti be remembered."""
_ROUNDING: Final = 10
AHEAD: Final = 30
"""Seconds that a client's clock may differ (FAPI 2.0 5.3.2.1-13: 10 must pass, more than 60 must not)."""
LONGEST_JTI: Final = 256
_TYPES: Final = (None, "JWT", "client-authentication+jwt")


@dataclass(frozen=True, slots=True)
class Claim:
    """A client's claim to be somebody, read and not yet believed."""

    signed: jose.Signed
    client_id: UUID


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The claim held. ``seen``: 32 bytes that must be new until ``expires_at``."""

    seen: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Expected:
    issuer: str
    now: float
    key: Mapping[str, Any] | None


def read_claim(form: Mapping[str, str], *, authorization: str | None = None, prefix: str = ids.CLIENT) -> Claim:
    """Who the caller says it is; ``prefix`` of its ids. Raises InvalidClient and InvalidRequest."""
    if authorization is not None or "client_secret" in form:
        raise InvalidClient("client-method", "Authenticate by private_key_jwt (RFC 7523); client secrets are not used.")
    if form.get("client_assertion_type") != TYPE or not form.get("client_assertion"):
        raise InvalidClient("client-method", f"Send client_assertion with client_assertion_type {TYPE}.")
    try:
        signed = jose.read(form["client_assertion"])
    except jose.NotReadable as error:
        raise InvalidClient("assertion-readable", f"The client assertion {error}.") from None
    subject = signed.claims.get("sub")
    if not isinstance(subject, str) or signed.claims.get("iss") != subject:
        raise InvalidClient("assertion-subject", "The client assertion's iss and sub must both be the client_id.")
    if form.get("client_id", subject) != subject:
        raise InvalidRequest("client-id", "client_id is not the client that the assertion is about.")
    try:
        return Claim(signed, ids.parse(prefix, subject))
    except NotFound:
        raise unknown_client() from None


def authenticate(claim: Claim, jwks: Mapping[str, Any], *, issuer: str, now: datetime) -> Authenticated:
    """The ordered checks of the assertion. Raises InvalidClient whose ``check`` names the one that failed."""
    expected = Expected(issuer, now.timestamp(), chosen(claim.signed, jwks))
    for name, check in CHECKS.items():
        if complaint := check(claim.signed, expected):
            raise InvalidClient(name, complaint)
    exp = jose.whole_seconds(claim.signed.claims, "exp") or 0
    seen = digest(canonical(["assertion", claim.client_id.hex, claim.signed.claims["jti"]]))
    return Authenticated(seen, from_millis(exp * 1000) + timedelta(seconds=AHEAD))


def chosen(signed: jose.Signed, jwks: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The client's key of that kid; without a kid, the only key that fits the algorithm."""
    kid = signed.header.get("kid")
    fitting = [key for key in jwks["keys"] if kid in (None, key["kid"]) and jose.fits(signed.alg, key)]
    return fitting[0] if len(fitting) == 1 else None


def _typ(signed: jose.Signed, _: Expected) -> str | None:
    return None if signed.header.get("typ") in _TYPES else "The client assertion's typ must be JWT or absent."


def _key(_: jose.Signed, expected: Expected) -> str | None:
    if expected.key is not None:
        return None
    return "No registered key of this client fits the assertion's kid and alg: compare both with the registered JWKS."


def _aud(signed: jose.Signed, expected: Expected) -> str | None:
    if signed.claims.get("aud") == expected.issuer:
        return None
    return f"The client assertion's aud must be the string {expected.issuer}: not a list, not an endpoint."


def _exp(signed: jose.Signed, expected: Expected) -> str | None:
    exp = jose.whole_seconds(signed.claims, "exp")
    if exp is None:
        return "The client assertion needs exp in seconds since 1970."
    if exp <= expected.now:
        return "The client assertion has expired: make a new one for each request and check your clock."
    if exp - expected.now > LONGEST_LIFE + _ROUNDING:
        return f"The client assertion's exp must be at most {LONGEST_LIFE} seconds ahead."
    return None


def _not_from_the_future(name: str) -> "Check":
    def check(signed: jose.Signed, expected: Expected) -> str | None:
        if name not in signed.claims:
            return None
        at = jose.whole_seconds(signed.claims, name)
        if at is None or at - expected.now > AHEAD:
            return f"The client assertion's {name} is in the future or no number: check your clock."
        return None

    return check


def _jti(signed: jose.Signed, _: Expected) -> str | None:
    jti = signed.claims.get("jti")
    if isinstance(jti, str) and 1 <= len(jti) <= LONGEST_JTI:
        return None
    return f"The client assertion needs jti, a fresh random text of at most {LONGEST_JTI} characters."


def _signature(signed: jose.Signed, expected: Expected) -> str | None:
    if expected.key is not None and jose.is_signed_by(signed, expected.key):
        return None
    return "The client assertion's signature does not verify with the registered key of that kid."


Check = Callable[[jose.Signed, Expected], str | None]
CHECKS: Final[dict[str, Check]] = {
    "assertion-typ": _typ,
    "assertion-key": _key,
    "assertion-aud": _aud,
    "assertion-exp": _exp,
    "assertion-iat": _not_from_the_future("iat"),
    "assertion-nbf": _not_from_the_future("nbf"),
    "assertion-jti": _jti,
    "assertion-signature": _signature,  # last: the others are cheap
}
"""In this order. Each gives None, or says what to mend."""
