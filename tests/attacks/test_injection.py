"""Text that means something to SQL, HTML, templates or paths means nothing here: it is text, or it is refused."""

import html
import re
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attacks.surface import ENDPOINTS, PUBLIC, Endpoint, form_token
from tests.attacks.world import REASON, Browser, World
from tests.requesters.samples import text
from vault.cli.story.bank import new_key

TEXTS = (
    "' OR '1'='1",
    "'; DROP TABLE persons; --",
    "x' UNION SELECT wrapped FROM credentials --",
    "\\'; SELECT pg_sleep(10); --",
    "%' ESCAPE '\\",
    "$1 :name %(x)s %s {0} {} ${jndi:ldap://x}",
    "{{ 7*7 }} {% raw %}",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "../../../../etc/passwd",
    "\u202e\u2066evil",
    "Ａｄｍｉｎ",
    "e\u0301" * 20,
    "\U0001f469\u200d\U0001f469\u200d\U0001f467",
    "\ufffe\uffff",
)
ODD = (*TEXTS[:3], TEXTS[7], "", "-1", str(2**63), "9" * 3000, "\u0663", "\udcff")
PARAMETERS = {
    "/": ("",),
    "/activity": ("show", "before"),
    "/desk": ("show",),
    "/grants": ("show",),
    "/grants/{grant}/withdraw": ("step",),
    "/language": ("to", "next"),
    "/oauth/authorize": ("client_id", "request_uri"),
    "/oversight": ("requester", "purpose", "event", "from", "to", "before", "ask"),
    "/sections/{section}": ("version", "edit", "done"),
    "/sign-in": ("next",),
    "/v1/ledger/consistency": ("first", "second"),
    "/v1/me/entries": ("before", "limit", "after"),
    "/v1/oversight/entries": ("requester", "purpose", "event", "from", "to", "before", "limit", "after"),
}
"""Where parameters of an address are read, and which."""
ELSEWHERE = (
    "//evil.example",
    "https://evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%09/evil.example",
    "javascript:x",
    "/\t/evil.example",
    " //evil.example",
    "///evil.example",
    "/home\r\nSet-Cookie: a=b",
    "http:evil.example",
    "@evil.example",
)
READERS = [each for each in ENDPOINTS if each.method == "GET"]


@pytest.mark.parametrize("endpoint", READERS, ids=lambda each: each.name)
async def test_parameters_nobody_knows_are_harmless(world: World, endpoint: Endpoint) -> None:
    """Every parameter there is anywhere, together, at every address: an answer, and no page that carries them raw."""
    names = {name for names in PARAMETERS.values() for name in names}
    for value in (TEXTS[0], TEXTS[7], TEXTS[10], "9" * 300):
        answer = await _reader(world, endpoint).http.get(endpoint.path(world), params=dict.fromkeys(names, value))
        assert answer.status_code < 500, value
        assert not _is_raw(answer.text, value), value


@pytest.mark.parametrize("template", PARAMETERS)
async def test_parameters_of_an_address_are_only_compared(world: World, template: str) -> None:
    """Each one alone, beside an honest rest: never a failure, never an answer that takes text for instructions."""
    endpoint = next(each for each in READERS if each.template == template)
    browser, path = _reader(world, endpoint), endpoint.path(world)
    for name in PARAMETERS[template]:
        for value in ODD:
            answer = await browser.http.get(f"{path}?{'' if name == 'ask' else 'ask=yes&'}{name}={_quoted(value)}")
            assert answer.status_code < 500, (name, value)
            assert not _is_raw(answer.text, value), (name, value)


async def test_text_comes_back_as_it_was_written(world: World) -> None:
    """A section keeps each of these to the letter and shows it as text."""
    browser = world.bao.browser
    for value in TEXTS:
        etag = (await browser.http.get("/v1/me/sections/preferences")).headers["ETag"]
        answer = await browser.send("PUT", "/v1/me/sections/preferences", {"notes": value}, If_Match=etag)
        assert answer.status_code in {200, 422}, value
        if answer.status_code == 200:
            assert (await browser.get("/v1/me/sections/preferences"))["document"] == {"notes": value}
            page = (await browser.http.get("/sections/preferences")).text
            assert not _is_raw(page, value)
            assert html.escape(value).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page


@given(value=st.text(max_size=60))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_text_comes_back_or_is_refused(world: World, value: str) -> None:
    """There is no third outcome, whatever Unicode has."""
    browser = world.bao.browser
    etag = (await browser.http.get("/v1/me/sections/preferences")).headers["ETag"]
    answer = await browser.send("PUT", "/v1/me/sections/preferences", {"notes": value}, If_Match=etag)
    assert answer.status_code in {200, 422}
    if answer.status_code == 200:
        assert (await browser.get("/v1/me/sections/preferences"))["document"] == {"notes": value}


