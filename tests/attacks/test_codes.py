"""Authorization codes: for one client, one key, one verifier, one address, once; and what a second use does."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.attacks import forge
from tests.attacks.world import GENERAL, Bank, World
from tests.authserver.keys import Signer
from vault.authserver.pkce import challenge_of
from vault.cli.story.bank import Pushed


async def _code(world: World) -> tuple[Bank, Pushed, str]:
    """A client with a key of its own, and a redirect with an unused code for it."""
    bank = world.twin(world.harbour)
    return bank, *await world.allowed(world.anna, bank, GENERAL)


def _is_refused(answer: httpx.Response, error: str = "invalid_grant") -> bool:
    return (answer.status_code, answer.json()["error"]) == (400, error) and "access_token" not in answer.text


async def test_a_code_from_two_connections_at_once(world: World) -> None:
    """Exactly one gets tokens, and since a code came twice they are dead at once: no release, no refresh."""
    bank, pushed, location = await _code(world)
    form = forge.redemption(bank, location, pushed)
    answers = await asyncio.gather(*(forge.post(bank, "/oauth/token", form) for _ in range(4)))
    good = [answer for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert all(_is_refused(answer) for answer in answers if answer is not good[0])
    bank.access_token, bank.refresh_token = good[0].json()["access_token"], good[0].json()["refresh_token"]
    assert (await bank.release()).status_code == 403
    assert (await bank.refresh()).status_code == 400


async def test_a_code_sent_again_later(world: World) -> None:
    """The tokens worked until the code came back; then neither they nor the code work, and the person sees why."""
    bank, pushed, location = await _code(world)
    assert (await bank.redeem(location, pushed)).status_code == 200
    assert (await bank.release()).status_code == 200
    assert _is_refused(await bank.redeem(location, pushed))
    assert (await bank.release()).status_code == 403
    assert _is_refused(await bank.refresh())
    await world.at.settled()
    seen = (await world.anna.browser.get("/v1/me/entries?limit=10"))["entries"]
    assert ("token.refused", "code-reused") in [(each["event"], each["reason"]) for each in seen]


async def test_another_clients_code(world: World) -> None:
    """Another bank that got hold of the code gets nothing, and does not spoil it for its owner."""
    bank, pushed, location = await _code(world)
    thief = world.twin(world.valley)
    assert _is_refused(await forge.post(thief, "/oauth/token", forge.redemption(bank, location, pushed)))
    assert (await bank.redeem(location, pushed)).status_code == 200
    assert (await bank.release()).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": None},
        {"code_verifier": ""},
        {"code_verifier": forge.VERIFIER},
        {"code_verifier": "short"},
        {"code_verifier": "x" * 129},
        {"redirect_uri": None},
        {"redirect_uri": "http://127.0.0.1:9/callback/"},
        {"redirect_uri": "http://127.0.0.1:9/callback?x=1"},
        {"redirect_uri": "http://localhost:9/callback"},
        {"redirect_uri": "HTTP://127.0.0.1:9/callback"},
    ],
    ids=str,
)
async def test_a_code_with_something_else(world: World, changes: dict[str, Any]) -> None:
    """Another verifier or none, another address than was pushed: refused; the right ones still work afterwards."""
    bank, pushed, location = await _code(world)
    answer = await forge.post(bank, "/oauth/token", forge.redemption(bank, location, pushed, **changes))
    assert _is_refused(answer)
    assert (await bank.redeem(location, pushed)).status_code == 200


async def test_the_challenge_is_no_verifier(world: World) -> None:
    """PKCE has no plain method here: what was pushed does not open what came back (RFC 7636 section 4.6)."""
    bank, pushed, location = await _code(world)
    form = forge.redemption(bank, location, pushed, code_verifier=challenge_of(pushed.verifier))
    assert _is_refused(await forge.post(bank, "/oauth/token", form))


async def test_a_code_with_another_key(world: World) -> None:
    """The code is bound to the DPoP key shown when pushing (RFC 9449 section 10)."""
    bank, pushed, location = await _code(world)
    shown = forge.proof(bank, f"{world.base}/oauth/token", key=Signer.make())
    assert _is_refused(await forge.post(bank, "/oauth/token", forge.redemption(bank, location, pushed), shown))


async def test_a_code_that_was_tampered_with(world: World) -> None:
    """Cut, lengthened, another's end: there is no such code; nor an empty one, nor ten thousand characters."""
    bank, pushed, location = await _code(world)
    _, _, other = await _code(world)
    code, others = forge.code_in(location), forge.code_in(other)
    for tried in (code[:-1], code + "A", code[:60] + others[60:], others, code.upper(), "x", "x" * 10_000, "é"):
        form = forge.redemption(bank, location, pushed, code=tried)
        assert _is_refused(await forge.post(bank, "/oauth/token", form)), tried[:20]
    for missing in ("", None):
        form = forge.redemption(bank, location, pushed, code=missing)
        assert _is_refused(await forge.post(bank, "/oauth/token", form), "invalid_request")


