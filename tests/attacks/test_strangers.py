"""Who has no business at an endpoint gets nothing there: nobody, other realms, other roles, other people."""

from typing import Any

import httpx
import pytest

from tests.attacks.surface import ENDPOINTS, PUBLIC, REQUESTER, Endpoint, form_token
from tests.attacks.world import Browser, World
from vault import ids
from vault.cli.story.bank import new_key

REALMS = ("person", "officer", "regulator", "member")
DOORS = {
    "person": "/sign-in",
    "officer": "/desk/sign-in",
    "regulator": "/oversight/sign-in",
    "member": "/organisation/sign-in",
}
INSIDE = [each for each in ENDPOINTS if each.realm in REALMS]
OPEN = {
    "GET /",
    "GET /.well-known/jwt-vc-issuer",
    "GET /.well-known/vct/vct/release.1",
    "GET /transparency",
    "GET /v1/lawful-access/figures",
    "GET /v1/transparency",
    "GET /vct/release.1",
    "GET /verify",
    "GET /.well-known/oauth-authorization-server",
    "GET /.well-known/oauth-protected-resource",
    "GET /.well-known/oauth-protected-resource/v1",
    "GET /apply",
    "GET /apply/documents",
    "GET /apply/documents/{document}",
    "GET /apply/form",
    "GET /apply/form/{part}",
    "GET /apply/status",
    "GET /apply/vetting",
    "GET /desk/sign-in",
    "GET /health/live",
    "GET /health/ready",
    "GET /integrate/errors",
    "GET /integrate/errors/{check}",
    "GET /language",
    "GET /oauth/grants/states",
    "GET /oauth/jwks",
    "GET /oauth/status-lists",
    "GET /oauth/status-lists/{list_id}",
    "GET /openapi.json",
    "GET /organisation/join",
    "GET /organisation/sign-in",
    "GET /organisations",
    "GET /organisations/statuses",
    "GET /organisations/{requester}",
    "GET /organisations/{requester}/declarations/{declaration}",
    "GET /log/checkpoint",
    "GET /log/tile/{file_path}",
    "GET /oversight/sign-in",
    "GET /problems",
    "GET /problems/{name}",
    "GET /purposes",
    "GET /register",
    "GET /schemas/personal_information.v1.json",
    "GET /sign-in",
    "GET /static/{file_path}",
    "GET /v1/bounds",
    "GET /v1/bounds/{number}",
    "GET /v1/catalogue",
    "GET /v1/ledger/checkpoint",
    "GET /v1/ledger/consistency",
    "GET /v1/ledger/key",
    "GET /v1/ledger/keys",
    "GET /v1/purposes",
    "GET /v1/register/declarations/{declaration}",
    "GET /v1/register/declarations/{declaration}/certificate",
    "GET /v1/register/jwks",
    "GET /v1/webhooks/jwks",
    "POST /v1/deletion-orders/{deletion}/statements",
    "GET /v1/register/requesters",
    "GET /v1/register/requesters/{requester}",
    "GET /v1/register/statuses",
    "GET /v1/vetting/factors",
    "GET /vetting",
    "POST /apply",
    "POST /apply/documents",
    "POST /apply/documents/{document}/remove",
    "POST /apply/form/{part}",
    "POST /apply/leave",
    "POST /apply/resume",
    "POST /apply/submit",
    "POST /apply/vetting/answer",
    "POST /apply/vetting/appeal",
    "POST /apply/withdraw",
    "POST /desk/sign-in",
    "POST /organisation/join",
    "POST /organisation/sign-in",
    "POST /oversight/sign-in",
    "POST /register",
    "POST /sign-in",
    "POST /v1/applications",
    "POST /v1/applications/drafts",
    "POST /v1/members",
    "POST /v1/registrations",
    "POST /v1/sessions",
}


def test_what_is_open_to_everybody_is_listed() -> None:
    """A new endpoint is either inside somebody's realm or named here on purpose."""
    assert {each.name for each in ENDPOINTS if each.realm == PUBLIC} == OPEN


