"""The public keys of a client (RFC 7517): what may be registered, and nothing private. Pure.

Used for a client's key set and for the key in a DPoP proof: the same key types, the same refusals. A set may also hold
keys with ``use`` enc (RFC 7517 section 4.2), to which answers are sealed; they verify nothing.
"""

import binascii
import re
import warnings
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from vault.crypto.canonical import unb64
from vault.requesters.certificates import X5C, X5T, problems_of_certificate

MOST_KEYS: Final = 8
SMALLEST_RSA: Final = 2048
LARGEST_RSA: Final = 8192
PRIVATE: Final = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_FETCHED: Final = ("x5u", "jku")
_COMMON: Final = frozenset({"kty", "kid", "use", "alg", "key_ops"})
_KINDS: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    # kty: (its public members, the algorithms it may name)
    "OKP": (frozenset({"crv", "x"}), frozenset({"EdDSA", "Ed25519"})),
    "EC": (frozenset({"crv", "x", "y"}), frozenset({"ES256"})),
    "RSA": (frozenset({"n", "e"}), frozenset({"PS256"})),
}
_CURVES: Final = {"OKP": "Ed25519", "EC": "P-256"}
SIGNATURE: Final = "sig"
ENCRYPTION: Final = "enc"
KEY_AGREEMENT: Final = "ECDH-ES"
"""RFC 7518 section 4.6, RFC 8037 section 3.2: how answers are sealed to a key."""
_SEALING: Final = {"OKP": "X25519", "EC": "P-256"}
_KID: Final = re.compile(r"[!-~]{1,128}")
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]{1,1400}")

PublicKey = OKPKey | ECKey | RSAKey
Problem = tuple[str, str]
"""Where (a path below the key), and why."""


def problems_of_set(jwks: object) -> list[Problem]:
    """Everything wrong with a client's key set ``{"keys": [...]}``; empty when it may be registered."""
    if not isinstance(jwks, dict) or set(jwks) != {"keys"} or not isinstance(jwks["keys"], list):
        return [("", 'must be an object with one member "keys", a list of public keys')]
    keys = jwks["keys"]
    if not 1 <= len(keys) <= MOST_KEYS:
        return [("keys", f"must hold 1 to {MOST_KEYS} keys")]
    found: list[Problem] = []
    seen: set[str] = set()
    for index, key in enumerate(keys):
        problems = _problems_of_member(key, seen)
        found += [(f"keys[{index}]" + (f".{where}" if where else ""), why) for where, why in problems]
    if not found and not any(map(is_signing, keys)):
        return [("keys", "must hold a key to sign with: one with use enc only opens what is sealed to it")]
    return found


def problems_of_registered(key: Mapping[str, Any]) -> list[Problem]:
    """Everything wrong with one key that is to come into a set; what depends on the others is left to the set."""
    return _problems_of_member(key, set())


def is_signing(key: Mapping[str, Any]) -> bool:
    """Whether a registered key verifies signatures."""
    return str(key.get("use", SIGNATURE)) == SIGNATURE


