"""DPoP proofs: each named check refuses by itself."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.authserver.keys import ALGORITHMS, Signer, proof
from tests.conftest import fresh_ring
from vault.authserver.dpop import CHECKS, check_header, check_proof
from vault.authserver.errors import InvalidProof
from vault.crypto.canonical import b64

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
AT = int(NOW.timestamp())
URL = "https://vault.example/oauth/token"
SIGNERS = {alg: Signer.make(alg) for alg in ALGORITHMS}
GOOD, OTHER = SIGNERS["EdDSA"], Signer.make("EdDSA")
TOKEN = "an.access.token"
ATH = b64(hashlib.sha256(TOKEN.encode()).digest())


def refused(text: str, **request: Any) -> str:
    with pytest.raises(InvalidProof) as caught:
        check_proof(text, **({"method": "POST", "url": URL, "now": NOW} | request))
    return caught.value.check


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_good_proofs_pass(alg: str) -> None:
    """The thumbprint is RFC 7638's, as an independent library computes it."""
    signer = SIGNERS[alg]
    held = check_proof(proof(signer, URL, NOW), method="POST", url=URL, now=NOW, jkt=signer.thumbprint)
    assert held.jkt == signer.thumbprint
    assert held.expires_at > NOW + timedelta(seconds=60)


def test_with_a_token() -> None:
    """At the API: ath and the bound key."""
    text = proof(GOOD, URL, NOW, ath=ATH)
    check_proof(text, method="POST", url=URL, now=NOW, token=TOKEN, jkt=GOOD.thumbprint)


def test_with_a_body() -> None:
    """The field of the request, letter for letter; where no body is asked about, the claim means nothing."""
    text = proof(GOOD, URL, NOW, content_digest=CONTENT["content"])
    check_proof(text, method="POST", url=URL, now=NOW, content=CONTENT["content"])
    check_proof(text, method="POST", url=URL, now=NOW)


