"""Requests out of band on pages: the code, the request in plain words, the decision; and how a person is told."""

import asyncio
import re
from typing import Any

import httpx
import msgspec
import pytest_asyncio

from tests.api.edge import Edge, send
from tests.portal.visits import DECLARED, Page, Requester, Visitor
from vault import ids
from vault.authserver.announcing import announce
from vault.authserver.polling import GRANT_TYPE
from vault.db import Session
from vault.requesters.client_metadata import ClientMetadata, to_store
from vault.requesters.tables import Client

MESSAGE = "Counter 3, loan 4711"


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def clerk(edge: Edge, bank: Requester) -> Requester:
    """The bank, registered for polling."""
    stored = to_store(ClientMetadata(backchannel_token_delivery_mode="poll"))

    async def act(session: Session) -> None:
        row = await session.get(Client, ids.parse(ids.CLIENT, bank.bank.client_id))
        assert row is not None
        row.registration = stored

    await edge.app.state.doors.database.run(act)
    return bank


async def post(clerk: Requester, path: str, form: dict[str, str]) -> httpx.Response:
    """To the back channel, as the clerk's machine."""
    url = f"{clerk.bank.issuer}{path}"
    return await clerk.bank.http.post(
        url, data=clerk.bank._assertion() | form, headers={"DPoP": clerk.bank.proof("POST", url)}
    )


async def ask(person: Visitor, clerk: Requester, hint: str, **changes: str) -> dict[str, Any]:
    """The clerk starts, the worker announces."""
    items = [{"item": item, "form": form} for item, (form, _) in DECLARED.items()]
    details = [{"type": "personal_information.v1", "items": items, "duration_days": 30, "max_uses": 20}]
    form = {
        "login_hint": hint,
        "scope": "openid",
        "binding_message": MESSAGE,
        "authorization_details": msgspec.json.encode(details).decode(),
    }
    answer = await post(clerk, "/oauth/bc-authorize", form | changes)
    assert answer.status_code == 200, answer.text
    await announce(person.edge.app.state.doors.database)
    for _ in range(100):  # the worker of the application may have been quicker and not be done
        found = (await person.client.get("/v1/me/requests")).json()["requests"]
        if found:
            break
        await asyncio.sleep(0.02)
    body: dict[str, Any] = answer.json()
    return body


async def poll(clerk: Requester, started: dict[str, Any]) -> httpx.Response:
    """The clerk's machine asks for tokens."""
    return await post(clerk, "/oauth/token", {"grant_type": GRANT_TYPE, "auth_req_id": started["auth_req_id"]})


async def code(person: Visitor) -> str:
    """A code, as the page shows it."""
    page = Page(await person.fill((await person.go("/requests")).form("/requests/codes")))
    found = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", page.text)
    assert found
    return found[0]


async def waiting(person: Visitor) -> tuple[Page, str]:
    """The page of the one request that waits, and its address."""
    (address,) = {link for link in (await person.go("/requests")).links if link.startswith("/requests/prm_")}
    return await person.go(address), address


async def test_from_the_code_to_the_token(person: Visitor, clerk: Requester) -> None:
    """The person makes a code, the clerk asks with it, the person reads and allows, the clerk's machine has a token."""
    started = await ask(person, clerk, await code(person))
    page, address = await waiting(person)
    for said in (clerk.name, clerk.purpose, MESSAGE, "30 days", "article 29", "it learns nothing"):
        assert said in page.text, said
    form = page.form(address)
    assert form.buttons == [("decision", "allow"), ("decision", "deny"), ("decision", "report")]
    answer = await person.fill(form, ("decision", "allow"), ("item", "contact.email"))
    assert answer.headers["location"] == "/requests?done=allowed"
    assert "You allowed it" in (await person.go("/requests?done=allowed")).text
    token = (await poll(clerk, started)).json()
    granted = {each["item"] for each in token["authorization_details"][0]["items"]}
    assert granted == {"identity.name", "contact.phone_number", "contact.email"}
    assert (await person.client.get("/v1/me/grants")).json()["grants"][0]["grant"] == token["grant_id"]


async def test_a_no_looks_like_nothing(person: Visitor, clerk: Requester) -> None:
    """The clerk's machine hears that nobody has decided; the person sees what they said, and that it is over."""
    started = await ask(person, clerk, await code(person))
    page, address = await waiting(person)
    await person.fill(page.form(address), ("decision", "deny"))
    assert "You did not allow it" in (await person.go("/requests")).text
    assert (await poll(clerk, started)).json()["error"] == "authorization_pending"
    again = await person.client.get(address, headers={"Accept": "text/html"})
    assert (again.status_code, "This request is over" in again.text) == (409, True)


