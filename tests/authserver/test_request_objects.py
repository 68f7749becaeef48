"""Signed requests (JAR) and signed answers (JARM): FAPI 2.0 Message Signing, as an option per client."""

import os
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from tests.authserver.bank import REDIRECT, Bank
from tests.authserver.keys import ALGORITHMS, ISSUER, Signer
from tests.authserver.recorded import refusals
from tests.profile.world import World, together
from vault.authserver.errors import OAuthError
from vault.authserver.par import Pushed, push
from vault.authserver.request_objects import CHECKS, LONGEST
from vault.authserver.responses import code_answer, refusal_answer
from vault.authserver.signed import jwks
from vault.crypto.canonical import b64

TYP = "oauth-authz-req+jwt"


def signed(bank: Bank, header: dict[str, Any] | None = None, *, by: Signer | None = None, **claims: Any) -> str:
    """A good request object, or with some members changed; None leaves one out."""
    at, signer = int(bank.db.clock.now().timestamp()), by or bank.signer
    request = bank.request()
    request["authorization_details"] = msgspec.json.decode(request["authorization_details"] or "")
    good = {"iss": bank.client_id, "aud": ISSUER, "nbf": at, "exp": at + 300, "jti": b64(os.urandom(9)), **request}
    return signer.sign({"kid": signer.kid, "typ": TYP, **(header or {})}, good | claims)


async def pushed(bank: Bank, request: str, **beside: str | None) -> Pushed:
    """Push it with nothing beside it but the client's authentication."""
    return await push(bank.server, bank.posted({"request": request, "client_id": bank.client_id, **beside}))


async def refused(bank: Bank, request: str, **beside: str | None) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        await pushed(bank, request, **beside)
    return caught.value


@pytest.mark.parametrize("alg", ALGORITHMS)
async def test_a_signed_request(bank: Bank, alg: str) -> None:
    """Its parameters are the request; in each algorithm that a client may register."""
    signer = Signer.make(alg, "k9")
    await bank.registers(jwks={"keys": [bank.signer.registered, signer.registered]}, require_signed_request_object=True)
    request = await bank.open(await pushed(bank, signed(bank, by=signer)))
    assert (request.redirect_uri, request.state, request.response_mode) == (REDIRECT, "af0ifjsldkj", "query")


async def test_some_latitude(bank: Bank) -> None:
    """A list with the issuer, another typ of RFC 9101, no jti, an hour between nbf and exp, details as a text."""
    at = int(bank.db.clock.now().timestamp())
    details = bank.request()["authorization_details"]
    for claims in ({"aud": ["https://other.example", ISSUER]}, {"jti": None}, {"exp": at + 3600}, {"nbf": at + 10},
                   {"nbf": at - 3500, "exp": at + 100}, {"authorization_details": details}):  # fmt: skip
        assert await pushed(bank, signed(bank, **claims)), claims
    assert await pushed(bank, signed(bank, {"typ": None}))


BREAKS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("object-typ", {"typ": "dpop+jwt"}, {}),
    ("object-client", {}, {"iss": "cli_another"}),
    ("object-client", {}, {"client_id": None}),
    ("object-client", {}, {"sub": "anything"}),
    ("object-aud", {}, {"aud": "https://other.example"}),
    ("object-aud", {}, {"aud": [f"{ISSUER}/oauth/par"]}),
    ("object-aud", {}, {"aud": None}),
    ("object-nbf", {}, {"nbf": None}),
    ("object-nbf", {}, {"nbf": "now"}),
    ("object-nbf", {}, {"nbf": -3700}),
    ("object-nbf", {}, {"nbf": 90}),
    ("object-exp", {}, {"exp": None}),
    ("object-exp", {}, {"exp": 0}),
    ("object-exp", {}, {"exp": 3700}),
    ("object-jti", {}, {"jti": ""}),
    ("object-jti", {}, {"jti": 5}),
    ("object-jti", {}, {"jti": "x" * 300}),
    ("object-nested", {}, {"request_uri": "urn:x"}),
    ("object-nested", {}, {"request": "a.b.c"}),
    ("object-signature", {"kid": "unknown"}, {}),
    ("object-readable", {"alg": "none"}, {}),
    ("object-readable", {"alg": "HS256"}, {}),
    ("object-readable", {"crit": ["x"]}, {}),
]


async def test_each_break_is_named(bank: Bank) -> None:
    """One thing wrong at a time under the client's own signature; each is recorded."""
    at = int(bank.db.clock.now().timestamp())
    for name, header, claims in BREAKS:
        moved = {k: at + v if k in {"nbf", "exp"} and isinstance(v, int) else v for k, v in claims.items()}
        error = await refused(bank, signed(bank, header, **moved))
        assert (error.check, error.error) == (name, "invalid_request_object"), (header, claims)
    assert [entry["reason"] for entry in await refusals(bank.db)] == [name for name, *_ in BREAKS]


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_is_broken_by_some_test(name: str) -> None:
    """No check is on the list that nothing here trips."""
    assert name in {each[0] for each in BREAKS} | {"object-alone", "object-alg"}


