"""The desk about requesters, as machines see it: one officer stops, two do the rest, and nobody else does anything."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from tests.api.edge import send
from tests.register.world import Bank, Place
from vault.clock import SystemClock

WHY = "the licence is gone"


@pytest_asyncio.fixture(loop_scope="session")
async def first(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    async with place.officer("lin.hai") as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def second(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    async with place.officer("ada.wong") as client:
        yield client


async def propose(officer: httpx.AsyncClient, bank: Bank, act: str, **more: str) -> httpx.Response:
    """One officer's half."""
    body = {"act": act, "reason": WHY, **more}
    return await send(officer, "POST", f"/v1/desk/requesters/{bank.req}/measures", body)


async def decide(officer: httpx.AsyncClient, measure: str, decision: str = "agree") -> httpx.Response:
    """The other's."""
    body = {"decision": decision, "reason": "seen it too"}
    return await send(officer, "POST", f"/v1/desk/measures/{measure}/decisions", body)


async def test_officers_see_everything(place: Place, first: httpx.AsyncClient) -> None:
    """Requesters by name, their clients without keys' material, measures with reasons and both names."""
    bank = place.banks["Suspended"]
    found = await first.get("/v1/desk/requesters", params={"name": "suspended"})
    assert [each["requester"] for each in found.json()["organisations"]] == [bank.req]
    one = (await first.get(f"/v1/desk/requesters/{bank.req}")).json()
    assert one["clients"][0]["redirect_uris"] == ["https://harbour.example/back", "http://127.0.0.1:8400/back"]
    assert set(one["clients"][0]["keys"][0]) == {"kid", "kty", "crv", "alg"}
    measure = one["measures"][0]
    assert (measure["state"], measure["open"], measure["second_reason"]) == ("done", False, "seen and agreed")
    assert one["suspended_until"] is None


async def test_suspending_and_restoring(place: Place, first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
    """At once by one; confirmed by the other; restored by both."""
    bank = await place.bank("Wobbly Bank")
    stopped = await propose(first, bank, "suspend")
    assert (stopped.status_code, stopped.json()["open"]) == (201, True)
    shown = (await second.get(f"/v1/desk/requesters/{bank.req}")).json()
    assert (shown["organisation"]["status"], shown["suspended_until"]) == ("suspended", stopped.json()["lapses_at"])
    refused = await decide(first, stopped.json()["measure"])
    assert (refused.status_code, refused.json()["reason"]) == (403, "same-officer")
    assert (await decide(second, stopped.json()["measure"])).json()["state"] == "done"
    again = await propose(second, bank, "restore")
    assert (await propose(first, bank, "restore")).status_code == 409
    assert (await decide(first, again.json()["measure"])).status_code == 200
    assert (await first.get(f"/v1/desk/requesters/{bank.req}")).json()["organisation"]["status"] == "active"


async def test_shortening_one_declaration(place: Place, first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
    """To an earlier end by two; a later one is refused when it would be done."""
    bank = await place.bank("Short Bank")
    year = SystemClock().now().year
    for until, status in ((f"{year + 1}-01-01T00:00:00Z", 200), (f"{year + 1}-01-02T00:00:00Z", 409)):
        made = await propose(first, bank, "shorten", declaration=bank.dcl, until=until)
        assert made.status_code == 201, made.text
        decided = await decide(second, made.json()["measure"])
        assert decided.status_code == status
    shown = (await first.get(f"/v1/register/declarations/{bank.dcl}")).json()
    assert (shown["valid_until"], shown["status"]) == (f"{year + 1}-01-01T00:00:00Z", "active")
    assert shown["permit"]["signed_until"] > shown["permit"]["valid_until"]


async def test_nobody_else_acts(place: Place) -> None:
    """No stranger, no officer without the role, no regulator; and every try of staff is recorded."""
    bank = place.banks["Active"]
    async with place.edge.client() as nobody:
        assert (await propose(nobody, bank, "suspend")).status_code == 401
        assert (await nobody.get("/v1/desk/requesters")).status_code == 401
    for login, status in (("zhou.min", 403), ("han.bing", 401)):
        async with place.officer(login) as client:
            assert (await propose(client, bank, "suspend")).status_code == status
            assert (await client.get(f"/v1/desk/requesters/{bank.req}")).status_code == status
            assert (await decide(client, "msr_" + "0" * 32)).status_code == status
    await place.edge.recorded()
    assert (await place.edge.client().get(f"/v1/register/requesters/{bank.req}")).json()["status"] == "active"


async def test_broken_orders(place: Place, first: httpx.AsyncClient) -> None:
    """Named by what is wrong with them; nothing is done."""
    bank = place.banks["Active"]
    for more, status in (
        ({"act": "surrender"}, 422),
        ({"act": "abolish"}, 422),
        ({"act": "suspend", "reason": "no"}, 422),
        ({"act": "suspend", "until": "2027-01-01T00:00:00Z"}, 422),
        ({"act": "shorten", "declaration": bank.dcl}, 422),
        ({"act": "shorten", "until": "2027-01-01T00:00:00Z"}, 422),
        ({"act": "suspend", "declaration": place.banks["Insurer"].dcl}, 404),
        ({"act": "suspend", "declaration": "dcl_1"}, 404),
        ({"act": "restore", "surprise": "x"}, 422),
    ):
        body = {"reason": WHY, **more}
        answer = await send(first, "POST", f"/v1/desk/requesters/{bank.req}/measures", body)
        assert answer.status_code == status, (more, answer.text)
    unknown = await send(
        first, "POST", f"/v1/desk/requesters/req_{'0' * 32}/measures", {"act": "suspend", "reason": WHY}
    )
    assert unknown.status_code == 404
    assert (await decide(first, "msr_" + "0" * 32)).status_code == 404
    assert (await first.get(f"/v1/register/requesters/{bank.req}")).json()["status"] == "active"
