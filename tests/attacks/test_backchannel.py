"""Asking out of band, against people and against other clients: everything over HTTP, on a whole installation."""

import asyncio
import os
from typing import Any

import httpx
import msgspec
import pytest_asyncio

from tests.attacks import forge
from tests.attacks.surface import form_token
from tests.attacks.world import GENERAL, Bank, Person, World
from vault import ids
from vault.authserver.announcing import announce
from vault.authserver.hints import new_code, shown
from vault.authserver.polling import GRANT_TYPE
from vault.crypto.canonical import b64
from vault.db import Session
from vault.requesters.client_metadata import ClientMetadata, to_store
from vault.requesters.tables import Client

_VARYING = {"date", "x-request-id"}
MESSAGE = "Counter 3"


@pytest_asyncio.fixture(loop_scope="session")
async def clerk(world: World) -> Bank:
    """A bank that may ask out of band."""
    return await _clerk(world)


async def _clerk(world: World) -> Bank:
    bank = await world.bank()
    stored = to_store(ClientMetadata(backchannel_token_delivery_mode="poll"))

    async def act(session: Session) -> None:
        row = await session.get(Client, ids.parse(ids.CLIENT, bank.client_id))
        assert row is not None
        row.registration = stored

    await world.at.database.run(act)
    return bank


async def _hint(person: Person) -> str:
    answer = await person.browser.send("POST", "/v1/me/hints")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["hint"])


async def _start(bank: Bank, hint: str, **changes: Any) -> httpx.Response:
    items = [{"item": item, "form": form} for item, form in GENERAL.items()]
    details = [{"type": "personal_information.v1", "items": items, "duration_days": 30, "max_uses": 500}]
    good = {
        "login_hint": hint,
        "scope": "openid",
        "binding_message": MESSAGE,
        "authorization_details": msgspec.json.encode(details).decode(),
    }
    return await forge.post(bank, "/oauth/bc-authorize", good | changes)


async def _asked(world: World, person: Person, bank: Bank) -> tuple[str, str]:
    """A request that waits for this person: auth_req_id, and its address in the portal."""
    started = await _start(bank, await _hint(person))
    assert started.status_code == 200, started.text
    for _ in range(200):
        await announce(world.at.database)
        found = (await person.browser.get("/v1/me/requests"))["requests"]
        if found and found[0]["state"] == "waiting":
            return str(started.json()["auth_req_id"]), f"/requests/{found[0]['request']}"
        await asyncio.sleep(0.02)
    raise AssertionError("the request did not come")


async def _poll(bank: Bank, auth_req_id: str) -> httpx.Response:
    return await forge.post(bank, "/oauth/token", {"grant_type": GRANT_TYPE, "auth_req_id": auth_req_id})


async def _decide(person: Person, address: str, decision: str) -> httpx.Response:
    page = await person.browser.page(address)
    notice = page.text.partition('name="notice" value="')[2][:64]
    form = {"decision": decision, "notice": notice, "item": "contact.phone_number"}
    token = {"X-CSRF-Token": form_token(person.browser)}
    return await person.browser.http.post(address, data=form, headers=token)


def _shape(answer: httpx.Response) -> tuple[int, dict[str, str], Any]:
    headers = {name: value for name, value in answer.headers.items() if name not in _VARYING}
    return answer.status_code, headers, {**answer.json(), "auth_req_id": len(answer.json().get("auth_req_id", ""))}


async def test_starting_tells_nothing_of_a_person(world: World, clerk: Bank) -> None:
    """A person's hint, the same again, one that nobody made: the same status, headers and body."""
    hint = await _hint(await world.person())
    answers = [await _start(clerk, each) for each in (hint, hint, shown(new_code()), shown(new_code()))]
    assert {answer.status_code for answer in answers} == {200}
    assert len({str(_shape(answer)) for answer in answers}) == 1


