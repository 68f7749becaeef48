"""Key sets of clients: public, strong, distinct."""

from typing import Any

import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from vault.authserver.jose import ALGORITHMS, fits
from vault.requesters.jwks import PRIVATE, encryption_key, problems_of_key, problems_of_set

OKP: dict[str, Any] = {**OKPKey.generate_key("Ed25519").as_dict(private=False), "kid": "a"}
EC: dict[str, Any] = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "b"}
RSA: dict[str, Any] = {**RSAKey.generate_key(2048).as_dict(private=False), "kid": "c"}

X25519: dict[str, Any] = {**OKPKey.generate_key("X25519").as_dict(private=False), "kid": "d", "use": "enc"}


@pytest.mark.parametrize("key", [OKP, EC, RSA], ids=["OKP", "EC", "RSA"])
def test_public_keys_pass(key: dict[str, Any]) -> None:
    """Ed25519, P-256 and RSA of 2048 bits are taken."""
    assert problems_of_set({"keys": [key]}) == []


@pytest.mark.parametrize("key", [X25519, {**EC, "use": "enc", "alg": "ECDH-ES"}], ids=["X25519", "P-256"])
def test_keys_to_seal_to_pass_beside_one_to_sign_with(key: dict[str, Any]) -> None:
    """X25519 and P-256 with use enc are taken, in a set that has a key to sign with, and verify nothing themselves."""
    assert problems_of_set({"keys": [OKP, key]}) == []
    assert [where for where, _ in problems_of_set({"keys": [key]})] == ["keys"]
    assert encryption_key({"keys": [OKP, key]}) == key
    assert encryption_key({"keys": [OKP]}) is None
    assert not any(fits(alg, key) for alg in ALGORITHMS)


@pytest.mark.parametrize("member", PRIVATE)
@pytest.mark.parametrize("key", [OKP, EC, RSA, X25519], ids=["OKP", "EC", "RSA", "X25519"])
def test_private_members_are_refused_by_name(key: dict[str, Any], member: str) -> None:
    """A private member is named, whatever else the key holds, and its value is not repeated."""
    problems = problems_of_set({"keys": [{**key, member: "c2VjcmV0"}]})
    assert problems[0][0] == f"keys[0].{member}"
    assert "private" in problems[0][1]
    assert "c2VjcmV0" not in str(problems)


BROKEN: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("kty", OKP, {"kty": "oct"}),
    ("kty", OKP, {"kty": None}),
    ("kty", OKP, {"kty": ["OKP"]}),
    ("crv", OKP, {"crv": "X25519"}),
    ("crv", OKP, {"crv": "Ed448"}),
    ("crv", EC, {"crv": "P-384"}),
    ("crv", EC, {"crv": "secp256k1"}),
    ("x", OKP, {"x": "AAAA"}),
    ("x", OKP, {"x": "!" * 43}),
    ("x", OKP, {"x": 7}),
    ("y", EC, {"y": EC["x"]}),
    ("alg", OKP, {"alg": "ES256"}),
    ("alg", EC, {"alg": "EdDSA"}),
    ("alg", RSA, {"alg": "RS256"}),
    ("alg", OKP, {"alg": "none"}),
    ("use", OKP, {"use": "both"}),
    ("crv", OKP, {"use": "enc"}),
    ("kty", RSA, {"use": "enc"}),
    ("alg", EC, {"use": "enc", "alg": "ES256"}),
    ("x5c", EC, {"use": "enc", "x5c": ["AAAA"]}),
    ("x", EC, {"use": "enc", "x": EC["y"]}),
    ("x", X25519, {"x": "A" * 43}),
    ("x", X25519, {"x": "AAAA"}),
    ("alg", X25519, {"alg": "ECDH-ES+A256KW"}),
    ("key_ops", OKP, {"key_ops": ["sign"]}),
    ("x5u", OKP, {"x5u": "https://evil.example"}),
    ("jku", OKP, {"jku": "https://evil.example"}),
    ("x5c", OKP, {"x5c": ["MII"]}),
    ("kid", OKP, {"kid": ""}),
    ("kid", OKP, {"kid": "a b"}),
    ("kid", OKP, {"kid": 1}),
    ("e", RSA, {"e": "Aw"}),
]


@pytest.mark.parametrize(("where", "key", "change"), BROKEN, ids=[f"{w}-{n}" for n, (w, _, _) in enumerate(BROKEN)])
def test_broken_keys_name_the_member(where: str, key: dict[str, Any], change: dict[str, Any]) -> None:
    """Each break is refused at the member that is wrong."""
    problems = problems_of_set({"keys": [{**key, **change}]})
    assert problems, change
    assert problems[0][0] in {f"keys[0].{where}", "keys[0].x"}


def test_weak_rsa_is_refused() -> None:
    """1024 bits are not enough (FAPI 2.0 5.4.1)."""
    with pytest.warns(SecurityWarning):
        made = RSAKey.generate_key(1024)
    weak = {**made.as_dict(private=False), "kid": "weak"}
    assert problems_of_set({"keys": [weak]}) == [("keys[0].n", "must have 2048 to 8192 bits, this has 1024")]


def test_kids_are_unique() -> None:
    """Two keys of one kid cannot be told apart."""
    assert "another key" in problems_of_set({"keys": [OKP, {**EC, "kid": "a"}]})[0][1]


@pytest.mark.parametrize(
    "jwks", [None, [], {}, {"keys": {}}, {"keys": []}, {"keys": [OKP] * 9}, {"keys": [OKP], "x": 1}]
)
def test_sets_of_the_wrong_shape_are_refused(jwks: object) -> None:
    """One to eight keys in one member."""
    assert problems_of_set(jwks)


@pytest.mark.parametrize("key", [None, "key", [], {}, {str(n): n for n in range(40)}])
def test_things_that_are_no_keys_are_refused(key: object) -> None:
    """Whatever is sent in place of a key, the answer is a problem, not a crash."""
    assert problems_of_key(key)