async def test_parameters_outside_the_object(bank: Bank) -> None:
    """Refused, also when they say the same: what is not signed must not count."""
    for beside in ({"redirect_uri": REDIRECT}, {"state": "other"}, {"response_mode": "query"}, {"scope": "openid"}):
        assert (await refused(bank, signed(bank), **beside)).check == "object-alone"
    assert (await refused(bank, signed(bank, redirect_uri="https://evil.example/"))).check == "redirect-uri"


async def test_a_signature_of_anybody_else(world: World, bank: Bank) -> None:
    """Another client's object, a foreign key under a known kid, a changed body."""
    other = await Bank.let_in(world, bank.server, uscc="91110000802100433B")
    assert (await refused(bank, signed(other))).check == "object-client"
    assert (await refused(bank, signed(bank, by=Signer.make()))).check == "object-signature"
    head, _, tail = signed(bank).split(".")
    body = signed(bank, state="changed").split(".")[1]
    assert (await refused(bank, f"{head}.{body}.{tail}")).check == "object-signature"
    assert (await refused(bank, "A" * (LONGEST + 1))).check == "object-readable"


async def test_a_registered_algorithm(bank: Bank) -> None:
    """The client that named one is held to it."""
    await bank.registers(request_object_signing_alg="ES256")
    assert (await refused(bank, signed(bank))).check == "object-alg"


async def test_a_request_object_is_used_once(bank: Bank) -> None:
    """Where it names itself: of several at once one passes."""
    text = signed(bank)
    outcomes = await together(*(lambda: pushed(bank, text) for _ in range(3)))
    failed = [each for each in outcomes if isinstance(each, OAuthError)]
    assert [each.check for each in failed] == ["object-replayed"] * 2


async def test_a_client_that_signs_always_signs(bank: Bank) -> None:
    """Plain parameters are refused once it registered so."""
    await bank.registers(require_signed_request_object=True)
    with pytest.raises(OAuthError) as caught:
        await bank.push()
    assert (caught.value.check, caught.value.error) == ("object-needed", "invalid_request")


@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
@pytest.mark.parametrize("alg", ["EdDSA", "ES256"])
async def test_a_signed_answer(bank: Bank, mode: str, alg: str) -> None:
    """One parameter, a JWT for this client alone; iss and state are inside and nowhere else."""
    await bank.registers(authorization_signed_response_alg=alg)
    request = await bank.open(await bank.push(response_mode=mode))
    keys = KeySet.import_key_set(jwks(bank.server.ring))
    for url, said in (
        (code_answer(bank.server, request, "the-code"), {"code": "the-code"}),
        (refusal_answer(bank.server, request), {"error": "access_denied"}),
    ):
        query = parse_qs(urlsplit(url).query)
        assert list(query) == ["response"]
        token = jwt.decode(query["response"][0], keys, algorithms=[alg])
        exp = token.claims.pop("exp")
        assert 0 < exp - bank.db.clock.now().timestamp() <= 600
        assert token.claims == {"iss": ISSUER, "aud": bank.client_id, "state": "af0ifjsldkj", **said}


async def test_a_signed_answer_shown_to_another_client(world: World, bank: Bank) -> None:
    """It names its audience, and no key of another kind of answer verifies it."""
    other = await Bank.let_in(world, bank.server, uscc="91110000802100433B")
    request = await bank.open(await bank.push(response_mode="jwt"))
    text = parse_qs(urlsplit(code_answer(bank.server, request, "the-code")).query)["response"][0]
    keys = KeySet.import_key_set(jwks(bank.server.ring))
    claims = jwt.decode(text, keys, algorithms=["EdDSA"]).claims
    assert claims["aud"] == bank.client_id != other.client_id
    for key in keys.keys:
        if key.kid and not key.kid.startswith("authorization") and key.get("alg") == "EdDSA":
            with pytest.raises(BadSignatureError):
                jwt.decode(text, key, algorithms=["EdDSA"])


async def test_a_client_that_wants_signed_answers_only(bank: Bank) -> None:
    """Without query among its response modes, plain answers are refused, asked for or by default."""
    await bank.registers(response_modes=("jwt", "query.jwt"))
    for mode in (None, "query", "fragment", "form_post.jwt"):
        with pytest.raises(OAuthError) as caught:
            await bank.push(response_mode=mode)
        assert caught.value.check == "response-mode"
    assert await bank.push(response_mode="jwt")
