"""A release as a selective-disclosure JWT (RFC 9901), of the type ``dc+sd-jwt`` (SD-JWT VC). Pure.

In the signed part stand issuer, times, type, the requester's key (``cnf``), purpose and declaration. Everything else
is behind digests: each item with its form, value, age and attestation; who (``sub``), the release, the grant, the
receipt, the key of the commitment. So a requester can show one item to somebody who must see it, with a proof that
it was released to nobody but that requester, and no more.

Salts come from the key of the commitment (draws of HMAC-SHA-256, 128 bits each): the same release gives the same
disclosures however often it is asked for. Whoever is shown ``commitment`` can try values of items that were kept
from them, which is why it has a disclosure of its own.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from vault.crypto.canonical import b64, canonical, unb64
from vault.crypto.jws import sign_jws
from vault.crypto.keyring import KeyRing

TYP: Final = "dc+sd-jwt"
PURPOSE: Final = "sd-jwt"
TYPE_PATH: Final = "/vct/release.1"
"""Below the issuer: what ``vct`` says, and where the type is described."""
LIFE: Final = timedelta(hours=24)
"""A delivery, not a credential to keep: no longer than a retired key stays published."""
SHORTEST: Final = timedelta(hours=1)
"""Where the declaration keeps nothing."""
ALGORITHMS: Final = ("EdDSA", "ES256")
_PLAIN: Final = ("purpose", "declaration", "declaration_version")
_HIDDEN: Final = ("release", "grant", "sub", "commitment", "receipt")
_SALT: Final = b"sd-jwt salt 1"
_SALT_BYTES: Final = 16
_LONGEST: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Issuing:
    """Who issues, by which algorithm, to which key (a ``cnf`` of RFC 7800), when the release was, and for how many
    days its declaration lets the requester keep it."""

    issuer: str
    alg: str
    cnf: Mapping[str, Any]
    at: datetime
    retention_days: int


def issue(ring: KeyRing, released: Mapping[str, Any], issuing: Issuing) -> str:
    """The SD-JWT with all its disclosures, as ``JWT~disclosure~…~``. ``released``: the members of the JSON answer."""
    disclosures = [disclosure(released, name, value) for name, value in hidden(released)]
    end = issuing.at + min(LIFE, timedelta(days=issuing.retention_days) or SHORTEST)
    claims = {
        "iss": issuing.issuer,
        "iat": int(issuing.at.timestamp()),
        "exp": int(end.timestamp()),
        "vct": issuing.issuer + TYPE_PATH,
        "cnf": dict(issuing.cnf),
        **{name: released[name] for name in _PLAIN},
        "_sd_alg": "sha-256",
        "_sd": sorted(b64(hashlib.sha256(each.encode()).digest()) for each in disclosures),
    }
    purpose = PURPOSE if issuing.alg == "EdDSA" else f"{PURPOSE}-es256"
    version = ring.versions(purpose)[-1]
    header = {"alg": issuing.alg, "typ": TYP, "kid": f"{purpose}.{version}"}
    signed = sign_jws(lambda m: ring.sign(purpose, m, version=version), header, canonical(claims), longest=_LONGEST)
    return "~".join([signed, *disclosures, ""])


def hidden(released: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What is disclosed one by one: (claim, value). Of an item: by its name, all the JSON answer says of it."""
    items = [(each["item"], {k: v for k, v in each.items() if k != "item"}) for each in released["items"]]
    return [*((name, released[name]) for name in _HIDDEN), *items]


def disclosure(released: Mapping[str, Any], name: str, value: Any) -> str:
    """RFC 9901 section 4.2.1: base64url of ``[salt, name, value]``."""
    salt = hmac.digest(unb64(released["commitment"]["key"]), _SALT + name.encode(), "sha256")[:_SALT_BYTES]
    return b64(canonical([b64(salt), name, value]))
