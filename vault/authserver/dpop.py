"""DPoP proofs (RFC 9449): whoever presents a code or token shows, per request, that they hold its key. Pure.

Replay is refused by the caller, who stores ``Proof.seen`` until ``Proof.expires_at`` (see ``replay``).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from vault.authserver import jose
from vault.authserver.errors import InvalidProof, UseNonce
from vault.authserver.nonces import fresh, is_current
from vault.clock import from_millis
from vault.crypto.canonical import b64, canonical, digest
from vault.crypto.keyring import KeyRing
from vault.crypto.remembered import Remembered
from vault.crypto.sealing import same
from vault.requesters.jwks import problems_of_key

OLDEST: Final = 60
"""Seconds after ``iat`` during which a proof is taken."""
AHEAD: Final = 30
"""Seconds that a sender's clock may be ahead (FAPI 2.0 5.3.2.1-13: 10 must pass, more than 60 must not)."""
LONGEST_JTI: Final = 256
NONCE: Final = "dpop-nonce"
CONTENT: Final = "content_digest"
"""The claim that covers the body (decision 0012): no claim of RFC 9449, which lets profiles add their own."""
MOST_KEYS: Final = 4096
_THUMBPRINTS: Final[Remembered[bytes, str]] = Remembered(MOST_KEYS)
"""By the encoded header of a proof, at most ``jose.LONGEST`` bytes: clients send the same one with every proof."""
_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that held. ``jkt``: thumbprint of its key; ``seen``: 32 bytes that must be new."""

    jkt: str
    seen: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Expected:
    """What the proof must be about."""

    method: str
    url: str
    token: str | None
    now: datetime
    jkt: str | None
    nonces: KeyRing | None
    content: str | None = None


def check_proof(  # noqa: PLR0913 - what a proof is checked against are eight facts of one request
    proof: str,
    *,
    method: str,
    url: str,
    now: datetime,
    token: str | None = None,
    jkt: str | None = None,
    nonces: KeyRing | None = None,
    content: str | None = None,
) -> Proof:
    """The ordered checks of RFC 9449 section 4.3. Raises InvalidProof whose ``check`` names the one that failed.

    ``url``: the address of this endpoint as the issuer publishes it; ``token``: the access token presented
    with the proof (API only); ``jkt``: the key the code or token is bound to; ``nonces``: the ring that made the
    nonces, where one is needed (section 8); UseNonce then brings the one to use. ``content``: the request's
    Content-Digest field, where the proof must cover the body (section 11.7 leaves that to whoever needs it).
    """
    request = Expected(method, url, token, now, jkt, nonces, content)
    try:
        signed = jose.read(proof)
    except jose.NotReadable as error:
        raise InvalidProof("dpop-readable", f"The DPoP proof {error}.") from None
    for name, check in CHECKS.items():
        if complaint := check(signed, request):
            if name == NONCE and nonces is not None:
                raise UseNonce(name, complaint, nonce=fresh(nonces, now))
            raise InvalidProof(name, complaint)
    thumb = _thumbprint(signed)
    iat = jose.whole_seconds(signed.claims, "iat") or 0
    seen = digest(canonical(["dpop", thumb, signed.claims["jti"]]))
    return Proof(thumb, seen, from_millis(iat * 1000) + timedelta(seconds=OLDEST + AHEAD))


def check_header(values: Sequence[str]) -> str:
    """The one DPoP header of a request (section 4.3, checks 1 and 2). Raises InvalidProof."""
    if not values:
        raise InvalidProof("dpop-present", "Send a DPoP proof in the DPoP header: there are no bearer tokens here.")
    if len(values) > 1:
        raise InvalidProof("dpop-single", "Send exactly one DPoP header.")
    return values[0]


def _typ(signed: jose.Signed, _: Expected) -> str | None:
    return None if signed.header.get("typ") == "dpop+jwt" else "The DPoP proof's header needs typ dpop+jwt."


def _key(signed: jose.Signed, _: Expected) -> str | None:
    if _THUMBPRINTS.get(_head(signed)) is not None:
        return None  # the very bytes that it comes from were looked at before
    if problems := problems_of_key(signed.header.get("jwk")):
        where, why = problems[0]
        return f"The DPoP proof's header needs jwk, a public key; jwk{'.' if where else ''}{where} {why}."
    return None


def _head(signed: jose.Signed) -> bytes:
    return signed.signing_input.partition(b".")[0]


def _thumbprint(signed: jose.Signed) -> str:
    """Of the key in the header, which passed ``_key``. Says nothing about who holds it: every proof is verified."""
    head = _head(signed)
    return _THUMBPRINTS.get(head) or _THUMBPRINTS.put(head, jose.thumbprint(signed.header["jwk"]))


def _alg(signed: jose.Signed, _: Expected) -> str | None:
    if jose.fits(signed.alg, signed.header["jwk"]):
        return None
    return f"The DPoP proof's alg {signed.alg} does not fit the key in its header."


def _jti(signed: jose.Signed, _: Expected) -> str | None:
    jti = signed.claims.get("jti")
    if isinstance(jti, str) and 1 <= len(jti) <= LONGEST_JTI:
        return None
    return f"The DPoP proof needs jti, a fresh random text of at most {LONGEST_JTI} characters."


def _htm(signed: jose.Signed, request: Expected) -> str | None:
    return None if signed.claims.get("htm") == request.method else f"The DPoP proof's htm must be {request.method}."


def _htu(signed: jose.Signed, request: Expected) -> str | None:
    htu = signed.claims.get("htu")
    if isinstance(htu, str) and (htu == request.url or _normal(htu) == (_normal(request.url) or "")):
        return None
    return f"The DPoP proof's htu must be {request.url}, the address it is sent to without query and fragment."


def _iat(signed: jose.Signed, request: Expected) -> str | None:
    iat = jose.whole_seconds(signed.claims, "iat")
    if iat is None:
        return "The DPoP proof needs iat in seconds since 1970."
    age = request.now.timestamp() - iat
    if age > OLDEST:
        return f"The DPoP proof is older than {OLDEST} seconds: make a new one for each request and check your clock."
    if age < -AHEAD:
        return "The DPoP proof's iat is in the future: check your clock."
    return None


def _ath(signed: jose.Signed, request: Expected) -> str | None:
    if request.token is None:
        return None
    expected = b64(hashlib.sha256(request.token.encode()).digest())
    ath = signed.claims.get("ath")
    if isinstance(ath, str) and same(ath.encode(), expected.encode()):
        return None
    return "The DPoP proof's ath must be the base64url SHA-256 of the access token sent with it."


def _bound(signed: jose.Signed, request: Expected) -> str | None:
    if request.jkt is None or same(_thumbprint(signed).encode(), request.jkt.encode()):
        return None
    return "The DPoP proof is made with another key than the one the code or token is bound to."


def _nonce(signed: jose.Signed, request: Expected) -> str | None:
    if request.nonces is None or is_current(request.nonces, signed.claims.get("nonce"), request.now):
        return None
    return "The DPoP proof needs the nonce of the DPoP-Nonce header: make a new proof with it and send it again."


def _content(signed: jose.Signed, request: Expected) -> str | None:
    said = signed.claims.get(CONTENT)
    if request.content is None or (isinstance(said, str) and same(said.encode(), request.content.encode())):
        return None
    return f"The DPoP proof needs {CONTENT}: the value of the Content-Digest header that is sent with it."


def _signature(signed: jose.Signed, _: Expected) -> str | None:
    if jose.is_signed_by(signed, signed.header["jwk"]):
        return None
    return "The DPoP proof's signature does not verify with the key in its header."


def _normal(url: str) -> tuple[str, str, int | None, str] | None:
    """RFC 3986 section 6.2.2 and 6.2.3 as far as needed: case of scheme and host, the default port, the empty path."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if "?" in url or "#" in url or "@" in parts.netloc or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port, parts.path or "/"


Check = Callable[[jose.Signed, Expected], str | None]
CHECKS: Final[dict[str, Check]] = {
    "dpop-typ": _typ,
    "dpop-key": _key,
    "dpop-alg": _alg,
    "dpop-jti": _jti,
    "dpop-htm": _htm,
    "dpop-htu": _htu,
    "dpop-iat": _iat,
    "dpop-ath": _ath,
    "dpop-bound": _bound,
    "dpop-content": _content,
    "dpop-nonce": _nonce,
    "dpop-signature": _signature,  # last: the others are cheap
}
"""In this order. Each gives None, or says what to mend."""
