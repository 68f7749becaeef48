"""What the register signs: its answers and the registration certificates. The key's public halves are published.

Compact JWS with EdDSA under the ring's purpose ``register``; ``kid`` is ``register.N`` for version N of the key.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from vault.crypto.canonical import canonical
from vault.crypto.jws import key_id, open_jws, public_jwks, read_jws, sign_jws
from vault.crypto.keyring import KeyRing
from vault.errors import CannotOpen, Malformed, Tampered

PURPOSE: Final = "register"
ANSWER: Final = "register-answer+jwt"
CERTIFICATE: Final = "registration-certificate+jwt"
ANSWER_LIFE: Final = timedelta(hours=1)
CERTIFICATE_LIFE: Final = timedelta(hours=24)
LONGEST: Final = {ANSWER: 1024 * 1024, CERTIFICATE: 64 * 1024}
"""Characters of a whole token, by type."""
_EARLY: Final = timedelta(seconds=60)


def jwks(ring: KeyRing) -> dict[str, Any]:
    """The public keys that answers and certificates may be signed with (RFC 7517), newest first."""
    return public_jwks(ring, PURPOSE, ring.versions(PURPOSE))


def sign(ring: KeyRing, typ: str, claims: dict[str, Any], *, now: datetime, until: datetime) -> str:
    """A signed document: the claims with ``iat`` and ``exp`` (RFC 7519), in whole seconds."""
    version = ring.versions(PURPOSE)[-1]
    payload = canonical({**claims, "iat": int(now.timestamp()), "exp": int(until.timestamp())})
    header = {"typ": typ, "kid": key_id(PURPOSE, version)}
    return sign_jws(lambda m: ring.sign(PURPOSE, m, version=version), header, payload, longest=LONGEST[typ])


def opened(ring: KeyRing, typ: str, token: str, *, issuer: str, now: datetime) -> dict[str, Any]:
    """The claims of a document of this register that is in time now. Raises Malformed (also when it is out of time),
    Tampered."""
    kid = read_jws(token, longest=LONGEST[typ]).header.get("kid", "")
    name, _, number = kid.partition(".")
    if name != PURPOSE or not number.isascii() or not number.isdigit() or len(number) > 6:
        raise Malformed("It is not signed with a key of the register.")
    try:
        public = ring.public_key(PURPOSE, version=int(number))
    except CannotOpen:
        raise Malformed("It is signed with a key that the register does not use any more.") from None
    claims: dict[str, Any] = msgspec.json.decode(
        open_jws(token, typ=typ, public=public, longest=LONGEST[typ]), type=dict[str, Any]
    )
    if claims.get("iss") != issuer:
        raise Malformed("It was issued by another register.")
    if now.timestamp() >= _moment(claims, "exp"):
        raise Malformed("It has expired: fetch it anew.")
    if (now + _EARLY).timestamp() < _moment(claims, "iat"):
        raise Malformed("It is not valid yet.")
    return claims


def _moment(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int):
        raise Tampered(private=f"a signed document of the register without {name}")
    return value
