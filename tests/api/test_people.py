"""Registering, signing in, cookies, form tokens: what a browser and a stranger get to see."""

from http.cookies import SimpleCookie

import httpx
import pytest

from tests.api.edge import PASSWORD, Edge, opened, registration, send, sign_in
from vault.db import Database


def cookies(answer: httpx.Response) -> SimpleCookie:
    """The cookies an answer sets."""
    return SimpleCookie("\n".join(answer.headers.get_list("set-cookie")))


async def test_the_answer_to_a_registration_never_tells(edge: Edge, caller: httpx.AsyncClient) -> None:
    """A new number, a known one and one that the source does not confirm: the same status and the same words."""
    new = registration()
    known, denied = registration(new["national_id"]["number"]), registration()
    first = await send(caller, "POST", "/v1/registrations", new)
    second = await send(caller, "POST", "/v1/registrations", known)
    edge.authority.match = False
    third = await send(caller, "POST", "/v1/registrations", denied)
    assert {first.status_code, second.status_code, third.status_code} == {202}
    assert first.json() == second.json() == third.json()
    for sent in (known, denied):
        assert (await send(caller, "POST", "/v1/sessions", sign_in(sent))).status_code == 401


async def test_the_holder_of_a_number_is_told(edge: Edge, caller: httpx.AsyncClient) -> None:
    """Somebody tried to register it again."""
    sent = await edge.settle(caller)
    async with edge.client() as stranger:
        await send(stranger, "POST", "/v1/registrations", registration(sent["national_id"]["number"]))
    notices = (await caller.get("/v1/me")).json()["notices"]
    assert [notice["kind"] for notice in notices] == ["registration_attempt"]


async def test_a_registration_proves_name_and_number(edge: Edge, caller: httpx.AsyncClient) -> None:
    """What the source confirmed stands in the identity section from the start."""
    sent = await edge.settle(caller)
    document = (await caller.get("/v1/me/sections/identity")).json()["document"]
    assert document == {"name": sent["name"], "national_id": sent["national_id"]}
    assert (await caller.get("/v1/me")).json()["level"] == "checked"


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"name": " "}, 422, "name"),
        ({"name": "x" * 101}, 422, "name"),
        ({"name": "a\u202eb"}, 422, "name"),
        ({"national_id": {"scheme": "cn-ric", "number": "1"}}, 422, "national_id.number"),
        ({"national_id": {"scheme": "passport", "number": "1"}}, 422, "national_id.scheme"),
        ({"password": "short"}, 422, "password"),
        ({"login": "wang-xiaoming", "password": "wang-xiaoming"}, 422, "password"),
        ({"login": "13812340013"}, 422, "login"),
        ({"locale": "xx"}, 422, "locale"),
        ({"surname": "x"}, 422, "$"),
    ],
)
async def test_wrong_input_is_named(
    caller: httpx.AsyncClient, change: dict[str, object], status: int, field: str
) -> None:
    """What is wrong with the input itself may be told."""
    answer = await send(caller, "POST", "/v1/registrations", registration() | change)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["field"] == field


async def test_a_taken_login_is_told(edge: Edge, caller: httpx.AsyncClient) -> None:
    """The one cause that is: the name has to be chosen again."""
    sent = await edge.settle(caller)
    answer = await send(caller, "POST", "/v1/registrations", registration(login=sent["login"]))
    assert (answer.status_code, answer.json()["title"]) == (409, "This login name is taken")


async def test_a_silent_source_is_not_a_refusal(edge: Edge, caller: httpx.AsyncClient) -> None:
    """503: nothing was decided, and nobody was registered."""
    edge.authority.away, sent = True, registration()
    answer = await send(caller, "POST", "/v1/registrations", sent)
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert (await send(caller, "POST", "/v1/sessions", sign_in(sent))).status_code == 401


async def test_a_wrong_password_looks_like_an_unknown_login(edge: Edge, caller: httpx.AsyncClient) -> None:
    """Nobody learns who has a vault by trying to sign in."""
    sent = await edge.settle(caller)
    wrong = await send(caller, "POST", "/v1/sessions", sign_in(sent) | {"password": "not this one, no"})
    unknown = await send(caller, "POST", "/v1/sessions", sign_in(registration()))
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}


async def test_cookies_on_http_are_plain(edge: Edge, caller: httpx.AsyncClient) -> None:
    """Loopback only: HttpOnly and SameSite all the same."""
    made = cookies(await send(caller, "POST", "/v1/sessions", sign_in(await edge.settle(caller))))
    assert set(made) == {"session", "device"}
    for cookie in made.values():
        assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "lax", "/", "")