async def test_a_code_after_withdrawal(world: World) -> None:
    """A person who changes their mind before the bank redeems: the code is worth nothing."""
    bank, pushed, location = await _code(world)
    grant = (await world.anna.browser.get("/v1/me/grants"))["grants"][0]["grant"]
    await world.anna.browser.send("POST", f"/v1/me/grants/{grant}/withdrawal", {})
    assert _is_refused(await bank.redeem(location, pushed))


async def test_more_than_was_granted_is_not_issued(world: World) -> None:
    """Asking for more at the token endpoint than the person allowed is refused by name (RFC 9396 section 6.1)."""
    bank, pushed, location = await _code(world)
    wide = '[{"type":"personal_information.v1","duration_days":30,"items":[{"item":"contact.email","form":"raw"}]}]'
    form = forge.redemption(bank, location, pushed, authorization_details=wide)
    answer = await forge.post(bank, "/oauth/token", form)
    assert _is_refused(answer, "invalid_authorization_details")
    assert answer.json()["items"] == ["contact.email"]


@pytest.mark.parametrize("grant_type", ["password", "implicit", "", "urn:x", None])
async def test_other_grant_types(world: World, grant_type: str | None) -> None:
    """No password, no browser, nothing made up: there are the ways that the metadata names."""
    form = {"grant_type": grant_type, "username": world.anna.login, "password": world.anna.password}
    assert _is_refused(await forge.post(world.token, "/oauth/token", form), "unsupported_grant_type")


async def test_a_refresh_token_with_another_key(world: World) -> None:
    """Stolen without the DPoP key it opens nothing, and goes on working for its owner."""
    bank = world.token
    form = {"grant_type": "refresh_token", "refresh_token": bank.refresh_token}
    shown = forge.proof(bank, f"{world.base}/oauth/token", key=Signer.make())
    assert _is_refused(await forge.post(bank, "/oauth/token", form, shown))
    assert _is_refused(await forge.post(bank, "/oauth/token", form, ""), "invalid_dpop_proof")
    thief = world.twin(world.valley)
    assert _is_refused(await forge.post(thief, "/oauth/token", form))
    assert (await bank.refresh()).status_code == 200


async def test_a_refresh_token_that_was_tampered_with(world: World) -> None:
    """Cut, lengthened, without prefix, another's, an access token, a code: nothing comes of it."""
    bank, other = world.token, world.other_token.refresh_token
    real = bank.refresh_token
    for tried in (real[:-1], real + "A", real[3:], other, bank.access_token, "rt_", "x" * 9_000):
        form: dict[str, Any] = {"grant_type": "refresh_token", "refresh_token": tried}
        assert _is_refused(await forge.post(bank, "/oauth/token", form)), tried[:20]
    form = {"grant_type": "refresh_token", "refresh_token": None}
    assert _is_refused(await forge.post(bank, "/oauth/token", form), "invalid_request")