@pytest.mark.parametrize("endpoint", INSIDE, ids=lambda each: each.name)
async def test_nobody_gets_in_without_a_sign_in(world: World, endpoint: Endpoint) -> None:
    """No cookie, an empty one, one made up, one too long: 401 for programs, the right door for people."""
    browser = await _stranger(world, None)
    for session in (None, "", "x", "A" * 107, "A" * 5000, '"', "%00"):
        if session is not None:
            browser.http.cookies.set("session", session, domain="127.0.0.1")
        answer = await endpoint.send(browser, endpoint.path(world), token=form_token(browser))
        expected = {400} if endpoint.name == "GET /oauth/authorize" else {401}
        assert answer.status_code in expected, session
    if endpoint.is_page and endpoint.method == "GET" and endpoint.template != "/oauth/authorize":
        answer = await browser.http.get(endpoint.path(world), headers={"Accept": "text/html"})
        door = DOORS[endpoint.realm]
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, door)


@pytest.mark.parametrize("endpoint", INSIDE, ids=lambda each: each.name)
async def test_a_sign_in_counts_in_its_own_realm_only(world: World, endpoint: Endpoint) -> None:
    """A person at the desk, an officer at oversight, a member in a vault: as if nobody were signed in."""
    everybody = {"person": world.anna.browser, "officer": world.staff["third"], "regulator": world.staff["regulator"]}
    everybody["member"] = world.members["administrator"]
    for realm in set(REALMS) - {endpoint.realm}:
        browser = everybody[realm]
        answer = await endpoint.send(browser, endpoint.path(world), token=form_token(browser))
        assert answer.status_code == (400 if endpoint.name == "GET /oauth/authorize" else 401), realm


@pytest.mark.parametrize("endpoint", [e for e in INSIDE if e.realm == "officer"], ids=lambda each: each.name)
async def test_a_role_opens_its_own_queue_only(world: World, endpoint: Endpoint) -> None:
    """An officer without the role is refused, sees none of it, and the attempt is an entry."""
    wrong = world.staff["third" if endpoint.takes_vetting else "first"]
    before = await world.entries("access.refused")
    answer = await endpoint.send(wrong, endpoint.path(world), token=form_token(wrong))
    subject = world.application if endpoint.takes_vetting else world.waiting
    assert subject not in answer.text.replace(endpoint.path(world), "")
    if endpoint.template != "/desk":
        assert answer.status_code == 403
        assert await world.entries("access.refused") > before


@pytest.mark.parametrize("endpoint", [e for e in ENDPOINTS if e.realm == REQUESTER], ids=lambda each: each.name)
async def test_cookies_do_not_make_a_requester(world: World, endpoint: Endpoint) -> None:
    """Where clients come in with their keys, a person's cookies open nothing."""
    browser = world.anna.browser
    answer = await endpoint.send(browser, endpoint.path(world), token=form_token(browser))
    assert answer.status_code in {400, 401, 422}


@pytest.mark.parametrize(
    "endpoint", [e for e in INSIDE if "{grant}" in e.template and e.realm == "person"], ids=lambda each: each.name
)
async def test_another_persons_grant_looks_absent(world: World, endpoint: Endpoint) -> None:
    """Seen, withdrawn or its page opened by somebody else: the same answer as for a grant that never was."""
    browser = world.bao.browser
    theirs = await endpoint.send(browser, endpoint.path(world), token=form_token(browser))
    nowhere = endpoint.path(world, grant=ids.public(ids.GRANT, ids.new_uuid()))
    none = await endpoint.send(browser, nowhere, token=form_token(browser))
    assert theirs.status_code == 404
    assert _said(theirs) == _said(none)
    mine = await world.anna.browser.get(f"/v1/me/grants/{world.token.grant}")
    assert mine["status"] == "active"


