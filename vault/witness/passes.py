"""An auditor's pass: made offline with its own key, good for minutes, at one registry. No I/O here.

A compact JWS (EdDSA) of the type below, ``kid`` the auditor's id, payload ``{aud, exp, iat}`` in seconds. Whoever
overhears one may read the same entries for those minutes, and nothing else; TLS is what keeps it unheard.
"""

from datetime import datetime
from typing import Final

import msgspec

from vault.crypto.canonical import canonical
from vault.crypto.jws import open_jws, read_jws, sign_jws
from vault.crypto.signing import SigningKey
from vault.errors import Malformed, Unauthenticated, VaultError

TYPE: Final = "pivault-auditor+jwt"
SCHEME: Final = "Bearer "
LONGEST: Final = 300
"""Seconds that a pass may be good for."""
SKEW: Final = 60
"""Seconds by which the two clocks may differ."""


class _Claims(msgspec.Struct, forbid_unknown_fields=True):
    aud: str
    exp: int
    iat: int


def make_pass(key: SigningKey, auditor: str, audience: str, now: datetime) -> str:
    """A pass for the next minutes. ``auditor``: its public id (aud_…); ``audience``: the registry's issuer."""
    at = int(now.timestamp())
    claims = {"aud": audience, "exp": at + LONGEST - SKEW, "iat": at}
    return sign_jws(key.sign, {"typ": TYPE, "kid": auditor}, canonical(claims))


def named(header: str) -> tuple[str, str]:
    """The pass in an Authorization header, and the auditor it names; nothing is verified. Raises Unauthenticated."""
    if not header.startswith(SCHEME):
        raise Unauthenticated("Entries are for authorised auditors: present a pass.")
    token = header.removeprefix(SCHEME)
    try:
        return token, read_jws(token).header.get("kid", "")
    except Malformed as error:
        raise Unauthenticated(error.public) from None


def check_pass(token: str, public: bytes, audience: str, now: datetime) -> None:
    """Raise Unauthenticated unless this key made the pass, for this registry, and it is good now."""
    try:
        claims = msgspec.json.decode(open_jws(token, typ=TYPE, public=public), type=_Claims)
    except (VaultError, msgspec.MsgspecError):
        raise Unauthenticated("The pass is not one that this auditor's key made.") from None
    at = int(now.timestamp())
    if claims.aud != audience:
        raise Unauthenticated("The pass is for another registry.")
    if claims.exp - claims.iat > LONGEST or claims.iat > at + SKEW or claims.exp <= at:
        raise Unauthenticated("The pass is not good at this time: check the clock.")