def encryption_key(jwks: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The key of a set that answers are sealed to: the one registered last; None where there is none."""
    return next((key for key in reversed(jwks["keys"]) if key.get("use") == ENCRYPTION), None)


def _problems_of_member(key: object, seen: set[str]) -> list[Problem]:
    """A key of a set may come with its certificate; one in a proof may not."""
    if isinstance(key, dict) and key.get("use") == ENCRYPTION:
        return _problems_of_encryption(key) or _problems_of_kid(key, seen)
    bare = {name: value for name, value in key.items() if name not in (X5C, X5T)} if isinstance(key, dict) else key
    problems = problems_of_key(bare)
    if problems or not isinstance(key, dict):
        return problems
    public = {name: str(key[name]) for name in ("kty", *_KINDS[key["kty"]][0])}
    return _problems_of_kid(key, seen) or problems_of_certificate(key, public)


def _problems_of_kid(key: Mapping[str, Any], seen: set[str]) -> list[Problem]:
    kid = key.get("kid")
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        return [("kid", "must be present: 1 to 128 printable characters without spaces")]
    if kid in seen:
        return [("kid", "is used by another key of the set: kids must be unique (FAPI 2.0 5.4.1)")]
    seen.add(kid)
    return []


def problems_of_key(key: object) -> list[Problem]:
    """Everything wrong with one public key; empty when it can be used to verify."""
    if not isinstance(key, dict) or len(key) > 16:
        return [("", "must be a JSON object of at most 16 members")]
    if secret := _problems_of_secrecy(key):
        return secret
    kind = _KINDS.get(key["kty"]) if isinstance(key.get("kty"), str) else None
    if kind is None:
        return [("kty", "must be OKP (Ed25519), EC (P-256) or RSA (2048 bits or more)")]
    return _problems_of_members(key, *kind) or _problems_of_material(key)


def _problems_of_secrecy(key: Mapping[str, Any]) -> list[Problem]:
    if private := [name for name in PRIVATE if name in key]:
        return [(private[0], "is a private member: never send private or secret keys; make a new key pair")]
    if fetched := [name for name in _FETCHED if name in key]:
        return [(fetched[0], "is refused: keys are not fetched from addresses")]
    return []


def _problems_of_encryption(key: Mapping[str, Any]) -> list[Problem]:
    """Everything wrong with a key that answers are to be sealed to."""
    if secret := _problems_of_secrecy(key):
        return secret
    if not isinstance(key.get("kty"), str) or key["kty"] not in _SEALING:
        return [("kty", "must be OKP (X25519) or EC (P-256) for a key with use enc")]
    public, _ = _KINDS[key["kty"]]
    if key.get("crv") != _SEALING[key["kty"]]:
        return [("crv", f"must be {_SEALING[key['kty']]} for a key with use enc")]
    if unknown := sorted(str(name) for name in key if name not in public | {"kty", "kid", "use", "alg"}):
        return [(unknown[0][:40], "is not a member of a public encryption key")]
    if wrong := [n for n in sorted(public) if not isinstance(key.get(n), str) or not _BASE64URL.fullmatch(key[n])]:
        return [(name, "must be a base64url text") for name in wrong if name != "crv"]
    if key.get("alg", KEY_AGREEMENT) != KEY_AGREEMENT:
        return [("alg", f"must be {KEY_AGREEMENT} for a key with use enc")]
    return [] if _agrees(key) else [("x", "does not hold a key of this kind")]


def _agrees(key: Mapping[str, Any]) -> bool:
    """Whether a secret can be agreed on with this key; with points of small order none can."""
    try:
        if key["kty"] == "EC":
            return bool(import_public(key).public_key)
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(unb64(key["x"])))
    except (JoseError, ValueError, TypeError, binascii.Error):
        return False
    return True


def _problems_of_members(key: Mapping[str, Any], public: frozenset[str], algs: frozenset[str]) -> list[Problem]:
    found: list[Problem] = []
    for name in sorted(public - {"crv"}):
        if not isinstance(key.get(name), str) or not _BASE64URL.fullmatch(key[name]):
            found.append((name, "must be a base64url text"))
    if "crv" in public and key.get("crv") != _CURVES[key["kty"]]:
        found.append(("crv", f"must be {_CURVES[key['kty']]}"))
    if unknown := sorted(str(name) for name in key if name not in public | _COMMON):
        found.append((unknown[0][:40], "is not a member of a public signing key"))
    if key.get("use", "sig") != "sig":
        found.append(("use", 'must be "sig" or absent'))
    if key.get("key_ops", ["verify"]) != ["verify"]:
        found.append(("key_ops", 'must be ["verify"] or absent'))
    if "alg" in key and (not isinstance(key["alg"], str) or key["alg"] not in algs):
        found.append(("alg", f"must be {' or '.join(sorted(algs))} for this kind of key"))
    return found


def _problems_of_material(key: Mapping[str, Any]) -> list[Problem]:
    if key["kty"] == "OKP":
        return [] if _is_point(key["x"]) else [("x", "must be the base64url of 32 bytes")]
    try:
        imported = import_public(key)
        material = imported.public_key
    except (JoseError, ValueError, TypeError, binascii.Error):
        return [("x" if key["kty"] == "EC" else "n", "does not hold a key of this kind")]
    if isinstance(material, RSAPublicKey):
        if not SMALLEST_RSA <= material.key_size <= LARGEST_RSA:
            return [("n", f"must have {SMALLEST_RSA} to {LARGEST_RSA} bits, this has {material.key_size}")]
        if material.public_numbers().e < 65537:
            return [("e", "must be 65537 or more")]
    return []


def _is_point(text: str) -> bool:
    """Length and encoding; points of small order are refused when verifying, by libsodium."""
    try:
        return len(unb64(text)) == 32
    except ValueError:
        return False


def import_public(key: Mapping[str, Any]) -> PublicKey:
    """The key itself, from nothing but its public members. Raises ValueError and JoseError for bad material."""
    public = {name: str(key[name]) for name in ("kty", *_KINDS[str(key["kty"])][0])}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joserfc warns about short RSA keys, which are refused by name here
        if public["kty"] == "OKP":
            return OKPKey.import_key(dict(public))
        if public["kty"] == "EC":
            return ECKey.import_key(dict(public))
        return RSAKey.import_key(dict(public))