@pytest.mark.parametrize(
    "endpoint", [e for e in INSIDE if "{index}" in e.template and e.realm == "person"], ids=lambda each: each.name
)
async def test_another_persons_entry_looks_absent(world: World, endpoint: Endpoint) -> None:
    """An entry about somebody else, about nobody, and one that does not exist: the same answer."""
    mine = [each["index"] for each in (await world.anna.browser.get("/v1/me/entries"))["entries"]]
    others = [mine[0], 0, 10**6, 2**53, 2**63, 2**64]
    answers = [await world.bao.browser.http.get(endpoint.path(world, index=index)) for index in others]
    assert {answer.status_code for answer in answers} == {404}
    assert len({str(_said(answer)) for answer in answers[:3]}) == 1
    assert (await world.anna.browser.http.get(endpoint.path(world, index=mine[0]))).status_code == 200


ODD = ("section", "number", "application", "grant", "index", "member", "invitation", "client", "change", "requester")
ODD += ("declaration", "measure", "case")


@pytest.mark.parametrize(
    "endpoint", [e for e in ENDPOINTS if "{" in e.template and e.realm != PUBLIC], ids=lambda each: each.name
)
async def test_ids_of_another_kind_are_absent(world: World, endpoint: Endpoint) -> None:
    """An id of another kind, another spelling, a path upwards or nothing at all never reaches a row."""
    staff = {"officer": world.staff["third"], "regulator": world.staff["regulator"]}
    browser = (staff | {"member": world.members["keys"]}).get(endpoint.realm, world.anna.browser)
    if (endpoint.takes_vetting and endpoint.realm == "officer") or "applications" in endpoint.template:
        browser = world.staff["first"]
    digits = world.token.grant[4:]
    for odd in (f"GNT_{digits}", digits, f"psn_{digits}", "gnt_", "-1", "1e9", "%2e%2e%2f", "%E2%80%AE", "x" * 3000):
        path = endpoint.path(world, **dict.fromkeys(ODD, odd))
        path = path.replace(world.waiting, odd)
        answer = await endpoint.send(browser, path, token=form_token(browser))
        assert answer.status_code in {401, 404, 405, 422}, odd


async def test_an_application_opens_with_its_own_token_only(world: World) -> None:
    """Without the token 401; with another application's, or none's, the same 404 as for what does not exist."""
    other = (await world.apply(new_key("other"))).json()
    http = world.browser().http
    path = f"/v1/applications/{world.application}"
    assert (await http.get(path)).status_code == 401
    tokens = [other["status_token"], "x", other["status_token"][:-1], "A" * 5000]
    answers = [await http.get(path, headers={"Application-Token": token}) for token in tokens]
    absent = f"/v1/applications/{ids.public(ids.APPLICATION, ids.new_uuid())}"
    answers.append(await http.get(absent, headers={"Application-Token": other["status_token"]}))
    assert len({str(_said(answer)) for answer in answers}) == 1
    assert answers[0].status_code == 404


async def test_a_sign_in_ends_everywhere_at_once(world: World) -> None:
    """After signing out the kept cookie opens nothing; nor does the one from before a second sign-in."""
    login, password = world.bao.login, world.bao.password
    browser = await world.sign_in(login, "person", password)
    first = browser.http.cookies["session"]
    await browser.sign_in("person", login, password)
    second = browser.http.cookies["session"]
    assert first != second
    assert (await (await _stranger(world, first)).http.get("/v1/me")).status_code == 401
    assert (await browser.send("DELETE", "/v1/sessions/current")).status_code == 204
    assert (await (await _stranger(world, second)).http.get("/v1/me")).status_code == 401


async def test_a_sign_in_cannot_be_planted(world: World) -> None:
    """Whoever makes a victim's browser carry their cookie finds it ended when the victim signs in."""
    attacker = await world.sign_in(world.bao.login, "person", world.bao.password)
    victim = await _stranger(world, attacker.http.cookies["session"])
    await victim.sign_in("person", world.anna.login, world.anna.password)
    assert (await attacker.http.get("/v1/me")).status_code == 401


async def _stranger(world: World, session: str | None) -> Browser:
    """A browser with a form token, and this for a session cookie."""
    browser = await world.newcomer()
    if session is not None:
        browser.http.cookies.set("session", session, domain="127.0.0.1")
    return browser


def _said(answer: httpx.Response) -> Any:
    return {**answer.json(), "request_id": ""}
