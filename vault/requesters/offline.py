"""A declaration of the public register, verified with nothing but what is in it and, where given, published keys. Pure.

What holds afterwards: this body is the one whose digest both officers signed, for this requester and this end; with the
officers' keys from elsewhere, that they are those officers; with the register's keys, that the register said all of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from vault import ids
from vault.clock import from_millis
from vault.crypto.canonical import b64, unb64
from vault.crypto.jws import open_jws, read_jws
from vault.crypto.signing import is_signed
from vault.errors import Malformed, NotFound, Tampered
from vault.requesters.declarations import stored_digest
from vault.requesters.register_keys import ANSWER, LONGEST


@dataclass(frozen=True)
class Verified:
    """What holds. ``officers``: id and public key (base64url) of the two; ``said_at``, ``said_until``: of the signature
    of the register itself, where the document has one."""

    declaration: str
    requester: str
    digest: str
    officers: Mapping[str, str]
    signed_until: datetime
    said_at: datetime | None = None
    said_until: datetime | None = None


def verify_published(document: bytes, jwks: bytes | None) -> Verified:
    """Verify the answer of ``/v1/register/declarations/{id}``: JSON, or the JWS, which takes the register's ``jwks``.

    Raises Malformed when it is no such answer, Tampered when anything does not fit.
    """
    if document[:1] == b"{":
        return _verified(_json(document))
    if jwks is None:
        raise Malformed("A signed answer takes the register's keys: /v1/register/jwks.")
    claims = _signed(document.decode("ascii", "replace").strip(), _json(jwks))
    found = _verified(claims["answer"])
    said_at, said_until = (_moment(claims, name) for name in ("iat", "exp"))
    return replace(found, said_at=said_at, said_until=said_until)


def _signed(token: str, jwks: Mapping[str, Any]) -> dict[str, Any]:
    kid = read_jws(token, longest=LONGEST[ANSWER]).header.get("kid")
    key = next((each for each in jwks.get("keys", ()) if each.get("kid") == kid), None)
    if key is None:
        raise Malformed("It is signed with a key that is not among those given.")
    claims = _json(open_jws(token, typ=ANSWER, public=unb64(key["x"]), longest=LONGEST[ANSWER]))
    if not isinstance(claims.get("answer"), dict):
        raise Malformed("It is no answer about a declaration.")
    return claims


def _verified(said: Mapping[str, Any]) -> Verified:
    try:
        permit, body, owner = said["permit"], said["body"], said["organisation"]["requester"]
        message, signatures = unb64(permit["message"]), list(permit["signatures"])
        terms = _json(message)
        keys = {each["officer"]: each["public_key"] for each in signatures}
        digest = b64(stored_digest(body))
        for public_id in (said["declaration"], owner):
            ids.parse(public_id.partition("_")[0], public_id)
        signed_until = from_millis(terms["valid_until"])
        checked = [(unb64(each["public_key"]), unb64(each["signature"])) for each in signatures]
    except (KeyError, TypeError, ValueError, AttributeError, NotFound):
        raise Malformed("This is no declaration of the public register.") from None
    # 1. The body is the one that the digest names, and the officers signed that digest for this requester.
    if said.get("digest") != digest or terms.get("declaration") != digest:
        raise Tampered("The declaration does not fit the digest that was signed.")
    if terms.get("requester") != owner or terms.get("kind") != "permit":
        raise Tampered("The permit is for another requester.")
    # 2. Two officers, two keys, and both signatures hold.
    if len(keys) < 2 or len(set(keys.values())) < 2:
        raise Tampered("A permit needs the signatures of two officers.")
    if not all(is_signed(public, message, made) for public, made in checked):
        raise Tampered("A signature of the permit does not verify.")
    return Verified(said["declaration"], owner, digest, keys, signed_until)


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if not isinstance(value, int):
        raise Malformed(f"It does not say {name}.")
    return from_millis(value * 1000)


def _json(data: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.MsgspecError:
        raise Malformed("This is not JSON of the register.") from None
