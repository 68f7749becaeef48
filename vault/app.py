"""The application, wired once: the rooms behind doors, the two fronts before them, the envelope around all."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import structlog
from litestar import Litestar, Request, Response
from litestar.datastructures import MutableScopeHeaders
from litestar.routes import HTTPRoute
from litestar.types import Message, Scope

from vault import api, portal
from vault.clock import SystemClock
from vault.crypto.keyring import KeyRing
from vault.db import Database
from vault.edge.cookies import Jar
from vault.edge.csrf import form_tokens
from vault.edge.doors import open_doors
from vault.edge.envelope import Envelope
from vault.edge.problems import MethodNotAllowed, as_vault_error, insufficient, problem_response, status_of
from vault.edge.request import VaultRequest
from vault.edge.shortcuts import Shortcuts
from vault.edge.validators import Validators
from vault.errors import Tampered, VaultError
from vault.ledger.sequencer import Sequencer
from vault.proofing import Source
from vault.settings import Settings
from vault.vetting.examining import Checker

_log = structlog.get_logger("vault")


def build(settings: Settings, admin_url: str, ring: KeyRing) -> Litestar:
    """The application of one server process, with database connections of its own that end with it."""
    database = Database(admin_url, ring, SystemClock(), pool_size=settings.pool_size)
    app = create_app(settings, database)
    app.on_shutdown.append(database.close)
    return app


def create_app(
    settings: Settings,
    database: Database,
    *,
    source: Source | None = None,
    checker: Checker | None = None,
    sequencer: Sequencer | None = None,
) -> Litestar:
    """The ASGI application over a database, which stays the caller's to close.

    ``source`` and ``checker`` replace what the settings name; ``sequencer`` is the one of this process, if it runs one.
    """

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_exception_handler(_quietly)
        async with open_doors(settings, database, source=source, checker=checker, sequencer=sequencer) as doors:
            app.state.doors = doors
            yield

    app = Litestar(
        route_handlers=[*api.routes(), *portal.routes()],
        request_class=VaultRequest,
        lifespan=[lifespan],
        middleware=[form_tokens(database.ring, Jar(settings))],
        exception_handlers={Exception: answer_error},
        request_max_body_size=settings.max_body,
        before_send=[_allow_all_methods],
        template_config=portal.templates(),
        openapi_config=None,
        logging_config=None,
        pdb_on_exception=False,
        debug=False,
    )
    inner = Shortcuts(app, app.asgi_handler, api.HOT, answer_error)
    app.asgi_handler = Envelope(Validators(inner), settings)
    return app


def openapi_document() -> str:
    """The OpenAPI 3.1 description of the machine front, as committed in ``openapi/openapi.json``."""
    return api.openapi_document()


def answer_error(asked: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Any exception as an answer: OAuth's errors by RFC 6749, pages for people, problem documents for programs."""
    request, known = cast(VaultRequest, asked), as_vault_error(error)
    _note(error, known)
    answer = _answer(request, known)
    if isinstance(known, MethodNotAllowed):  # RFC 9110 section 15.5.6: the answer says what is allowed
        answer.headers["Allow"] = ", ".join(_allowed(request.app, request.url.path))
    if request.url.path.startswith(api.TOKENS_ONLY) and answer.status_code == 403:
        answer.headers.update(insufficient(request.doors.issuer))
    return answer


def _answer(request: VaultRequest, known: VaultError) -> Response[Any]:
    if api.is_back_channel(request.url.path):
        return api.oauth_failure(known, request.doors.issuer)
    if portal.prefers_page(request):
        return portal.error_page(request, known)
    return problem_response(known, issuer=request.doors.issuer, request_id=request.request_id)


async def _allow_all_methods(message: Message, scope: Scope) -> None:
    """OPTIONS names every method of the address; the framework knows only those of one handler."""
    if message["type"] == "http.response.start" and scope.get("method") == "OPTIONS" and message["status"] < 300:
        headers = MutableScopeHeaders.from_message(message)
        headers["Allow"] = ", ".join(_allowed(scope["litestar_app"], scope["path"]))


def _allowed(app: Litestar, path: str) -> list[str]:
    """The methods of the address. Where two routes fit, the one with fewer parameters is the one that answers."""
    fitting = [route for route in app.routes if re.fullmatch(re.sub(r"{[^}]+}", "[^/]+", route.path), path)]
    fewest = min((route.path.count("{") for route in fitting), default=0)
    answering = [route for route in fitting if isinstance(route, HTTPRoute) and route.path.count("{") == fewest]
    return sorted({method for route in answering for method in route.methods})


def _note(error: Exception, known: VaultError) -> None:
    if status_of(known) >= 500 or isinstance(known, Tampered):
        _log.error("failed", problem=known.name, private=known.private, exc_info=error)
    elif known.private:
        _log.info("refused", problem=known.name, private=known.private)


def _quietly(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """asyncio's own report quotes the exception's text, which may quote a row."""
    _log.error("background_failure", exc_info=context.get("exception"))