@pytest.mark.parametrize("value", TEXTS)
async def test_an_application_is_text_too(world: World, value: str) -> None:
    """What an organisation writes is shown to officers as text, or refused by name."""
    en = {**text("loan"), "en": f"{value} for the loan"[:400]}
    named = {"organisation__responsible_persons__0__name": value[:80]}
    answer = await world.apply(new_key("x"), declaration__purpose__text=en, **named)
    assert answer.status_code in {201, 422}
    if answer.status_code == 201:
        path = f"/desk/applications/{answer.json()['application']}"
        page = await world.staff["first"].http.get(path, headers={"Accept-Language": "en"}, follow_redirects=True)
        assert page.status_code == 200
        assert not _is_raw(page.text, value)
        refused = {"decision": "refuse", "reason": value[:60]}
        assert (await world.staff["first"].send("POST", f"/v1{path}/decisions", refused)).status_code in {200, 422}
        assert not _is_raw((await world.staff["second"].http.get(path, follow_redirects=True)).text, value)


async def test_sign_in_compares_and_nothing_more(world: World) -> None:
    """No login or password made of SQL opens anything, and each is refused in the same words."""
    browser = await world.newcomer()
    for login, password in [(value, f"{REASON} {value}") for value in TEXTS] + [(world.anna.login, TEXTS[0] * 2)]:
        answer = await browser.send("POST", "/v1/sessions", {"realm": "person", "login": login, "password": password})
        assert (answer.status_code, answer.json()["detail"]) == (401, "The login name or the password is wrong.")


@pytest.mark.parametrize("name", ["If-Match", "If-None-Match", "Accept-Language", "Application-Token", "X-Request-Id"])
async def test_headers_are_only_compared(world: World, name: str) -> None:
    """Headers that are read decide nothing they should not, whatever stands in them; none is repeated raw."""
    browser = world.anna.browser
    odd = ('"1" OR "1"="1"', '"999999999999"', 'W/"1"', "*", '"1", "2"', "\xff\xfe", "x" * 20_000)
    for value in (TEXTS[0], TEXTS[7], TEXTS[10], *odd):
        headers = [(name.encode(), value.encode()), (b"X-CSRF-Token", form_token(browser).encode())]
        asked = await browser.http.get(f"/v1/applications/{world.application}", headers=headers)
        assert asked.status_code in {401, 404}
        put = await browser.http.put("/v1/me/sections/preferences", json={"notes": "x"}, headers=headers)
        assert put.status_code in {401, 412, 422, 428}, value
        assert (await browser.http.get("/register", headers=headers)).status_code == 200


@pytest.mark.parametrize("name", ["language", "device", "csrf", "session"])
async def test_cookies_are_only_compared(world: World, name: str) -> None:
    """A cookie of any content is a cookie that is not known."""
    browser = await world.newcomer()
    for value in (*TEXTS[:5], "x" * 5_000, "%00", "\xff", "{}"):
        token = form_token(browser)
        headers = [(b"Cookie", f"csrf={token}; {name}={value}".encode()), (b"X-CSRF-Token", token.encode())]
        assert (await browser.http.get("/sign-in", headers=headers)).status_code == 200
        body = {"realm": "person", "login": "nobody.here", "password": "a long enough password"}
        answer = await browser.http.post("/v1/sessions", json=body, headers=headers)
        assert answer.status_code in {401, 403, 429}


@pytest.mark.parametrize("where", ELSEWHERE)
async def test_nobody_is_sent_elsewhere(world: World, where: str) -> None:
    """No open redirector (RFC 9700 section 2.1): after the language switch and after signing in one stays here."""
    browser = world.browser()
    answers = [await browser.http.get("/language", params={"to": "en", "next": where})]
    await browser.http.get("/sign-in", params={"next": where})
    form = {"login": world.bao.login, "password": world.bao.password, "next": where}
    answers.append(await browser.http.post("/sign-in", data=form, headers={"X-CSRF-Token": form_token(browser)}))
    for answer in answers:
        assert answer.status_code == 303
        location = answer.headers["location"]
        assert re.fullmatch(r"/([^/\\][!-~]*)?", location)


def _reader(world: World, endpoint: Endpoint) -> Browser:
    if endpoint.realm == "officer":
        return world.staff["first" if "applications" in endpoint.template else "third"]
    if endpoint.realm == "regulator":
        return world.staff["regulator"]
    if endpoint.realm == "member":
        return world.members["auditor"]
    return world.bao.browser if endpoint.realm == PUBLIC else world.anna.browser


def _is_raw(page: str, value: str) -> bool:
    """Whether a tag of ours made it into the page unescaped."""
    return any(mark in value and mark in page for mark in ("<script>alert", "<img src=x"))


def _quoted(value: str) -> str:
    return quote(value.encode("utf-8", "surrogateescape"))
