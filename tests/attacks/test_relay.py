"""The relay from outside: who may send, to whom, and what an answer tells."""

from typing import Any

import pytest_asyncio

from tests.attacks.test_silence import _shape
from tests.attacks.world import SECTIONS, Bank, Person, World

ITEMS = {"identity.name": "raw", "contact.email": "relay"}
NOWHERE = "r-" + "a" * 24 + "@relay.localhost"
HELLO = {"subject": "Your appointment", "text": "Tuesday at nine."}


@pytest_asyncio.fixture(loop_scope="session")
async def person(world: World) -> Person:
    """Somebody of their own for each attack."""
    return await world.person()


async def _address(bank: Bank) -> str:
    items = {each["item"]: each["value"] for each in (await bank.release()).json()["items"]}
    return str(items["contact.email"])


async def test_the_consent_page_says_what_the_relay_keeps(world: World, person: Person) -> None:
    """In so many words, beside the item, before anybody ticks it; and not where no relay is asked for."""
    bank = world.twin(world.harbour)
    for items, is_told in ((ITEMS, True), ({"identity.name": "raw", "contact.email": "raw"}, False)):
        wanted = [{"item": item, "form": form} for item, form in items.items()]
        _, pushed = await bank.push(wanted, duration_days=30, max_uses=5)
        page = (await person.browser.page(bank.authorize_url(pushed))).text
        assert ("readable by the running server" in page or "运行中的服务器" in page) is is_told


async def test_mail_passes_and_the_bank_never_sees_where(world: World, person: Person) -> None:
    """Granted, released, written to: the letter is the person's, the count on their page, the address nobody's."""
    bank = await world.granted(person, world.harbour, ITEMS)
    to = await _address(bank)
    answer = await bank.relay("messages", {"to": to} | HELLO)
    assert answer.status_code == 202
    assert set(answer.json()) == {"message"}
    assert HELLO["text"] in (await person.browser.page("/outbox")).text
    (own,) = (await person.browser.get("/v1/me/relay-addresses"))["addresses"]
    assert (own["address"], own["messages"], own["state"]) == (to, 1, "open")
    page = (await person.browser.page("/relay")).text
    assert to in page
    assert SECTIONS["contact"]["email"] not in answer.text + page


async def test_closed_ended_foreign_and_unknown_look_alike(world: World, person: Person) -> None:
    """Body, headers and status: the same for an address that was closed, withdrawn, another bank's, or never was."""
    banks = (world.harbour, world.harbour, world.valley)
    closed, ended, foreign = [await world.granted(person, bank, ITEMS) for bank in banks]
    addresses = [await _address(bank) for bank in (closed, ended, foreign)]
    own = {each["address"]: each for each in (await person.browser.get("/v1/me/relay-addresses"))["addresses"]}
    path = f"/v1/me/relay-addresses/{own[addresses[0]]['id']}/closing"
    assert (await person.browser.send("POST", path, {})).status_code == 200
    await person.browser.send("POST", f"/v1/me/grants/{ended.grant}/withdrawal", {})
    answers = [await closed.relay("messages", {"to": to} | HELLO) for to in (*addresses, NOWHERE, "a@example.com")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({str(_shape(answer)) for answer in answers}) == 1
    assert (await foreign.relay("messages", {"to": addresses[2]} | HELLO)).status_code == 202


async def test_only_a_token_for_the_relay_sends(world: World, person: Person) -> None:
    """A token for grants, a person's grant token, a bearer, none at all: refused, and nothing passes."""
    bank = await world.granted(person, world.harbour, ITEMS)
    body, url = {"to": await _address(bank)} | HELLO, f"{world.base}/v1/relay/messages"
    assert (await bank.relay("messages", body, scope="grant_management_query")).status_code == 401
    assert (await bank.relay("messages", body, scope="relay grant_management_query")).json()["error"] == "invalid_scope"
    token, key = bank.access_token, {"Idempotency-Key": "k"}
    for headers in (
        {"Authorization": f"DPoP {token}", "DPoP": bank.proof("POST", url, token)},
        {"Authorization": f"Bearer {token}"},
        {},
    ):
        assert (await bank.http.post(url, json=body, headers=headers | key)).status_code == 401
    assert [each["messages"] for each in (await person.browser.get("/v1/me/relay-addresses"))["addresses"]] == [0]


async def test_a_relay_token_opens_nothing_else(world: World, person: Person) -> None:
    """It releases nothing and manages no grant."""
    bank = await world.granted(person, world.harbour, ITEMS)
    assert (await bank.manage("GET", bank.grant, "relay")).status_code == 401


async def test_a_message_breaks_no_header(world: World, person: Person) -> None:
    """Line breaks in the subject, other members, files, too much: refused before anything leaves."""
    bank = await world.granted(person, world.harbour, ITEMS)
    to = await _address(bank)
    bad: list[dict[str, Any]] = [
        {"subject": "a\r\nBcc: x@example.com"},
        {"subject": ""},
        {"text": "a" * 20_001},
        {"text": "\x00"},
        {"from": "bank@example.com"},
        {"to": [to]},
        {"to": f"{to}\r\nRCPT TO:<x@example.com>"},
        {"to": f"{to}, x@example.com"},
    ]
    for change in bad:
        assert (await bank.relay("messages", {"to": to} | HELLO | change)).status_code in {404, 422}, change
    assert [each["messages"] for each in (await person.browser.get("/v1/me/relay-addresses"))["addresses"]] == [0]


async def test_somebody_else_closes_nothing(world: World, person: Person) -> None:
    """Another person's id for an address is as absent as one that never was."""
    await world.granted(person, world.harbour, ITEMS)
    (own,) = (await person.browser.get("/v1/me/relay-addresses"))["addresses"]
    answers = [
        await world.bao.browser.send("POST", f"/v1/me/relay-addresses/{which}/closing", {})
        for which in (own["id"], "rly_" + "0" * 32)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert (await person.browser.get("/v1/me/relay-addresses"))["addresses"][0]["state"] == "open"
