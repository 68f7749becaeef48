"""How strong registered keys are (NIST SP 800-57 part 1, table 2), and weaknesses seen from outside. Pure."""

import math
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.errors import JoseError

from vault.requesters.jwks import import_public
from vault.vetting.findings import KEYS, Finding

LEAST: Final = 112
"""Bits."""
_PRIMES: Final = [n for n in range(2, 2048) if all(n % d for d in range(2, math.isqrt(n) + 1))]
_PRODUCT: Final = math.prod(_PRIMES)
_FERMAT_STEPS: Final = 100


def check_keys(jwks: Mapping[str, Any]) -> list[Finding]:
    """A finding for each key of a set ``{"keys": [...]}``; the target is its kid."""
    return [_finding(key) for key in jwks.get("keys", [])]


def _finding(key: Mapping[str, Any]) -> Finding:
    target = str(key.get("kid", ""))[:128]
    try:
        bits, reasons = _strength(key)
    except (JoseError, ValueError, TypeError, KeyError):
        return Finding(KEYS, "failed", target, ("not-a-key",))
    seen = {"kty": str(key["kty"]), "bits": bits}
    return Finding(KEYS, "failed" if reasons else "passed", target, tuple(reasons), seen)


def _strength(key: Mapping[str, Any]) -> tuple[int, list[str]]:
    material = import_public(key).public_key
    if not isinstance(material, RSAPublicKey):
        return 128, []  # Ed25519 and P-256: no other curve can be registered
    modulus, size = material.public_numbers().n, material.key_size
    bits = 128 if size >= 3072 else 112 if size >= 2048 else 80
    reasons = ["weak-key"] if bits < LEAST else []
    if math.gcd(modulus, _PRODUCT) != 1:
        reasons.append("small-factor")
    elif _has_close_primes(modulus):
        reasons.append("close-primes")
    return bits, reasons


def _has_close_primes(modulus: int) -> bool:
    """Whether a few steps of Fermat's method factor it: primes drawn one right after the other."""
    root = math.isqrt(modulus)
    if root * root == modulus:
        return True
    for above in range(root + 1, root + 1 + _FERMAT_STEPS):
        rest = above * above - modulus
        if math.isqrt(rest) ** 2 == rest:
            return True
    return False
