"""Access tokens that are not what they should be open nothing: 401, and a word on which check failed."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc.jwk import OctKey

from tests.attacks import forge
from tests.attacks.world import GENERAL, SENSITIVE, World
from tests.authserver.keys import Signer
from vault.ids import new_uuid


def _refused(answer: httpx.Response, *, error: str = "invalid_token") -> bool:
    """RFC 6750 section 3.1, RFC 9449 section 7.1; and no data."""
    body = answer.json()
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"].startswith(f'DPoP error="{error}"')
    assert body["error"] == error
    return "items" not in body


async def test_an_expired_token(world: World) -> None:
    """Ten minutes, and not a second more: signed by the server itself, and over."""
    token = forge.minted(world, world.other_token, ago=timedelta(minutes=10, seconds=1))
    assert _refused(await forge.release(world.other_token, token=token))
    answer = await forge.release(world.other_token, token=forge.minted(world, world.other_token))
    assert answer.status_code == 200, answer.text


async def test_a_token_from_the_future(world: World) -> None:
    """A token that begins tomorrow is not kept until then."""
    assert _refused(await forge.release(world.token, token=forge.minted(world, world.token, ago=-timedelta(hours=1))))


@pytest.mark.parametrize("issuer", ["https://vault.example", "http://127.0.0.1:1", "{base}/", "{base}/v1"])
async def test_a_token_for_another_server(world: World, issuer: str) -> None:
    """Issuer and audience are this server's, letter for letter, even where the key is the right one."""
    token = forge.minted(world, world.token, issuer=issuer.format(base=world.base))
    assert _refused(await forge.release(world.token, token=token))


@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "PS256"])
async def test_a_token_signed_by_somebody_else(world: World, alg: str) -> None:
    """The right claims under another key, with the kid of the real one."""
    token = forge.resigned(world.token.access_token, Signer.make(alg))
    assert _refused(await forge.release(world.token, token=token))


async def test_a_token_signed_with_the_public_key(world: World) -> None:
    """HS256 with the published key as its secret (RFC 8725 section 2.1)."""
    published = (await world.token.http.get("/oauth/jwks")).json()["keys"][0]
    signer = Signer("HS256", OctKey.import_key(published["x"].encode()))
    assert _refused(await forge.release(world.token, token=forge.resigned(world.token.access_token, signer)))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "at+jwt"},
        {"alg": "None", "typ": "at+jwt", "kid": "token.1"},
        {"alg": "EdDSA", "typ": "JWT", "kid": "token.1"},
        {"alg": "EdDSA", "typ": "at+jwt", "kid": "token.999"},
        {"alg": "EdDSA", "typ": "at+jwt"},
        {"alg": "EdDSA", "typ": "at+jwt", "kid": "token.1", "crit": ["exp"]},
        {"alg": "EdDSA", "typ": "at+jwt", "kid": "token.1", "jwk": {"kty": "OKP"}},
        {"alg": "EdDSA", "typ": "at+jwt", "kid": "token.1", "jku": "http://127.0.0.1:9/keys"},
        {},
    ],
)
async def test_a_token_under_another_header(world: World, header: dict[str, Any]) -> None:
    """No algorithm, another type, another or no key, keys that the token brings along."""
    token = forge.with_header(world.token.access_token, **header)
    for tried in (token, token.rpartition(".")[0] + ".", token.rpartition(".")[0]):
        assert _refused(await forge.release(world.token, token=tried))


async def test_every_claim_is_under_the_signature(world: World) -> None:
    """Each claim changed in turn with the signature kept: nothing opens; nor with any character of the token lost."""
    token = world.token.access_token
    head, _, signature = token.split(".")
    for name in forge.claims_of(token):
        changed = forge.resigned(token, Signer.make(), **{name: "changed"}).split(".")[1]
        assert _refused(await forge.release(world.token, token=f"{head}.{changed}.{signature}")), name
    for tried in (
        token[:-1],
        token[1:],
        f"{token}.{token}",
        f"{token}A",
        token.replace(".", ","),
        "a.b.c",
        "..",
        "é.b.c",
    ):
        assert _refused(await forge.release(world.token, token=tried)), tried