NONCES = {"nonces": fresh_ring()}
CONTENT = {"content": "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"}
"""Of a body that is ``{"hello": "world"}`` and a line feed (RFC 9530, appendix B.1)."""
BREAKS: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("dpop-typ", {"typ": "JWT"}, {}, {}),
    ("dpop-typ", {"typ": None}, {}, {}),
    ("dpop-typ", {"typ": "DPOP+JWT"}, {}, {}),
    ("dpop-key", {"jwk": None}, {}, {}),
    ("dpop-key", {"jwk": {**GOOD.jwk, "d": GOOD.key.as_dict(private=True)["d"]}}, {}, {}),
    ("dpop-key", {"jwk": {"kty": "oct", "k": "c2VjcmV0"}}, {}, {}),
    ("dpop-key", {"jwk": {**GOOD.jwk, "crv": "X25519"}}, {}, {}),
    ("dpop-key", {"jwk": GOOD.thumbprint}, {}, {}),
    ("dpop-alg", {"jwk": SIGNERS["ES256"].jwk}, {}, {}),
    ("dpop-jti", {}, {"jti": None}, {}),
    ("dpop-jti", {}, {"jti": ""}, {}),
    ("dpop-jti", {}, {"jti": ["a"]}, {}),
    ("dpop-jti", {}, {"jti": "x" * 257}, {}),
    ("dpop-nonce", {}, {}, NONCES),
    ("dpop-nonce", {}, {"nonce": "made up"}, NONCES),
    ("dpop-htm", {}, {"htm": "GET"}, {}),
    ("dpop-htm", {}, {"htm": "post"}, {}),
    ("dpop-htm", {}, {"htm": None}, {}),
    ("dpop-htu", {}, {"htu": None}, {}),
    ("dpop-htu", {}, {"htu": "https://vault.example/oauth/par"}, {}),
    ("dpop-htu", {}, {"htu": "http://vault.example/oauth/token"}, {}),
    ("dpop-htu", {}, {"htu": "https://vault.example.evil.example/oauth/token"}, {}),
    ("dpop-htu", {}, {"htu": "https://user@vault.example/oauth/token"}, {}),
    ("dpop-htu", {}, {"htu": "https://vault.example:8443/oauth/token"}, {}),
    ("dpop-htu", {}, {"htu": f"{URL}?a=b"}, {}),
    ("dpop-htu", {}, {"htu": f"{URL}#a"}, {}),
    ("dpop-htu", {}, {"htu": "https://vault.example/oauth/token/"}, {}),
    ("dpop-htu", {}, {"htu": "https://[::1/oauth/token"}, {}),
    ("dpop-htu", {}, {"htu": "https://vault.example:x/oauth/token"}, {}),
    ("dpop-htu", {}, {"htu": 7}, {}),
    ("dpop-iat", {}, {"iat": None}, {}),
    ("dpop-iat", {}, {"iat": AT - 61}, {}),
    ("dpop-iat", {}, {"iat": AT + 61}, {}),
    ("dpop-iat", {}, {"iat": str(AT)}, {}),
    ("dpop-iat", {}, {"iat": AT * 1000}, {}),
    ("dpop-ath", {}, {}, {"token": TOKEN}),
    ("dpop-ath", {}, {"ath": b64(b"\0" * 32)}, {"token": TOKEN}),
    ("dpop-ath", {}, {"ath": ATH + "="}, {"token": TOKEN}),
    ("dpop-ath", {}, {"ath": 7}, {"token": TOKEN}),
    ("dpop-bound", {}, {}, {"jkt": OTHER.thumbprint}),
    ("dpop-bound", {}, {}, {"jkt": ""}),
    ("dpop-content", {}, {}, CONTENT),
    ("dpop-content", {}, {"content_digest": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"}, CONTENT),
    ("dpop-content", {}, {"content_digest": CONTENT["content"].lower()}, CONTENT),
    ("dpop-content", {}, {"content_digest": [CONTENT["content"]]}, CONTENT),
    ("dpop-content", {}, {"content_digest": None, "content-digest": CONTENT["content"]}, CONTENT),
    ("dpop-signature", {"jwk": OTHER.jwk}, {}, {}),
]


@pytest.mark.parametrize(
    ("name", "header", "claims", "request_"), BREAKS, ids=[f"{n}-{b[0]}" for n, b in enumerate(BREAKS)]
)
def test_each_break_is_named(
    name: str, header: dict[str, Any], claims: dict[str, Any], request_: dict[str, Any]
) -> None:
    """One thing wrong at a time, with a good signature over it."""
    assert refused(proof(GOOD, URL, NOW, header, **claims), **request_) == name


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_is_broken_by_some_test(name: str) -> None:
    """No check is on the list that nothing here trips."""
    assert name in {broken for broken, *_ in BREAKS}


@pytest.mark.parametrize("htu", ["https://vault.example:443/oauth/token", "HTTPS://VAULT.example/oauth/token"])
def test_equal_addresses_pass(htu: str) -> None:
    """RFC 9449 section 4.3: scheme- and syntax-based normalisation."""
    check_proof(proof(GOOD, URL, NOW, htu=htu), method="POST", url=URL, now=NOW)


@pytest.mark.parametrize("off", [-60, -30, 0, 10, 30])
def test_reasonable_clocks_pass(off: int) -> None:
    """A minute old, ten seconds ahead (FAPI 2.0 5.3.2.1-13)."""
    check_proof(proof(GOOD, URL, NOW, iat=AT + off), method="POST", url=URL, now=NOW)


@given(st.integers(-200, 200))
def test_a_proof_is_remembered_as_long_as_it_passes(off: int) -> None:
    """Whenever a proof is accepted, its hash is still kept at that moment."""
    at = NOW + timedelta(seconds=off)
    try:
        held = check_proof(PROOF, method="POST", url=URL, now=at)
    except InvalidProof:
        return
    assert held.expires_at > at


PROOF = proof(GOOD, URL, NOW)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_changed_byte_is_refused(alg: str) -> None:
    """In the signature, for every algorithm."""
    head, body, tail = proof(SIGNERS[alg], URL, NOW).split(".")
    other = "A" if tail[10] != "A" else "B"
    assert refused(f"{head}.{body}.{tail[:10]}{other}{tail[11:]}") == "dpop-signature"


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "é.b.c", "." * 9000, "e30.e30.", "e30.e30.e30", "W10.e30.AA"])
def test_garbage_is_unreadable(text: str) -> None:
    """Whatever stands in the header, the answer is a named refusal."""
    assert refused(text) == "dpop-readable"


@given(st.text(max_size=200))
def test_any_text_is_refused_not_crashed_on(text: str) -> None:
    """No text that we did not sign passes."""
    assert refused(text) == "dpop-readable"


@pytest.mark.parametrize(("values", "name"), [([], "dpop-present"), (["a", "b"], "dpop-single")])
def test_exactly_one_header(values: list[str], name: str) -> None:
    """RFC 9449 section 4.3, check 1."""
    with pytest.raises(InvalidProof) as caught:
        check_header(values)
    assert caught.value.check == name


def test_one_jti_is_one_use() -> None:
    """The same jti of the same key gives the same 32 bytes, whatever else the proof says; of another key, others."""
    texts = (
        proof(GOOD, URL, NOW, jti="once"),
        proof(GOOD, URL, NOW, jti="once", iat=AT - 5),
        proof(OTHER, URL, NOW, jti="once"),
    )
    one, again, other = (check_proof(text, method="POST", url=URL, now=NOW).seen for text in texts)
    assert one == again != other


def test_refusals_hold_nothing_that_breaks_a_header() -> None:
    """What a caller sends inside a key comes back without quotes and line ends (RFC 6749 section 5.2)."""
    text = proof(GOOD, URL, NOW, {"jwk": {**GOOD.jwk, 'x"\r\nSet-Cookie: a=b': 1}})
    with pytest.raises(InvalidProof) as caught:
        check_proof(text, method="POST", url=URL, now=NOW)
    challenge = InvalidProof(caught.value.check, caught.value.description, at_resource=True).headers()[
        "WWW-Authenticate"
    ]
    assert "\r" not in challenge
    assert "\n" not in challenge
    assert challenge.count('"') == 6
