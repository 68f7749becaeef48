"""Keys that anybody could break are found before anybody trusts them."""

import math
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, OKPKey

from vault.crypto.canonical import b64
from vault.vetting.keystrength import check_keys


def rsa_key(n: int, kid: str = "k") -> dict[str, Any]:
    return {"kty": "RSA", "kid": kid, "n": b64(n.to_bytes((n.bit_length() + 7) // 8)), "e": "AQAB"}


def reasons(key: dict[str, Any]) -> tuple[str, ...]:
    (found,) = check_keys({"keys": [key]})
    assert (found.result == "failed") == bool(found.reasons)
    return found.reasons


def test_good_keys_pass() -> None:
    """Ed25519, P-256, RSA of 2048 bits; the strength in bits is the evidence."""
    keys = [
        {**OKPKey.generate_key("Ed25519").as_dict(private=False), "kid": "one"},
        {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "two"},
        rsa_key(rsa.generate_private_key(65537, 2048).public_key().public_numbers().n, "three"),
    ]
    found = check_keys({"keys": keys})
    assert [(each.target, each.result, each.evidence["bits"]) for each in found] == [
        ("one", "passed", 128),
        ("two", "passed", 128),
        ("three", "passed", 112),
    ]


def test_short_keys_fail() -> None:
    """RSA below 2048 bits."""
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is what is tried
    assert reasons(rsa_key(short.public_key().public_numbers().n)) == ("weak-key",)


def test_small_factors_fail() -> None:
    """A modulus that is no product of two large primes."""
    assert reasons(rsa_key(3 * ((1 << 2100) + 1) | 1)) == ("small-factor",)


def test_close_primes_fail() -> None:
    """Primes drawn one after the other: Fermat's method factors the modulus at once."""
    p = rsa.generate_private_key(65537, 2048).private_numbers().p
    q = p + 2
    while pow(2, q - 1, q) != 1:
        q += 2
    assert reasons(rsa_key(p * q)) == ("close-primes",)
    assert reasons(rsa_key(p * p)) == ("close-primes",)
    assert math.gcd(p, q) == 1


def test_rubbish_is_no_key() -> None:
    """What cannot be read fails; nothing is raised."""
    for key in ({}, {"kty": "RSA", "kid": "x"}, {"kty": "OKP", "crv": "X", "x": "!!"}, {"kty": "oct", "k": "AAAA"}):
        assert reasons(key) == ("not-a-key",)