async def test_cookies_on_https_are_bound_to_the_host(shared_database: Database) -> None:
    """__Host-, Secure, no domain (RFC 6265bis section 4.1.3.2)."""
    async with opened(shared_database, issuer="https://vault.example") as edge, edge.client() as client:
        token = cookies(await client.get("/v1/catalogue"))
        assert set(token) == {"__Host-csrf"}
        headers = {"X-CSRF-Token": token["__Host-csrf"].value}
        sent = registration()
        await client.post("/v1/registrations", json=sent, headers=headers)
        made = cookies(await client.post("/v1/sessions", json=sign_in(sent), headers=headers))
    assert set(made) == {"__Host-session", "__Host-device"}
    assert all(cookie["secure"] and cookie["httponly"] and not cookie["domain"] for cookie in made.values())


async def test_signing_out_ends_it(edge: Edge, person: httpx.AsyncClient) -> None:
    """The cookie alone is worth nothing afterwards, also where somebody kept it."""
    kept = person.cookies["session"]
    assert (await send(person, "DELETE", "/v1/sessions/current")).status_code == 204
    async with edge.client(Cookie=f"session={kept}") as thief:
        assert (await thief.get("/v1/me")).status_code == 401


async def test_a_new_sign_in_ends_the_one_before(edge: Edge, caller: httpx.AsyncClient) -> None:
    """A sign-in planted in somebody's browser does not survive their own."""
    sent = await edge.settle(caller)
    kept = caller.cookies["session"]
    await send(caller, "POST", "/v1/sessions", sign_in(sent))
    async with edge.client(Cookie=f"session={kept}") as thief:
        assert (await thief.get("/v1/me")).status_code == 401
    assert (await caller.get("/v1/me")).status_code == 200


@pytest.mark.parametrize("cookie", ["", "x", "a" * 86, "a" * 5_000, "é" * 43], ids=range(5))
async def test_a_made_up_cookie_is_nobody(caller: httpx.AsyncClient, cookie: str) -> None:
    """401 for whatever we did not make."""
    answer = await caller.get("/v1/me", headers={"Cookie": f"session={cookie}".encode()})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("DPoP")


@pytest.mark.parametrize("token", ["", "0" * 128, "x", "ü" * 64], ids=["none", "forged", "short", "no ASCII"])
async def test_without_the_form_token_nothing_happens(person: httpx.AsyncClient, token: str) -> None:
    """A foreign page can send the cookie, not the token."""
    headers = {"X-CSRF-Token": token.encode()} if token else {}
    for method, path in (
        ("PUT", "/v1/me/sections/contact"),
        ("POST", "/v1/me/grants/gnt_0/withdrawal"),
        ("DELETE", "/v1/sessions/current"),
        ("POST", "/v1/sessions"),
        ("POST", "/v1/desk/applications/app_0/decisions"),
    ):
        answer = await person.request(method, path, json={}, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("/problems/form-token")
    assert (await person.get("/v1/me")).status_code == 200


async def test_a_stale_form_token_is_taken_away(caller: httpx.AsyncClient) -> None:
    """A cookie of another installation at the same address must not lock a browser out."""
    caller.cookies.set("csrf", "f" * 128, domain="127.0.0.1")
    refused = await caller.post(
        "/sign-in", data={"login": "x", "_csrf_token": "f" * 128}, headers={"Accept": "text/html"}
    )
    assert refused.status_code == 403
    assert cookies(refused)["csrf"]["max-age"] == "0"


async def test_realms_do_not_mix(person: httpx.AsyncClient, officer: httpx.AsyncClient) -> None:
    """A person's sign-in is none at the desk, an officer's none in a vault."""
    for path in ("/v1/desk/applications", "/v1/desk/releases", "/v1/oversight/entries"):
        assert (await person.get(path)).status_code == 401
    for path in ("/v1/me/sections", "/v1/me/grants", "/v1/me/entries", "/v1/oversight/entries"):
        assert (await officer.get(path)).status_code == 401


async def test_a_role_is_needed_and_its_lack_recorded(edge: Edge, officer: httpx.AsyncClient) -> None:
    """An officer without the role vetting is refused, and there is an entry about it."""
    me = (await officer.get("/v1/me")).json()["id"]
    assert (await officer.get("/v1/desk/applications")).status_code == 403
    await edge.recorded()
    async with edge.client() as regulator:
        body = {"realm": "regulator", "login": "regulator-1", "password": PASSWORD}
        await send(regulator, "POST", "/v1/sessions", body)
        found = (await regulator.get("/v1/oversight/entries?event=access.refused&limit=1")).json()["entries"]
    assert found[0]["actor"] == {"kind": "officer", "id": me}
