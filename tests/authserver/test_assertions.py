"""Client assertions: each named check refuses by itself."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tests.authserver.keys import ALGORITHMS, ISSUER, Signer, assertion
from vault.authserver.assertions import CHECKS, TYPE, authenticate, read_claim
from vault.authserver.errors import InvalidClient, OAuthError
from vault.crypto.canonical import b64
from vault.ids import CLIENT, new_uuid, public

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
AT = int(NOW.timestamp())
CLIENT_ID = public(CLIENT, new_uuid())
SIGNERS = {alg: Signer.make(alg) for alg in ALGORITHMS}
GOOD = SIGNERS["EdDSA"]


def check(token: str, *signers: Signer, **form: str) -> bytes:
    claim = read_claim({"client_assertion_type": TYPE, "client_assertion": token, **form})
    jwks = {"keys": [signer.registered for signer in signers or (GOOD,)]}
    return authenticate(claim, jwks, issuer=ISSUER, now=NOW).seen


def refused(token: str, *signers: Signer, **form: str) -> str:
    with pytest.raises(OAuthError) as caught:
        check(token, *signers, **form)
    return caught.value.check


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_four_algorithms_are_accepted(alg: str) -> None:
    """EdDSA under both of its names, ES256, PS256."""
    assert len(check(assertion(SIGNERS[alg], CLIENT_ID, NOW), SIGNERS[alg])) == 32


@pytest.mark.parametrize("alg", ["Ed25519", "EdDSA"])
def test_both_names_of_eddsa_fit_one_key(alg: str) -> None:
    """A key registered for one name verifies the other (RFC 9864)."""
    other = {**GOOD.registered, "alg": "EdDSA" if alg == "Ed25519" else "Ed25519"}
    claim = read_claim(
        {"client_assertion_type": TYPE, "client_assertion": assertion(Signer(alg, GOOD.key), CLIENT_ID, NOW)}
    )
    authenticate(claim, {"keys": [other]}, issuer=ISSUER, now=NOW)


BREAKS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("assertion-typ", {"typ": "dpop+jwt"}, {}),
    ("assertion-typ", {"typ": "at+jwt"}, {}),
    ("assertion-key", {"kid": "another"}, {}),
    ("assertion-key", {"kid": 7}, {}),
    ("assertion-aud", {}, {"aud": [ISSUER]}),
    ("assertion-aud", {}, {"aud": f"{ISSUER}/"}),
    ("assertion-aud", {}, {"aud": f"{ISSUER}/oauth/token"}),
    ("assertion-aud", {}, {"aud": f"{ISSUER}/oauth/par"}),
    ("assertion-aud", {}, {"aud": None}),
    ("assertion-exp", {}, {"exp": None}),
    ("assertion-exp", {}, {"exp": AT}),
    ("assertion-exp", {}, {"exp": AT - 1}),
    ("assertion-exp", {}, {"exp": AT + 311}),
    ("assertion-exp", {}, {"exp": AT + 315_360_000}),
    ("assertion-exp", {}, {"exp": "2030-01-01"}),
    ("assertion-exp", {}, {"exp": True}),
    ("assertion-exp", {}, {"exp": 1e300}),
    ("assertion-iat", {}, {"iat": AT + 61}),
    ("assertion-iat", {}, {"iat": "now"}),
    ("assertion-nbf", {}, {"nbf": AT + 61}),
    ("assertion-nbf", {}, {"nbf": -1}),
    ("assertion-jti", {}, {"jti": None}),
    ("assertion-jti", {}, {"jti": ""}),
    ("assertion-jti", {}, {"jti": 7}),
    ("assertion-jti", {}, {"jti": "x" * 257}),
    ("assertion-subject", {}, {"sub": None}),
    ("assertion-subject", {}, {"iss": None}),
    ("assertion-subject", {}, {"iss": "cli_" + "0" * 32}),
    ("assertion-subject", {}, {"iss": [CLIENT_ID], "sub": [CLIENT_ID]}),
    ("client-known", {}, {"iss": "bank", "sub": "bank"}),
]


@pytest.mark.parametrize(("name", "header", "claims"), BREAKS, ids=[f"{n}-{b[0]}" for n, b in enumerate(BREAKS)])
def test_each_break_is_named(name: str, header: dict[str, Any], claims: dict[str, Any]) -> None:
    """One thing wrong at a time, with a good signature over it."""
    assert refused(assertion(GOOD, CLIENT_ID, NOW, header, **claims)) == name


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_is_broken_by_some_test(name: str) -> None:
    """No check is on the list that nothing here trips."""
    assert name in {broken for broken, _, _ in BREAKS} | {"assertion-signature"}


@pytest.mark.parametrize(
    "claims",
    [{"iat": AT + 10, "nbf": AT + 10}, {"iat": None}, {"exp": AT + 300}, {"nbf": AT - 1000}, {"exp": AT + 1.5}],
)
def test_reasonable_clocks_pass(claims: dict[str, Any]) -> None:
    """Ten seconds ahead must pass (FAPI 2.0 5.3.2.1-13); five minutes of life is the most."""
    check(assertion(GOOD, CLIENT_ID, NOW, **claims))


def test_a_foreign_signature_is_refused() -> None:
    """Another key under the registered kid."""
    assert refused(assertion(Signer.make("EdDSA"), CLIENT_ID, NOW)) == "assertion-signature"


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_changed_byte_is_refused(alg: str) -> None:
    """In the signature, for every algorithm."""
    head, body, tail = assertion(SIGNERS[alg], CLIENT_ID, NOW).split(".")
    other = "A" if tail[10] != "A" else "B"
    assert refused(f"{head}.{body}.{tail[:10]}{other}{tail[11:]}", SIGNERS[alg]) == "assertion-signature"


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256", "ES384", "EdDSA448", None, 5])
def test_other_algorithms_are_unreadable(alg: object) -> None:
    """Refused before anything else is looked at (RFC 8725 section 3.1)."""
    head, body, tail = assertion(GOOD, CLIENT_ID, NOW).split(".")
    forged = b64_json({"alg": alg, "kid": "k1"} if alg is not None else {"kid": "k1"})
    assert refused(f"{forged}.{body}.{tail}") == "assertion-readable"
    assert head != forged


def b64_json(value: object) -> str:
    return b64(msgspec.json.encode(value))


@pytest.mark.parametrize("extra", [{"crit": ["exp"], "exp": 1}, {"b64": False, "crit": ["b64"]}, {"crit": []}])
def test_critical_extensions_are_refused(extra: dict[str, Any]) -> None:
    """RFC 7515 section 4.1.11: what is not understood is not accepted."""
    _, body, tail = assertion(GOOD, CLIENT_ID, NOW).split(".")
    assert refused(f"{b64_json({'alg': 'EdDSA', 'kid': 'k1'} | extra)}.{body}.{tail}") == "assertion-readable"


def test_the_algorithm_must_fit_the_key() -> None:
    """A P-256 key does not verify EdDSA: no confusion of algorithms."""
    ec = Signer("ES256", SIGNERS["ES256"].key, "k1")
    assert refused(assertion(GOOD, CLIENT_ID, NOW), ec) == "assertion-key"


def test_a_kid_may_be_missing_when_only_one_key_fits() -> None:
    """Two keys of one kind need a kid to be told apart."""
    ec, second = Signer.make("ES256", "k2"), Signer.make("EdDSA", "k3")
    token = assertion(GOOD, CLIENT_ID, NOW, {"kid": None})
    check(token, GOOD, ec)
    assert refused(token, GOOD, second) == "assertion-key"


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ({}, "client-method"),
        ({"client_secret": "s3cret"}, "client-method"),
        ({"client_assertion_type": TYPE}, "client-method"),
        ({"client_assertion": "a.b.c"}, "client-method"),
        ({"client_assertion_type": TYPE, "client_assertion": "a.b"}, "assertion-readable"),
        ({"client_assertion_type": TYPE, "client_assertion": "....."}, "assertion-readable"),
        ({"client_assertion_type": TYPE, "client_assertion": "é.é.é"}, "assertion-readable"),
        ({"client_assertion_type": TYPE, "client_assertion": "A" * 9000}, "assertion-readable"),
        ({"client_assertion_type": TYPE, "client_assertion": "W10.W10.W10"}, "assertion-readable"),
    ],
)
def test_no_other_method(form: dict[str, str], name: str) -> None:
    """No secrets, no anonymous clients, no garbage."""
    with pytest.raises(OAuthError) as caught:
        read_claim(form)
    assert caught.value.check == name


def test_no_basic_authentication() -> None:
    """An Authorization header is not how clients authenticate."""
    with pytest.raises(InvalidClient):
        read_claim({}, authorization="Basic Ym9iOnBhc3M=")


def test_client_id_must_be_the_subject() -> None:
    """A client_id beside the assertion must agree with it."""
    check(assertion(GOOD, CLIENT_ID, NOW), client_id=CLIENT_ID)
    assert refused(assertion(GOOD, CLIENT_ID, NOW), client_id="cli_" + "0" * 32) == "client-id"


def test_one_jti_is_one_use() -> None:
    """The same jti of the same client gives the same 32 bytes; of another client, others."""
    other = public(CLIENT, new_uuid())
    one, again = (check(assertion(GOOD, CLIENT_ID, NOW, jti="once", exp=AT + n)) for n in (50, 60))
    assert one == again != check(assertion(GOOD, other, NOW, jti="once"))