CLIENTS: dict[str, dict[str, Any]] = {
    "another's name": {"iss": "cli_" + "0" * 32, "sub": "cli_" + "0" * 32},
    "two names": {"iss": "cli_" + "0" * 32},
    "a list for aud": {"aud": ["{base}"]},
    "the endpoint for aud": {"aud": "{base}/oauth/token"},
    "another server for aud": {"aud": "https://vault.example"},
    "no aud": {"aud": None},
    "no jti": {"jti": None},
    "no exp": {"exp": None},
    "ended": {"exp": 1_700_000_000},
    "an end far away": {"exp": 4_000_000_000},
    "not begun": {"nbf": 4_000_000_000},
    "from the future": {"iat": 4_000_000_000},
}


@pytest.mark.parametrize("claims", CLIENTS.values(), ids=CLIENTS)
async def test_a_client_that_is_not_who_it_says(world: World, claims: dict[str, Any]) -> None:
    """An assertion with a claim that does not hold: 401 invalid_client, whatever else is right."""
    filled = {
        name: [each.format(base=world.base) for each in value]
        if isinstance(value, list)
        else value.format(base=world.base)
        if isinstance(value, str)
        else value
        for name, value in claims.items()
    }
    form = {"grant_type": "refresh_token", "refresh_token": world.token.refresh_token}
    answer = await forge.post(world.token, "/oauth/token", form | forge.authentication(world.token, **filled))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_other_ways_for_a_client_to_come_in(world: World) -> None:
    """A secret, Basic, no assertion, an assertion twice, another client's key, no algorithm: 401 or 400."""
    bank, form = world.token, {"grant_type": "refresh_token", "refresh_token": world.token.refresh_token}
    good = forge.authentication(bank)
    assert (await forge.post(bank, "/oauth/token", form | good)).status_code == 200
    foreign = forge.authentication(world.valley, iss=bank.client_id, sub=bank.client_id)
    unsigned = forge.with_header(forge.authentication(bank)["client_assertion"], alg="none").rpartition(".")[0] + "."
    for changes in (
        good,
        foreign,
        {"client_assertion": unsigned},
        {"client_assertion": None},
        {"client_assertion": None, "client_assertion_type": None, "client_id": bank.client_id},
        {"client_secret": "secret"},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"client_id": world.valley.client_id},
    ):
        answer = await forge.post(bank, "/oauth/token", form | changes)
        assert answer.status_code in {400, 401}
        assert "access_token" not in answer.text
    url = f"{world.base}/oauth/token"
    basic = await bank.http.post(url, data=form, headers={"DPoP": forge.proof(bank, url)}, auth=(bank.client_id, "x"))
    assert (basic.status_code, basic.json()["error"]) == (401, "invalid_client")


async def test_parameters_are_sent_once_and_in_the_body(world: World) -> None:
    """A parameter twice is refused (RFC 6749 section 3.2); one in the address is not read."""
    bank, url = world.token, f"{world.base}/oauth/token"
    form = forge.authentication(bank) | {"grant_type": "refresh_token", "refresh_token": bank.refresh_token}
    twice = [*form.items(), ("grant_type", "refresh_token")]
    content = "&".join(f"{name}={httpx.QueryParams({name: value})[name]}" for name, value in twice)
    headers = {"DPoP": forge.proof(bank, url), "Content-Type": "application/x-www-form-urlencoded"}
    assert _is_refused(await bank.http.post(url, content=content, headers=headers), "invalid_request")
    headers = {"DPoP": forge.proof(bank, url), "Content-Type": "application/x-www-form-urlencoded"}
    answer = await bank.http.post(url, params={"grant_type": "refresh_token"}, content="", headers=headers)
    assert answer.status_code == 401