async def test_polling_tells_nothing_of_a_person(world: World, clerk: Bank) -> None:
    """Refused, reported, unanswered, nobody: the same answer to the last byte."""
    answers = []
    for decision in ("deny", "report", None):
        person = await world.person()
        auth_req_id, address = await _asked(world, person, clerk)
        if decision is not None:
            assert (await _decide(person, address, decision)).status_code == 303
        answers.append(await _poll(clerk, auth_req_id))
    nobody = (await _start(clerk, shown(new_code()))).json()["auth_req_id"]
    answers.append(await _poll(clerk, nobody))
    assert {answer.json()["error"] for answer in answers} == {"authorization_pending"}
    assert len({str(_shape(answer)) for answer in answers}) == 1


async def test_auth_req_ids_are_not_guessed(world: World, clerk: Bank) -> None:
    """Random ones, ones that are nearly right, and another client's: one answer, and the right one still works."""
    person = await world.person()
    auth_req_id, address = await _asked(world, person, clerk)
    assert (await _decide(person, address, "allow")).status_code == 303
    thief = await _clerk(world)
    near = ("B" if auth_req_id[0] == "A" else "A") + auth_req_id[1:]
    tries = [b64(os.urandom(32)), near, auth_req_id + "A", auth_req_id[:-1], auth_req_id.lower(), "A" * 5000]
    answers = [await _poll(bank, each) for bank in (clerk, thief) for each in tries]
    answers.append(await _poll(thief, auth_req_id))
    assert {str(_shape(answer)) for answer in answers} == {str(_shape(answers[0]))}
    assert answers[0].json()["error"] == "invalid_grant"
    assert (await _poll(clerk, auth_req_id)).status_code == 200


async def test_of_many_redemptions_one_wins(world: World, clerk: Bank) -> None:
    """Eight at the same moment, over eight connections: one answer with tokens."""
    person = await world.person()
    auth_req_id, address = await _asked(world, person, clerk)
    await _decide(person, address, "allow")
    answers = await asyncio.gather(*(_poll(clerk, auth_req_id) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} <= {
        "slow_down",
        "invalid_grant",
    }


async def test_nobody_decides_for_another_or_twice(world: World, clerk: Bank) -> None:
    """Another person finds nothing there; the second decision finds it over, and gives no second grant."""
    person = await world.person()
    _, address = await _asked(world, person, clerk)
    for decision in ("allow", "deny", "report"):
        form = {"decision": decision, "notice": "0" * 64}
        token = {"X-CSRF-Token": form_token(world.anna.browser)}
        assert (await world.anna.browser.http.post(address, data=form, headers=token)).status_code == 404
    assert (await world.anna.browser.http.get(address)).status_code == 404
    assert (await _decide(person, address, "allow")).status_code == 303
    assert (await _decide(person, address, "allow")).status_code == 409
    assert len((await person.browser.get("/v1/me/grants"))["grants"]) == 1


async def test_a_thousand_prompts_are_three(world: World, clerk: Bank) -> None:
    """Whoever has a person's hints cannot make them say yes by asking again and again; numbers are no hints."""
    person = await world.person()
    for hint in [await _hint(person) for _ in range(10)]:
        assert (await _start(clerk, hint)).status_code == 200
    assert (await person.browser.send("POST", "/v1/me/hints")).status_code == 201
    for _ in range(100):
        await announce(world.at.database)
        states = [each["state"] for each in (await person.browser.get("/v1/me/requests"))["requests"]]
        if len(states) == 10:
            break
        await asyncio.sleep(0.02)
    assert (states.count("waiting"), states.count("withheld")) == (3, 7)
    for number in (person.number, "+8613800130013", "13800130013", person.login):
        answer = await _start(clerk, number)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_no_secret_is_written_anywhere(world: World, clerk: Bank) -> None:
    """Neither hint nor auth_req_id nor binding message stands in any column."""
    person = await world.person()
    hint = await _hint(person)
    started = (await _start(clerk, hint, binding_message="Canary 4711")).json()
    await announce(world.at.database)
    for table in ("consent_hints", "backchannel_requests", "consent_prompts", "notice_messages", "notices"):
        for row in await world.at.administrator.rows(f"SELECT t::text AS line FROM {table} t"):
            for secret in (hint, hint.replace("-", ""), started["auth_req_id"], "Canary"):
                assert secret not in row["line"], table
                assert secret.encode().hex() not in row["line"], table
