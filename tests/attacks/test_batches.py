"""Batches over HTTP: bodies that are none, proofs and tokens of something else, another client's tokens and keys."""

import asyncio
import base64
import hashlib
import json
import secrets
from typing import Any

import httpx
import pytest

from tests.attacks.world import GENERAL, Bank, World
from vault.cli.story.browser import expect

BROKEN: dict[str, tuple[str, str, int, str]] = {
    "a line too many": ("application/json", json.dumps({"lines": [{"token": "rt_x"}] * 1001}), 422, "1000"),
    "no line": ("application/json", '{"lines": []}', 422, "lines"),
    "the same token twice": ("application/json", '{"lines": [TOKEN, TOKEN]}', 422, "lines[1].token"),
    "an item twice": ("application/json", '{"lines": [{"token": "a", "items": ["b", "b"]}]}', 422, "lines[0].items"),
    "another member": ("application/x-ndjson", 'TOKEN\n{"token": "rt_x", "sub": "1"}\n', 422, "lines[1]"),
    "no json": ("application/x-ndjson", 'TOKEN\n{"token": \n', 400, "Line 1"),
    "an empty line": ("application/x-ndjson", 'TOKEN\n\nTOKEN\n', 400, "Line 1"),
    "too large": ("application/json", '{"lines": [TOKEN]' + " " * 2_000_000 + "}", 413, "too-large"),
    "of another kind": ("text/plain", '{"lines": [TOKEN]}', 415, "application/x-ndjson"),
}  # fmt: skip
"""Content-Type, body (TOKEN: a line that would be delivered), status, what the answer names."""


async def _token(bank: Bank) -> str:
    form = {"grant_type": "client_credentials", "scope": "release_batch"} | bank._assertion()
    url = bank.metadata["token_endpoint"]
    issued = await bank.http.post(url, data=form, headers={"DPoP": bank.proof("POST", url)})
    return str(expect(issued, 200).json()["access_token"])


def _headers(bank: Bank, token: str, body: bytes, **headers: str) -> dict[str, str]:
    url = f"{bank.base}/v1/releases/batch"
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    made = {
        "Authorization": f"DPoP {token}",
        "DPoP": bank.proof("POST", url, token, content_digest=digest),
        "Content-Digest": digest,
        "Content-Type": "application/json",
        "Idempotency-Key": secrets.token_urlsafe(16),
    }
    return made | {name.replace("_", "-"): value for name, value in headers.items()}


async def _send(bank: Bank, body: bytes, **headers: str) -> httpx.Response:
    made = _headers(bank, await _token(bank), body, **headers)
    return await bank.http.post("/v1/releases/batch", content=body, headers=made)


def _batch(*tokens: str) -> bytes:
    return json.dumps({"lines": [{"token": token} for token in tokens]}).encode()


def _lines(answer: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(row) for row in expect(answer, 200).text.splitlines()]


@pytest.mark.parametrize("how", BROKEN)
async def test_what_is_no_batch_is_refused_by_its_place(world: World, how: str) -> None:
    """Whole, before anything is released: also the line that is good."""
    bank = await world.granted(world.anna, world.harbour, GENERAL)
    kind, text, status, named = BROKEN[how]
    before = await world.entries("release.delivered")
    body = text.replace("TOKEN", json.dumps({"token": bank.refresh_token})).encode()
    answer = await _send(bank, body, Content_Type=kind)
    assert answer.status_code == status
    assert named in answer.text
    assert bank.refresh_token not in answer.text
    assert await world.entries("release.delivered") == before


async def test_proofs_and_tokens_of_the_one_are_none_of_the_other(world: World) -> None:
    """A proof counts once; one for a batch releases nothing alone, nor the other way round; nor does its token."""
    bank = await world.granted(world.anna, world.harbour, GENERAL)
    token, body = await _token(bank), _batch(bank.refresh_token)
    used = _headers(bank, token, body)
    (line,) = _lines(await bank.http.post("/v1/releases/batch", content=body, headers=used))
    assert line["outcome"] == "delivered"
    alone, key = f"{bank.base}/v1/releases", {"Idempotency-Key": secrets.token_urlsafe(16)}
    single = {"Authorization": f"DPoP {bank.access_token}", "DPoP": bank.proof("POST", alone, bank.access_token)}
    fresh = _headers(bank, token, body)
    tries = [
        ("/v1/releases/batch", used | key),
        ("/v1/releases/batch", fresh | {"DPoP": single["DPoP"]}),
        ("/v1/releases/batch", fresh | single),
        ("/v1/releases", single | key | {"DPoP": used["DPoP"]}),
        ("/v1/releases", fresh | {"DPoP": bank.proof("POST", alone, token)}),
    ]
    before = await world.entries("release.delivered")
    for path, headers in tries:
        sent = body if path.endswith("batch") else b""
        assert (await bank.http.post(path, content=sent, headers=headers)).status_code == 401
    assert await world.entries("release.delivered") == before


async def test_another_clients_tokens_and_keys_are_nothing(world: World) -> None:
    """Tokens of another bank look like tokens of nobody; its Idempotency-Key is not the same key."""
    mine = await world.granted(world.anna, world.harbour, GENERAL)
    theirs = await world.granted(world.anna, world.valley, GENERAL)
    key, body = secrets.token_urlsafe(16), _batch(theirs.refresh_token)
    (theirs_line,) = _lines(await _send(theirs, body, Idempotency_Key=key))
    assert theirs_line["outcome"] == "delivered"
    foreign, nobodys = _lines(await _send(mine, _batch(theirs.refresh_token, "rt_nobody")))
    assert (foreign["outcome"], foreign["problem"]) == (nobodys["outcome"], nobodys["problem"])
    (again,) = _lines(await _send(mine, body, Idempotency_Key=key))
    assert again["problem"] == foreign["problem"]
    assert "release" not in again
    (own,) = _lines(await _send(mine, _batch(mine.refresh_token), Idempotency_Key=secrets.token_urlsafe(16)))
    assert own["release"]["sub"] != theirs_line["release"]["sub"]


async def test_taken_up_twice_at_once_it_is_released_once(world: World) -> None:
    """One connection gets the lines, or both the same ones; another body under the key is refused."""
    bank = await world.granted(world.anna, world.harbour, GENERAL)
    key, body, before = secrets.token_urlsafe(16), _batch(bank.refresh_token), await world.entries("release.delivered")
    answers = await asyncio.gather(*(_send(bank, body, Idempotency_Key=key) for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    got = {_lines(each)[0]["release"]["release"] for each in answers if each.status_code == 200}
    assert len(got) == 1
    assert await world.entries("release.delivered") == before + 1
    other = json.dumps({"lines": [{"token": bank.refresh_token, "items": ["identity.name"]}]}).encode()
    assert (await _send(bank, other, Idempotency_Key=key)).json()["type"].endswith("/idempotency-mismatch")
