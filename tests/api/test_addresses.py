"""Ids and parameters in addresses: foreign, malformed, hostile ones look like absent things."""

import httpx
import pytest

from tests.api.edge import opened
from vault.db import Database
from vault.ledger import reading

NOBODY_S = "018f6c0000007000800000000000000a"
HOSTILE = ["1", "x" * 300, "' OR 1=1 --", "%27%3B%20DROP%20TABLE%20persons", "..%2f..%2fetc", "%F0%9F%98%80", "-1"]


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/me/grants/gnt_{NOBODY_S}",
        f"/v1/me/grants/psn_{NOBODY_S}",
        "/v1/me/entries/999999/receipt",
        "/v1/me/entries/0/receipt",
        "/v1/me/entries/99999999999999999999999999/receipt",
        "/v1/me/sections/identity/versions/99",
        "/v1/me/sections/identity/versions/999999999999999999999",
        *[f"/v1/me/grants/{each}" for each in HOSTILE],
        *[f"/v1/me/entries/{each}/receipt" for each in HOSTILE],
    ],
)
async def test_what_is_not_one_s_own_is_absent(person: httpx.AsyncClient, path: str) -> None:
    """404 for foreign, malformed and hostile ids alike."""
    assert (await person.get(path)).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["before=x", "limit=0", "limit=501", "limit=1&limit=2", "before=-1", "before=99999999999999999999", "order=asc"],
)
async def test_parameters_are_read_strictly(person: httpx.AsyncClient, query: str) -> None:
    """Wrong, doubled and unknown parameters are refused by name."""
    answer = await person.get(f"/v1/me/entries?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"]


@pytest.mark.parametrize("token", [None, "", "x", "' OR 1=1 --", "x" * 10_000])
async def test_an_application_shows_itself_to_its_token_alone(caller: httpx.AsyncClient, token: str | None) -> None:
    """Without a token nobody asks; with a wrong one there is no such application."""
    headers = {} if token is None else {"Application-Token": token}
    answer = await caller.get(f"/v1/applications/app_{NOBODY_S}", headers=headers)
    assert answer.status_code == (404 if token else 401)


@pytest.mark.parametrize("authorization", [None, "Bearer eyJ", "Basic eA==", "DPoP", "DPoP ", "DPoP x.y.z", "DPoP é"])
async def test_a_release_takes_a_bound_token(caller: httpx.AsyncClient, authorization: str | None) -> None:
    """401 with a DPoP challenge (RFC 9449 section 7.1) for anything else; bearer tokens are not accepted."""
    headers = {"Idempotency-Key": "k"} | ({} if authorization is None else {"Authorization": authorization})
    raw = {name: value.encode() for name, value in headers.items()}
    answer = await caller.post("/v1/releases", json={}, headers=raw)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("DPoP")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("body", [b"{", b'{"items": "x"}', b'{"items": [1]}', b'{"item": []}', b"[]"])
async def test_a_release_request_is_read_strictly(caller: httpx.AsyncClient, body: bytes) -> None:
    """Before anything else is looked at."""
    headers = {"Authorization": "DPoP a.b.c", "DPoP": "a.b.c", "Idempotency-Key": "k"}
    assert (await caller.post("/v1/releases", content=body, headers=headers)).status_code in {400, 422}


async def test_the_back_channel_speaks_oauth(caller: httpx.AsyncClient) -> None:
    """Refusals under /oauth have the form of RFC 6749 section 5.2, also those of the edge itself."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for answer in (
        await caller.post("/oauth/token", json={}),
        await caller.post("/oauth/token", data={"grant_type": "password"}),
        await caller.post("/oauth/par", data={"a": "b"}),
        await caller.get("/oauth/token"),
        await caller.post("/oauth/par", content=b"x" * 2_000_000, headers=form),
    ):
        assert answer.status_code in {400, 401, 405, 413}
        assert set(answer.json()) == {"error", "error_description", "error_uri"}
        page = await caller.get(answer.json()["error_uri"], headers={"Accept": "text/html"})
        assert page.status_code == 200, answer.json()
        assert answer.headers["cache-control"] == "no-store"


async def test_strangers_are_counted_not_listed(shared_database: Database) -> None:
    """However often they try, there is one entry per check and minute."""
    async with opened(shared_database) as edge, edge.client() as client:
        for _ in range(5):
            await client.post("/oauth/token", data={"client_assertion_type": "x"})
    async with opened(shared_database) as edge:
        await edge.recorded()
    async with shared_database.begin() as session:
        found = await reading.page(session, reading.Question(event="refusals.counted"), limit=1)
    assert (found[0].members["reason"], found[0].members["count"]) == ("client-method", 5)


async def test_options_names_every_method(caller: httpx.AsyncClient) -> None:
    """Not only those of the one handler that answers (RFC 9110 section 9.3.7)."""
    answer = await caller.options("/v1/me/sections/contact")
    assert answer.status_code == 204
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "OPTIONS", "PUT"}
