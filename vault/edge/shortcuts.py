"""Past the framework's routing and middleware, for the few endpoints that machines call all day.

The handlers are the application's own, found in its routes, so that there is one description of each and one place
that answers errors. What is left out is what they have no use for: path parameters, injected values, form tokens.
On two cores this saves about a tenth of what a token costs.
"""

from collections.abc import Callable, Iterable
from typing import Any, cast

from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.envelope import ASGIApp
from vault.edge.request import VaultRequest
from vault.errors import BadConfiguration

OnError = Callable[[VaultRequest, Exception], Response[Any]]


class Shortcuts:
    """ASGI: inside the envelope, before the framework. ``inner`` answers everything else."""

    def __init__(self, app: Litestar, inner: ASGIApp, paths: Iterable[str], on_error: OnError) -> None:
        self._inner = inner
        self._on_error = on_error
        self._handlers = {
            (method, route.path): _plain(handler)
            for route in app.routes
            if isinstance(route, HTTPRoute) and route.path in frozenset(paths)
            for handler in route.route_handlers
            for method in handler.http_methods - {"OPTIONS"}
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        handler = self._handlers.get((scope.get("method"), scope.get("path")))
        if handler is None:
            await self._inner(scope, receive, send)
            return
        scope["route_handler"], scope["path_params"], scope["path_template"] = handler, {}, scope["path"]
        request = VaultRequest(scope, receive, send)
        try:
            answer = await handler.fn(request)
        except Exception as error:  # what the framework would do: one place answers every error
            answer = self._on_error(request, error)
        if isinstance(answer, Response):
            answer = answer.to_asgi_response(None, cast(Any, request))
        await answer(scope, receive, send)


def _plain(handler: HTTPRouteHandler) -> HTTPRouteHandler:
    """The handler, if it takes nothing but the request. Raises BadConfiguration."""
    exempt = handler.opt.items() >= NO_FORM_TOKEN.items()
    if not exempt or set(handler.parsed_fn_signature.parameters) != {"request"}:
        raise BadConfiguration(f"{handler} needs the framework: it cannot be called past it.")
    return handler