@pytest.mark.parametrize("scheme", ["Bearer", "Basic", "dpop:", "DPoPx", "Token", ""])
async def test_there_are_no_bearer_tokens(world: World, scheme: str) -> None:
    """The right token and proof under another scheme; RFC 9449 section 7.2."""
    answer = await forge.release(world.token, Authorization=f"{scheme} {world.token.access_token}".strip())
    assert _refused(answer)


async def test_a_token_is_taken_from_its_header_only(world: World) -> None:
    """Not from a form or the body (FAPI 2.0 5.3.4); and without any Authorization there is none."""
    bank, url = world.token, f"{world.base}/v1/releases"
    headers = {"DPoP": forge.proof(bank, url, bank.access_token), "Idempotency-Key": "k"}
    for body in ({"access_token": bank.access_token}, {}):
        assert _refused(await bank.http.post("/v1/releases", json=body, headers=headers))
    form = await bank.http.post("/v1/releases", data={"access_token": bank.access_token}, headers=headers)
    assert _refused(form)


async def test_another_kind_of_token(world: World) -> None:
    """A refresh token, a client's assertion, a DPoP proof: each signed or sealed properly, and no access token."""
    bank = world.token
    assertion = forge.authentication(bank)["client_assertion"]
    for token in (bank.refresh_token, assertion, forge.proof(bank, f"{world.base}/v1/releases")):
        assert _refused(await forge.release(bank, token=token))


async def test_a_stolen_token_is_worth_nothing(world: World) -> None:
    """Whoever has the token, but not its key, is refused: by their own proof, and by the victim's for another token."""
    thief = Signer.make()
    url = f"{world.base}/v1/releases"
    for proofs in ([forge.proof(world.token, url, world.token.access_token, key=thief)], []):
        assert _refused(await forge.release(world.token, proofs=proofs), error="invalid_dpop_proof")
    answer = await forge.release(world.other_token, token=world.token.access_token)
    assert _refused(answer, error="invalid_dpop_proof")


async def test_a_token_cannot_reach_beyond_its_grant(world: World) -> None:
    """Even a token signed by the server for more, for another grant or another client gives nothing but refusals."""
    details = forge.claims_of(world.token.access_token)["authorization_details"]
    wide = [{**details[0], "items": [*details[0]["items"], {"item": "contact.email", "form": "raw"}]}]
    answer = await forge.release(world.token, token=forge.minted(world, world.token, details=wide))
    assert (answer.status_code, answer.json()["items"]) == (403, ["contact.email"])
    other = forge.claims_of(world.other_token.access_token)
    others: list[dict[str, Any]] = [{"grant": new_uuid()}, {"client_id": new_uuid()}]
    for changes in others:
        assert (await forge.release(world.token, token=forge.minted(world, world.token, **changes))).status_code == 403
    assert other["grant"] != forge.claims_of(world.token.access_token)["grant"]
    stale = await forge.release(world.token, token=forge.minted(world, world.token, epoch=0))
    assert stale.status_code == 403


async def test_a_token_tells_nothing_of_the_person(world: World) -> None:
    """Two banks see two names for one person; none of what a token shows is a value, a number or an id of theirs."""
    valley = await world.granted(world.anna, world.valley)
    first, second = forge.claims_of(world.token.access_token), forge.claims_of(valley.access_token)
    assert first["sub"] != second["sub"]
    me = (await world.anna.browser.get("/v1/me"))["id"].removeprefix("psn_")
    for value in (world.anna.name, world.anna.number, world.anna.login, me, "13800130013"):
        assert value not in str(first)
    shown = {each["item"] for each in first["authorization_details"][0]["items"]}
    assert shown == set(GENERAL) | set(SENSITIVE)
