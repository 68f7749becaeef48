"""What this server signs for clients besides access tokens, and the keys it publishes for all of it (RFC 7517).

One key, one purpose: whoever gets an answer of one kind cannot show it as one of another. Clients choose between
EdDSA and ES256 in their metadata.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from vault.crypto.canonical import b64
from vault.crypto.jws import key_id, sign_jws
from vault.crypto.keyring import ES256_PURPOSES, KeyRing

Answer = Literal["authorization", "introspection", "id-token"]
"""Authorization responses (JARM), introspection responses (RFC 9701), ID tokens (OpenID Connect Core)."""
Algorithm = Literal["EdDSA", "ES256"]
ALGORITHMS: Final[tuple[Algorithm, ...]] = ("EdDSA", "ES256")
ANSWERS: Final[tuple[Answer, ...]] = ("authorization", "introspection", "id-token")
_TOKEN: Final = "token"  # noqa: S105 - the purpose of access tokens' key
STATUS_LIST: Final = "status-list"
_RELEASES: Final = ("sd-jwt", "sd-jwt-es256")
"""What the release room signs its answers with: keys that others look for here, too."""
_COORDINATE: Final = 32


def sign_answer(ring: KeyRing, answer: Answer, alg: Algorithm, *, typ: str, claims: Mapping[str, Any]) -> str:
    """A compact JWS by the key of this kind of answer. ``claims`` must be JSON; ``typ`` says what it is."""
    purpose = purpose_of(answer, alg)
    version = ring.versions(purpose)[-1]
    header = {"alg": alg, "typ": typ, "kid": key_id(purpose, version)}
    return sign_jws(
        lambda message: ring.sign(purpose, message, version=version), header, msgspec.json.encode(dict(claims))
    )


def sign_status_list(ring: KeyRing, typ: str, claims: Mapping[str, Any]) -> str:
    """A token status list, by a key that signs nothing else: whoever takes it for a token of a person is wrong."""
    version = ring.versions(STATUS_LIST)[-1]
    header = {"alg": "EdDSA", "typ": typ, "kid": key_id(STATUS_LIST, version)}
    return sign_jws(
        lambda message: ring.sign(STATUS_LIST, message, version=version), header, msgspec.json.encode(dict(claims))
    )


def purpose_of(answer: Answer, alg: Algorithm) -> str:
    """The ring's name for the key of an answer."""
    return answer if alg == "EdDSA" else f"{answer}-es256"


def jwks(ring: KeyRing) -> dict[str, Any]:
    """The public keys of everything that is signed here: with those to come, newest first in each purpose."""
    purposes = [_TOKEN, STATUS_LIST, *(purpose_of(answer, alg) for answer in ANSWERS for alg in ALGORITHMS), *_RELEASES]
    return {"keys": [_jwk(ring, each, version) for each in purposes for version in reversed(ring.published(each))]}


def _jwk(ring: KeyRing, purpose: str, version: int) -> dict[str, Any]:
    public, common = ring.public_key(purpose, version=version), {"kid": key_id(purpose, version), "use": "sig"}
    if purpose in ES256_PURPOSES:
        x, y = b64(public[:_COORDINATE]), b64(public[_COORDINATE:])
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "alg": "ES256", **common}
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(public), "alg": "EdDSA", **common}