async def test_a_report_is_an_entry(person: Visitor, clerk: Requester) -> None:
    """The person finds it in their ledger."""
    await ask(person, clerk, await code(person))
    page, address = await waiting(person)
    answer = await person.fill(page.form(address), ("decision", "report"))
    assert answer.headers["location"] == "/requests?done=reported"
    await person.edge.recorded()
    events = [each["event"] for each in (await person.client.get("/v1/me/entries")).json()["entries"]]
    assert {"consent.reported", "grant.declined", "consent.put", "hint.made"} <= set(events)


async def test_a_sensitive_item_needs_its_own_yes_here_too(person: Visitor, clerk: Requester) -> None:
    """Ticked without it, nothing is given and the ticks are kept."""
    await ask(person, clerk, await code(person))
    page, address = await waiting(person)
    again = Page(await person.fill(page.form(address), ("decision", "allow"), ("item", "identity.national_id")))
    assert again.status == 422
    assert ("item", "identity.national_id", True) in again.form(address).boxes
    assert (await person.client.get("/v1/me/grants")).json()["grants"] == []
    other = Page(await person.fill(again.form(address), ("language", "zh-CN"), ("item", "contact.email")))
    assert (other.status, other.lang) == (200, "zh-Hans-CN")
    done = await person.fill(other.form(address), ("decision", "allow"))
    assert done.status_code == 303


async def test_another_notice_gives_nothing(person: Visitor, clerk: Requester) -> None:
    """What is signed is what was shown, the binding message included."""
    await ask(person, clerk, await code(person))
    page, address = await waiting(person)
    again = Page(await person.fill(page.form(address), ("decision", "allow"), notice="0" * 64))
    assert (again.status, "has changed since you opened this page" in again.text) == (422, True)


async def test_the_notice_on_the_first_page(person: Visitor, clerk: Requester) -> None:
    """Whoever comes home is told that something waits."""
    await ask(person, clerk, await code(person))
    assert "An organisation asks for your information" in (await person.go("/home")).text


async def test_how_one_is_told(person: Visitor) -> None:
    """An address is given, its code arrives in the outbox, a wrong one is told, the right one confirms; removed."""
    page = await person.go("/notice-address")
    assert "sends no mail" in page.text
    wrong = Page(await person.fill(page.forms[-1], ("act", "give"), address="no address"))
    assert (wrong.status, "must be a mail address" in wrong.text) == (422, True)
    given = await person.fill(page.forms[-1], ("act", "give"), address="somebody@example.com")
    assert given.headers["location"] == "/notice-address?done=given"
    found = None
    for _ in range(200):
        found = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", (await person.go("/outbox")).text)
        if found:
            break
        await asyncio.sleep(0.02)
    assert found
    page = await person.go("/notice-address")
    refused = Page(await person.fill(page.forms[1], ("act", "confirm"), code="0000-0000"))
    assert (refused.status, "This is not the code" in refused.text) == (422, True)
    done = await person.fill(page.forms[1], ("act", "confirm"), code=found[0])
    assert done.headers["location"] == "/notice-address?done=confirmed"
    view = (await person.client.get("/v1/me/notice-address")).json()
    assert (view["sends"], view["confirmed"]["address"]) == ("outbox", "somebody@example.com")
    assert (await send(person.client, "DELETE", "/v1/me/notice-address")).status_code == 204
    assert "You gave no address" in (await person.go("/notice-address")).text


async def test_the_same_by_programs(person: Visitor) -> None:
    """The machine front: give, a wrong code, nothing to confirm, a hint."""
    given = await send(person.client, "PUT", "/v1/me/notice-address", {"address": "somebody@example.com"})
    assert (given.status_code, given.json()["address"]) == (202, "somebody@example.com")
    wrong = await send(person.client, "POST", "/v1/me/notice-address/confirmation", {"code": "0000-0000"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "code")
    bad = await send(person.client, "PUT", "/v1/me/notice-address", {"address": "x"})
    assert bad.status_code == 422
    hint = await send(person.client, "POST", "/v1/me/hints")
    assert (hint.status_code, len(hint.json()["hint"])) == (201, 14)
