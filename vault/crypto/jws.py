"""Compact JWS (RFC 7515) with EdDSA (RFC 8037): what the product itself signs as a token and reads again.

One algorithm to read, three header members, so that there is nothing to negotiate: ``none``, ``crit``,
embedded keys (``jwk``, ``x5c``) and key addresses (``jku``, ``x5u``) are refused while parsing. Answers to clients
that chose ES256 are signed here too, and read by nobody here.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from vault.crypto.canonical import b64, unb64
from vault.crypto.keyring import KeyRing
from vault.crypto.signing import is_signed
from vault.errors import Malformed, Tampered

MAX_TOKEN = 16 * 1024
"""Characters in a whole token; longer ones are refused unread, unless a document that is read says otherwise."""
_SIGNATURE_BYTES = 64


class _Header(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    alg: Literal["EdDSA"]
    typ: str
    kid: str = ""


class _SignedHeader(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    alg: Literal["EdDSA", "ES256"]
    typ: str
    kid: str = ""


class Jws(NamedTuple):
    """A token taken apart, its signature not yet checked. ``signing_input`` is what the signature covers."""

    header: dict[str, str]
    payload: bytes
    signing_input: bytes
    signature: bytes


_HEADER = msgspec.json.Decoder(_Header)


def sign_jws(
    sign: Callable[[bytes], bytes], header: dict[str, str], payload: bytes, *, longest: int = MAX_TOKEN
) -> str:
    """The compact form. ``header`` has ``typ`` and may have ``kid`` and ``alg``; ``sign`` makes a signature of 64 bytes
    by that algorithm, EdDSA where none is named."""
    full = msgspec.convert({"alg": "EdDSA", **header}, _SignedHeader)
    signing_input = f"{b64(msgspec.json.encode(full))}.{b64(payload)}"
    token = f"{signing_input}.{b64(sign(signing_input.encode()))}"
    if len(token) > longest:
        raise ValueError(f"a token may have {longest} characters, this one has {len(token)}")
    return token


def read_jws(token: str, *, longest: int = MAX_TOKEN) -> Jws:
    """Take a token apart without trusting it. Raises Malformed for anything :func:`sign_jws` would not make."""
    if len(token) > longest:
        raise Malformed(f"A token may have {longest} characters at most.")
    try:
        head, body, tail = token.split(".")
        header = _HEADER.decode(unb64(head))
        payload, signature = unb64(body), unb64(tail)
    except (ValueError, msgspec.MsgspecError):
        raise Malformed("This is not a compact JWS signed with EdDSA.") from None
    if len(signature) != _SIGNATURE_BYTES:
        raise Malformed("The signature of the token has the wrong length.")
    members = {"alg": header.alg, "typ": header.typ} | ({"kid": header.kid} if header.kid else {})
    return Jws(members, payload, f"{head}.{body}".encode(), signature)


def open_jws(token: str, *, typ: str, public: bytes, longest: int = MAX_TOKEN) -> bytes:
    """The payload of a token of this type (RFC 8725 section 3.11) signed by this key.

    Raises Malformed when it is no such token, Tampered when another key signed it or it was changed.
    """
    jws = read_jws(token, longest=longest)
    if jws.header["typ"] != typ:
        raise Malformed(f"This token is not of the type {typ}.")
    if not is_signed(public, jws.signing_input, jws.signature):
        raise Tampered("The signature of the token does not verify.", private="jws")
    return jws.payload


def key_id(purpose: str, version: int) -> str:
    """The ``kid`` of a version of a signing key of the ring."""
    return f"{purpose}.{version}"


def public_jwks(ring: KeyRing, purpose: str, versions: Sequence[int]) -> dict[str, Any]:
    """The Ed25519 public keys of these versions as a JWK set (RFC 7517, RFC 8037), the last version first."""
    keys = [
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": b64(ring.public_key(purpose, version=version)),
            "kid": key_id(purpose, version),
            "use": "sig",
            "alg": "EdDSA",
        }
        for version in reversed(versions)
    ]
    return {"keys": keys}
