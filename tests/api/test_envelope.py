"""The envelope: every answer has its id and its headers, whatever happens inside."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from vault.edge.envelope import Envelope
from vault.settings import Settings

HTTPS = Settings(issuer="https://vault.example")
HTTP = Settings()


def caller(inner: Any, settings: Settings = HTTP) -> httpx.AsyncClient:
    """A client of an envelope around a small application."""
    envelope = Envelope(inner, settings)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {})
        await envelope(scope, receive, send)

    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=settings.issuer_url)


async def hello(_scope: Any, _receive: Any, send: Any) -> None:
    """Answers at once."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"public")]})
    await send({"type": "http.response.body", "body": b"hello"})


async def broken(_scope: Any, _receive: Any, _send: Any) -> None:
    """Fails before it answers, with a secret in the text of the error."""
    raise ValueError("the secret of somebody")


async def slow(_scope: Any, _receive: Any, _send: Any) -> None:
    """Never answers."""
    await asyncio.sleep(60)


async def test_every_answer_has_the_security_headers() -> None:
    """Nothing inline, nothing foreign, no frames, no referrer, no guessing of types."""
    headers = (await caller(hello).get("/")).headers
    assert headers["content-security-policy"].startswith("default-src 'self'; base-uri 'none'; object-src 'none'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


async def test_a_handler_may_set_its_own() -> None:
    """What the handler says about caching stands."""
    assert (await caller(hello).get("/")).headers.get_list("cache-control") == ["public"]


async def test_only_https_asks_for_https() -> None:
    """HSTS (RFC 6797 section 7.2) belongs to https alone."""
    assert "strict-transport-security" not in (await caller(hello).get("/")).headers
    assert "max-age" in (await caller(hello, HTTPS).get("/")).headers["strict-transport-security"]


@pytest.mark.parametrize("given", ["a-proper.request_id", "12345678"])
async def test_a_request_id_is_kept(given: str) -> None:
    """A caller who names the request finds the name again."""
    assert (await caller(hello).get("/", headers={"X-Request-Id": given})).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space", 'quote"quote"', "line\\nline", "ünïcödé!"])
async def test_a_request_id_of_another_shape_is_replaced(given: str) -> None:
    """It is written to the log: nothing strange gets there."""
    answer = await caller(hello).get("/", headers={"X-Request-Id": given.encode()})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_an_error_nobody_answers_is_a_problem_document(caplog: pytest.LogCaptureFixture) -> None:
    """The last resort has the id too, and neither it nor the log has the text of the error."""
    answer = await caller(broken).get("/")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "secret" not in answer.text


async def test_a_request_that_takes_too_long_is_given_up() -> None:
    """503 with Retry-After, as for anything that does not answer."""
    answer = await caller(slow, Settings(request_timeout=0.05)).get("/")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("path", ["/a%00b", "/a?b=%00", "/a?b=c%00"])
async def test_a_nul_in_the_address_is_refused(path: str) -> None:
    """No database takes one, and nobody means one."""
    assert (await caller(hello).get(path)).status_code == 400
