"""Signed authorization requests (JAR, RFC 9101; FAPI 2.0 Message Signing section 5.3). Pure.

What is pushed inside the object is the whole request: beside it go only the client's authentication and its id.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from vault import ids
from vault.authserver import jose
from vault.authserver.errors import OAuthError
from vault.clock import from_millis
from vault.crypto.canonical import canonical, digest
from vault.requesters.views import ClientView

TYP: Final = "oauth-authz-req+jwt"
LONGEST: Final = 64 * 1024
OLDEST: Final = 3600
"""Seconds after ``nbf``, and from ``nbf`` to ``exp`` (FAPI 2.0 Message Signing 5.3.1)."""
AHEAD: Final = 30
"""Seconds that a client's clock may differ."""
LONGEST_JTI: Final = 256
_BESIDE: Final = frozenset({"request", "client_id", "client_assertion", "client_assertion_type"})
_CLAIMS: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "sub"})
_TYPES: Final = (TYP, f"application/{TYP}", "JWT", None)


@dataclass(frozen=True, slots=True)
class Requested:
    """A request object that held: its parameters, as a form would have had them. ``seen``: 32 bytes that must be new
    until ``expires_at``, where the object names itself (``jti``)."""

    parameters: dict[str, str]
    seen: bytes | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Attempt:
    form: Mapping[str, str]
    signed: jose.Signed
    client: ClientView
    issuer: str
    now: float

    @property
    def claims(self) -> dict[str, Any]:
        return self.signed.claims


def read(form: Mapping[str, str], client: ClientView, *, issuer: str, now: datetime) -> Requested:
    """The ordered checks of the object in ``request``. Raises OAuthError ``invalid_request_object`` (RFC 9101)."""
    try:
        signed = jose.read(form["request"], longest=LONGEST)
    except jose.NotReadable as error:
        raise _invalid("object-readable", f"The request object {error}.") from None
    attempt = _Attempt(form, signed, client, issuer, now.timestamp())
    for name, check in CHECKS.items():
        if complaint := check(attempt):
            raise _invalid(name, complaint)
    parameters = {name: _as_text(value) for name, value in attempt.claims.items() if name not in _CLAIMS}
    exp = jose.whole_seconds(attempt.claims, "exp") or 0
    jti = attempt.claims.get("jti")
    seen = None if jti is None else digest(canonical(["request", client.client_id.hex, jti]))
    return Requested(parameters, seen, from_millis((exp + AHEAD) * 1000))


def replayed() -> OAuthError:
    """A request object that was pushed before."""
    return _invalid("object-replayed", "This request object was used before: make one per request.")


def _invalid(check: str, description: str) -> OAuthError:
    return OAuthError("invalid_request_object", description, check=check)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _alone(attempt: _Attempt) -> str | None:
    """RFC 9101 section 6.3, RFC 9126 section 3."""
    if beside := sorted(set(attempt.form) - _BESIDE):
        return f"Put every parameter into the request object; beside it was {beside[0][:40]}."
    return None


def _typ(attempt: _Attempt) -> str | None:
    return None if attempt.signed.header.get("typ") in _TYPES else f"The request object's typ must be {TYP}."


def _alg(attempt: _Attempt) -> str | None:
    wanted = attempt.client.metadata.request_object_signing_alg
    if wanted in (None, attempt.signed.alg):
        return None
    return f"This client registered {wanted} for its request objects."


def _client(attempt: _Attempt) -> str | None:
    """RFC 9101 section 5 and 6.3: iss and client_id are the client's, and sub is not used."""
    expected = ids.public(ids.CLIENT, attempt.client.client_id)
    if attempt.claims.get("iss") != expected or attempt.claims.get("client_id") != expected:
        return "The request object's iss and client_id must both be your client_id."
    return "The request object must not hold sub (RFC 9101 section 10.8)." if "sub" in attempt.claims else None


def _aud(attempt: _Attempt) -> str | None:
    aud = attempt.claims.get("aud")
    if aud == attempt.issuer or (isinstance(aud, list) and attempt.issuer in aud):
        return None
    return f"The request object's aud must be {attempt.issuer}, or a list with it."


def _nbf(attempt: _Attempt) -> str | None:
    nbf = jose.whole_seconds(attempt.claims, "nbf")
    if nbf is None:
        return "The request object needs nbf in seconds since 1970."
    if nbf - attempt.now > AHEAD:
        return "The request object's nbf is in the future: check your clock."
    if attempt.now - nbf > OLDEST:
        return f"The request object's nbf is more than {OLDEST // 60} minutes ago: make a new one."
    return None


def _exp(attempt: _Attempt) -> str | None:
    exp, nbf = jose.whole_seconds(attempt.claims, "exp"), jose.whole_seconds(attempt.claims, "nbf") or 0
    if exp is None:
        return "The request object needs exp in seconds since 1970."
    if exp <= attempt.now:
        return "The request object has expired: make a new one."
    return None if exp - nbf <= OLDEST else f"The request object's exp must be within {OLDEST // 60} minutes of nbf."


def _jti(attempt: _Attempt) -> str | None:
    jti = attempt.claims.get("jti", "absent")
    if isinstance(jti, str) and 1 <= len(jti) <= LONGEST_JTI:
        return None
    return f"The request object's jti must be a text of at most {LONGEST_JTI} characters."


def _nested(attempt: _Attempt) -> str | None:
    """RFC 9101 section 4."""
    if "request" in attempt.claims or "request_uri" in attempt.claims:
        return "A request object must not hold request or request_uri."
    return None


def _signature(attempt: _Attempt) -> str | None:
    kid = attempt.signed.header.get("kid")
    fitting = [key for key in attempt.client.jwks["keys"] if kid in (None, key["kid"])]
    fitting = [key for key in fitting if jose.fits(attempt.signed.alg, key)]
    if len(fitting) == 1 and jose.is_signed_by(attempt.signed, fitting[0]):
        return None
    return "The request object's signature does not verify with your registered key of that kid and alg."


CHECKS: Final[dict[str, Callable[[_Attempt], str | None]]] = {
    "object-alone": _alone,
    "object-typ": _typ,
    "object-alg": _alg,
    "object-client": _client,
    "object-aud": _aud,
    "object-nbf": _nbf,
    "object-exp": _exp,
    "object-jti": _jti,
    "object-nested": _nested,
    "object-signature": _signature,  # last: the others are cheap
}
"""In this order. Each gives None, or says what to mend."""
