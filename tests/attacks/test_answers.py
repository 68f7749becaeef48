"""What holds for every answer: headers, explained errors, nothing that scripts or caches could misuse.

The rules in ``watch`` are held against every answer of every attack; here are the answers that no attack gets.
"""

import re

import httpx
import pytest

from tests.attacks import wire
from tests.attacks.surface import CHANGING, ENDPOINTS, Endpoint, form_token
from tests.attacks.watch import SECURITY, Watch
from tests.attacks.world import GENERAL, World

PAGES = [each for each in ENDPOINTS if each.is_page and each.method == "GET" and "{file_path}" not in each.template]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW"])
async def test_unknown_addresses_and_methods(world: World, method: str) -> None:
    """404 and 405 carry the same headers as everything else, and reflect nothing of what was asked."""
    for path in (
        "/nothing/here",
        "/v1/releases/x/y",
        "/v1/me",
        "/oauth/token",
        "/static/../../pyproject.toml",
        "/%2e%2e/x",
    ):
        answer = await world.anna.browser.http.request(method, f"{path}?{'probe' * 3}=<script>")
        assert answer.status_code in {200, 204, 303, 400, 403, 404, 405, 422}
        assert "probeprobe" not in answer.text
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.name)
async def test_no_other_origin_may_read(world: World, endpoint: Endpoint) -> None:
    """No CORS anywhere (FAPI 2.0 5.2.3-3): a foreign page gets no permission, also not by a preflight."""
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": endpoint.method}
    http = world.browser().http
    for method in ("OPTIONS", "GET"):
        answer = await http.request(method, endpoint.path(world), headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_every_kind_of_error_is_explained(world: World) -> None:
    """Errors of many kinds are provoked; the address in each ``type`` leads to a page that names it."""
    browser, officer = world.anna.browser, world.staff["third"]
    token = {"X-CSRF-Token": form_token(browser)}
    answers = [
        await browser.http.get("/nothing"),
        await browser.http.get("/v1/me/grants/x"),
        await browser.http.patch("/v1/me"),
        await browser.http.post("/v1/me/grants/x/withdrawal", json={}),
        await browser.http.put("/v1/me/sections/contact", content=b"{", headers=token),
        await browser.http.put("/v1/me/sections/contact", json={}, headers=token),
        await browser.http.put("/v1/me/sections/contact", json={}, headers=token | {"If-Match": '"99"'}),
        await browser.http.put("/v1/me/sections/contact", json={"cvv": "1"}, headers=token | {"If-Match": '"1"'}),
        await browser.http.put("/v1/me/sections/none", json={}, headers=token | {"If-Match": '"1"'}),
        await browser.http.put("/v1/me/sections/contact", content=b"x", headers=token | {"Content-Type": "text/plain"}),
        await browser.http.post("/v1/sessions", content=b" " * 2_000_000, headers=token),
        await world.browser().http.get("/v1/me"),
        await officer.http.get("/v1/desk/applications"),
        await world.decide("first", world.application, "maybe"),
        await world.token.release(["contact.email"]),
        await world.token.release(list(GENERAL), key="x" * 200),
        await browser.http.post("/v1/releases", json={}),
    ]
    kinds = {answer.json()["type"] for answer in answers}
    assert len(kinds) >= 10
    for kind in kinds:
        page = await world.browser().http.get(kind, headers={"Accept-Language": "en"})
        assert page.status_code == 200, kind
        assert kind in page.text
    assert all(answer.json()["title"] and answer.json()["detail"] for answer in answers)


async def test_the_list_of_errors_is_whole(world: World) -> None:
    """/problems links every kind, and each link leads to its page in both languages."""
    page = await world.browser().http.get("/problems")
    names = set(re.findall(r'href="/problems/([a-z-]+)"', page.text))
    assert len(names) > 20
    for name in names:
        for language in ("en", "zh-CN"):
            answer = await world.anna.browser.http.get(f"/problems/{name}", headers={"Accept-Language": language})
            assert answer.status_code == 200, name


@pytest.mark.parametrize("endpoint", PAGES, ids=lambda each: each.name)
async def test_pages_hold_nothing_inline_and_nothing_foreign(world: World, endpoint: Endpoint) -> None:
    """No inline script or style, no handler attribute, no address of another server: what the policy says is true."""
    staff = {"officer": world.staff["first" if "applications" in endpoint.template else "third"]}
    browser = (staff | {"regulator": world.staff["regulator"], "member": world.members["auditor"]}).get(
        endpoint.realm, world.anna.browser
    )
    answer = await browser.http.get(endpoint.path(world), headers={"Accept": "text/html"}, follow_redirects=True)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert re.search(r"default-src '(self|none)'", policy)
    page = answer.text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son[a-z]+=|javascript:", page)
    assert not re.search(r'(?:src|action)="(?:https?:)?//', page)
    assert not re.search(r'<link[^>]*href="(?:https?:)?//', page)


@pytest.mark.parametrize("endpoint", [e for e in ENDPOINTS if e.method == "GET"], ids=lambda each: each.name)
async def test_nothing_of_a_person_is_kept_by_caches(world: World, endpoint: Endpoint) -> None:
    """Only what is the same for everybody may be kept; everything else says no-store."""
    answer = await world.anna.browser.http.get(endpoint.path(world))
    public = {"/openapi.json", "/oauth/jwks", "/.well-known/oauth-authorization-server", "/static/{file_path}"}
    public |= {"/v1/purposes", "/v1/bounds", "/schemas/personal_information.v1.json", "/oauth/grants/states"}
    public |= {"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/v1"}
    public |= {"/oauth/status-lists", "/oauth/status-lists/{list_id}"}
    public |= {"/vct/release.1", "/.well-known/vct/vct/release.1", "/.well-known/jwt-vc-issuer", "/v1/webhooks/jwks"}
    if endpoint.template in public or endpoint.template.startswith("/v1/register/"):
        assert "no-store" not in answer.headers["cache-control"] or answer.status_code != 200
        assert "set-cookie" not in answer.headers
    else:
        assert "no-store" in answer.headers["cache-control"]


async def test_cookies_are_out_of_reach(world: World) -> None:
    """Of scripts (HttpOnly), of other sites (SameSite); on https also of plain connections (__Host-, Secure)."""
    browser = world.browser()
    first = await browser.http.get("/sign-in")
    signed = await world.sign_in(world.bao.login, "person", world.bao.password)
    assert signed.http.cookies
    answer = await signed.http.get("/language", params={"to": "en"})
    login = [
        each for each in world.watch.answers if each.request.url.path == "/v1/sessions" and each.status_code == 201
    ]
    cookies = [cookie for each in (first, answer, *login) for cookie in each.headers.get_list("set-cookie")]
    assert {cookie.partition("=")[0] for cookie in cookies} == {"csrf", "language", "session", "device"}
    for cookie in cookies:
        assert "httponly" in cookie.lower(), cookie[:20]
        assert "samesite=lax" in cookie.lower(), cookie[:20]
        assert "domain=" not in cookie.lower(), cookie[:20]


@pytest.mark.parametrize(
    "line", ["GET / HTTP/9.9", "GET http://evil.example/ HTTP/1.1", "GET /\x00 HTTP/1.1", "G\x01T / HTTP/1.1"]
)
async def test_requests_that_are_hardly_http(world: World, line: str) -> None:
    """What the parser does not take is answered 400 or like any request, and the server goes on."""
    reply = await wire.send(world.at.port, [line, "Host: 127.0.0.1", "Connection: close"])
    assert reply.status in {200, 400, 404}
    assert (await world.anna.browser.http.get("/health/live")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Content-Length: -1"],
        ["Content-Length: 5x"],
    ],
    ids=str,
)
async def test_a_request_has_one_length(world: World, headers: list[str]) -> None:
    """Two lengths, two framings, a length that is none: refused (request smuggling, RFC 9112 section 6.3)."""
    head = ["POST /v1/sessions HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *headers]
    reply = await wire.send(world.at.port, head, b"0\r\n\r\nX")
    assert reply.status in {400, 403}


async def test_a_forged_host_leads_nowhere(world: World) -> None:
    """Addresses in answers come from the configured issuer, never from the Host or forwarding headers."""
    headers = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "gopher",
        "Forwarded": "host=evil.example",
    }
    for path in (
        "/",
        "/v1/me",
        "/nothing",
        "/.well-known/oauth-authorization-server",
        "/home",
        "/oauth/authorize",
        "/problems",
    ):
        for accept in ("text/html", "application/json"):
            answer = await world.browser().http.get(path, headers=headers | {"Accept": accept})
            assert "evil.example" not in answer.text + str(answer.headers)


def test_the_watch_sees() -> None:
    """The rules that are held against every answer find what they are there for."""
    watch = Watch()
    bad = httpx.Response(
        500, text="Traceback", request=httpx.Request("GET", "http://127.0.0.1/x?access_token=eyJhbGciOiJFZERTQSJ9")
    )
    watch.answers.append(bad)
    assert len(watch.faults()) == 4
    good = dict.fromkeys(SECURITY, "x") | SECURITY
    watch.answers[:] = [httpx.Response(200, headers=good, request=httpx.Request("GET", "http://127.0.0.1/"))]
    assert watch.faults() == []
    assert {"POST", "PUT", "DELETE"} <= CHANGING
