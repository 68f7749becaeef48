"""DPoP proofs (RFC 9449): one request, one key, one token, once."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.attacks import forge
from tests.attacks.world import GENERAL, Bank, World
from tests.authserver.keys import Signer, proof


def _is_refused(answer: httpx.Response) -> bool:
    return answer.status_code == 401 and answer.json()["error"] == "invalid_dpop_proof" and "items" not in answer.json()


async def test_a_proof_is_taken_once(world: World) -> None:
    """Sent again, one after the other: the second time 401, under a new idempotency key as under the same."""
    shown = forge.proof(world.token, f"{world.base}/v1/releases", world.token.access_token)
    first = await forge.release(world.token, proofs=[shown], Idempotency_Key="once")
    assert first.status_code in {200, 202}
    for key in ("once", "twice"):
        assert _is_refused(await forge.release(world.token, proofs=[shown], Idempotency_Key=key))


async def test_of_many_at_once_one_gets_it(world: World) -> None:
    """The same proof on eight connections at the same moment: one release, one entry, seven refusals."""
    before = await world.entries("release.delivered")
    url = f"{world.base}/v1/releases"
    shown = forge.proof(world.other_token, url, world.other_token.access_token)
    answers = await asyncio.gather(*(forge.release(world.other_token, proofs=[shown]) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
    assert await world.entries("release.delivered") == before + 1


@pytest.mark.parametrize("path", ["/oauth/par", "/oauth/token"])
async def test_a_proof_is_taken_once_at_the_back_channel(world: World, path: str) -> None:
    """Replayed one after the other and at once, with a fresh assertion each time: one answer, no tokens twice."""
    bank = world.token
    form = {"grant_type": "refresh_token", "refresh_token": bank.refresh_token}

    async def send(shown: str) -> httpx.Response:
        return await (forge.push(bank, shown) if path == "/oauth/par" else forge.post(bank, path, form, shown))

    for count in (2, 6):
        shown = forge.proof(bank, f"{world.base}{path}")
        answers = await asyncio.gather(*(send(shown) for _ in range(count)))
        good = [answer for answer in answers if answer.status_code in {200, 201}]
        bad = [answer for answer in answers if answer.status_code == 400]
        assert (len(good), len(bad)) == (1, count - 1)
        assert {answer.json()["error"] for answer in bad} == {"invalid_dpop_proof"}


BROKEN: dict[str, dict[str, Any]] = {
    "another method": {"htm": "GET"},
    "lower case method": {"htm": "post"},
    "no method": {"htm": None},
    "another address": {"htu": "{base}/v1/releases/other"},
    "another host": {"htu": "https://vault.example/v1/releases"},
    "another scheme": {"htu": "https{base}/v1/releases"},
    "a user in the address": {"htu": "http://a@{host}/v1/releases"},
    "a query in the address": {"htu": "{base}/v1/releases?x=1"},
    "no address": {"htu": None},
    "an address of another type": {"htu": ["{base}/v1/releases"]},
    "no token hash": {"ath": None},
    "another token's hash": {"ath": "A" * 43},
    "no jti": {"jti": None},
    "empty jti": {"jti": ""},
    "endless jti": {"jti": "x" * 257},
    "jti of another type": {"jti": 7},
    "no iat": {"iat": None},
    "iat of another type": {"iat": "now"},
    "huge iat": {"iat": 1e300},
    "negative iat": {"iat": -1},
}


@pytest.mark.parametrize("claims", BROKEN.values(), ids=BROKEN)
async def test_a_proof_of_something_else(world: World, claims: dict[str, Any]) -> None:
    """For another method, address or token, or with a claim missing or odd."""
    host = world.base.removeprefix("http://")
    filled: dict[str, Any] = {
        n: v.format(base=world.base, host=host) if isinstance(v, str) else v for n, v in claims.items()
    }
    shown = forge.proof(world.token, f"{world.base}/v1/releases", world.token.access_token, **filled)
    assert _is_refused(await forge.release(world.token, proofs=[shown]))


@pytest.mark.parametrize("by", [timedelta(seconds=-62), timedelta(days=-1), timedelta(seconds=40), timedelta(days=1)])
async def test_a_proof_of_another_time(world: World, by: timedelta) -> None:
    """Stale, or made in stock for later."""
    iat = int((forge.now() + by).timestamp())
    shown = forge.proof(world.token, f"{world.base}/v1/releases", world.token.access_token, iat=iat)
    assert _is_refused(await forge.release(world.token, proofs=[shown]))


def _headers() -> dict[str, dict[str, Any]]:
    mine, other = Signer.make(), Signer.make("ES256")
    return {
        "no type": {"typ": None},
        "another type": {"typ": "JWT"},
        "no key": {"jwk": None},
        "another key than signed": {"jwk": mine.jwk},
        "a key of another kind": {"jwk": other.jwk},
        "a private key": {"jwk": mine.key.as_dict(private=True)},
        "a secret key": {"jwk": {"kty": "oct", "k": "c2VjcmV0"}},
        "a key by address": {"jwk": {"kty": "OKP", "x5u": "http://127.0.0.1:9/"}},
        "no algorithm": {"alg": "none"},
        "a secret's algorithm": {"alg": "HS256"},
        "a critical extension": {"crit": ["b64"], "b64": False},
    }


@pytest.mark.parametrize("header", _headers().values(), ids=_headers())
async def test_a_proof_under_another_header(world: World, header: dict[str, Any]) -> None:
    """What is not a DPoP proof made with the token's key is none, whatever it is signed with."""
    bank, url = world.token, f"{world.base}/v1/releases"
    ath = forge.claims_of(forge.proof(bank, url, bank.access_token))["ath"]
    shown = proof(Signer("EdDSA", bank.dpop_key), url, forge.now(), header, ath=ath)
    assert _is_refused(await forge.release(bank, proofs=[shown]))


