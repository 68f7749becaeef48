"""The envelope around every request: its id, its time limit, the security headers, its access line.

Wraps the whole application, so that answers to unknown addresses and failures inside the framework
are covered too. Writes the route's template to the log, never the path, query, headers or body.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import msgspec
import structlog

from vault.clock import monotonic
from vault.edge.problems import PROBLEM_JSON, headers_of, problem, status_of
from vault.errors import Malformed, Unavailable, VaultError
from vault.ids import new_uuid
from vault.settings import Settings

Message = MutableMapping[str, Any]
"""ASGI's own terms, wider than litestar's: every key is looked at as it comes."""
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_log = structlog.get_logger("access")
CONTENT_POLICY: Final = (
    "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action {forms}"
)


def content_policy(forms: str = "'self'") -> str:
    """The Content-Security-Policy: nothing inline, nothing foreign; ``forms`` is where forms may lead."""
    return CONTENT_POLICY.format(forms=forms)


def security_headers(settings: Settings) -> list[tuple[bytes, bytes]]:
    """Headers that every answer carries unless the handler set its own."""
    headers = {
        "content-security-policy": content_policy(),
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "cache-control": "no-store",
    }
    if settings.is_https:
        headers["strict-transport-security"] = "max-age=63072000; includeSubDomains; preload"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


class Envelope:
    """ASGI: one per application, outermost."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._issuer = settings.issuer_url
        self._timeout = settings.request_timeout
        self._headers = security_headers(settings)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = monotonic()
        request_id = _request_id(scope)
        scope["state"]["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        answer = _Answer(send, [*self._headers, (b"x-request-id", request_id.encode())])
        method = scope["method"]
        if method == "HEAD":  # RFC 9110 section 9.3.2: as GET, without the content
            scope["method"], answer.is_head = "GET", True
        try:
            await self._serve(scope, receive, answer)
        finally:
            _log.info(
                "request",
                method=method,
                route=scope.get("path_template") or "none",
                status=answer.status,
                ms=round((monotonic() - began) * 1000, 2),
            )

    async def _serve(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        if _holds_nul(scope):
            await self._refuse(scope, answer, Malformed("The address holds a NUL character."))
            return
        try:
            async with asyncio.timeout(self._timeout):
                await self._app(scope, receive, answer)
        except TimeoutError:
            if answer.status:
                raise
            late = Unavailable("The request took too long and was given up.", retry_after=2)
            await self._refuse(scope, answer, late)
        except Exception as error:  # the last resort: an error while answering an error
            if answer.status:
                raise
            _log.error("unanswered", exc_info=error)
            await self._refuse(scope, answer, VaultError())

    async def _refuse(self, scope: Scope, answer: "_Answer", error: VaultError) -> None:
        members = problem(error, issuer=self._issuer, request_id=scope["state"]["request_id"])
        headers = {"content-type": PROBLEM_JSON, **headers_of(error)}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await answer({"type": "http.response.start", "status": status_of(error), "headers": raw})
        await answer({"type": "http.response.body", "body": msgspec.json.encode(members), "more_body": False})


class _Answer:
    """``send`` that adds the headers and remembers the status."""

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._headers = headers
        self.status = 0
        self.is_head = False

    async def __call__(self, message: Message) -> None:
        if self.is_head and message["type"] == "http.response.body":
            message["body"] = b""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = list(message.get("headers", ()))
            names = {name.lower() for name, _ in given}
            message["headers"] = [*given, *(header for header in self._headers if header[0] not in names)]
        await self._send(message)


def _request_id(scope: Scope) -> str:
    """The caller's id when it is one by its shape (it is written to the log), else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return new_uuid().hex


def _holds_nul(scope: Scope) -> bool:
    return "\x00" in scope["path"] or b"%00" in scope.get("query_string", b"")