async def test_one_proof_per_request(world: World) -> None:
    """None, two, one made of two, an empty one, an endless one: refused."""
    url = f"{world.base}/v1/releases"
    good = [forge.proof(world.token, url, world.token.access_token) for _ in range(2)]
    for proofs in ([], good, [", ".join(good)], [""], ["x" * 20_000], [good[0] + "A"], ["a.b.c"]):
        assert _is_refused(await forge.release(world.token, proofs=proofs))


async def test_the_state_of_a_release_needs_a_fresh_proof_too(world: World) -> None:
    """Reading is bound as tightly: another method's proof, another path's, a replayed one are refused."""
    path = f"/v1/releases/{world.waiting}"

    async def state(shown: str) -> httpx.Response:
        headers = {"Authorization": f"DPoP {world.token.access_token}", "DPoP": shown}
        return await world.token.http.get(path, headers=headers)

    good = _for_get(world.token, path)
    assert (await state(good)).json()["state"] == "waiting"
    assert _is_refused(await state(good))
    assert _is_refused(await state(_for_get(world.token, path, htm="POST")))
    assert _is_refused(await state(_for_get(world.token, "/v1/releases")))
    answers = await asyncio.gather(*[state(one) for one in [_for_get(world.token, path)] * 5])
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 4


async def test_refusals_of_strangers_are_not_in_the_ledger(world: World) -> None:
    """Whoever shows no valid proof is nobody, and nobody can fill the ledger: one entry a minute counts them."""
    await world.at.settled()
    count = "SELECT count(*) AS n FROM ledger_bodies"
    before = (await world.at.administrator.rows(count))[0]["n"]
    for _ in range(20):
        await forge.release(world.token, proofs=[])
        await forge.post(world.token, "/oauth/token", {"client_assertion": "a.b.c"})
    await world.at.settled()
    assert (await world.at.administrator.rows(count))[0]["n"] <= before + 2
    assert (await world.token.release(list(GENERAL))).status_code == 200


def _for_get(bank: Bank, path: str, **claims: Any) -> str:
    return forge.proof(bank, f"{bank.base}{path}", bank.access_token, **({"htm": "GET"} | claims))


async def test_a_proof_made_ahead_of_time(world: World) -> None:
    """Where a nonce is asked for, a proof without it opens nothing; every answer brings one."""
    token, url = forge.minted(world, world.token, needs_nonce=True), f"{world.base}/v1/releases"
    without = await forge.release(world.token, token=token)
    assert (without.status_code, without.json()["error"]) == (401, "use_dpop_nonce")
    assert 'error="use_dpop_nonce"' in without.headers["www-authenticate"]
    made_up = forge.proof(world.token, url, token, nonce="made up")
    assert (await forge.release(world.token, token=token, proofs=[made_up])).json()["error"] == "use_dpop_nonce"
    good = forge.proof(world.token, url, token, nonce=without.headers["dpop-nonce"])
    answer = await forge.release(world.token, token=token, proofs=[good])
    assert answer.status_code in {200, 202}, answer.text
    assert answer.headers["dpop-nonce"]
