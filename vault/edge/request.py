"""One request as handlers see it: the doors, the request id, the body as a type, who is signed in."""

from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import structlog
from litestar import Request
from litestar.datastructures import State

from vault.db import Session
from vault.edge.doors import Doors
from vault.edge.problems import UnsupportedMediaType
from vault.edge.strict import decode
from vault.errors import Unauthenticated
from vault.signin import Holder, resume

P = ParamSpec("P")
T = TypeVar("T")
MAX_COOKIE: Final = 512


class VaultRequest(Request[Any, Any, State]):
    """Adds nothing that a handler could not do itself; keeps handlers to parse, act, render."""

    @property
    def doors(self) -> Doors:
        """The open installation."""
        doors: Doors = self.app.state.doors
        return doors

    @property
    def request_id(self) -> str:
        """The id that the answer's header, the problem document and the log share."""
        return str(self.scope["state"].get("request_id", ""))

    @property
    def address(self) -> str:
        """The network address that attempts are counted by."""
        return self.client.host if self.client else "unknown"

    @property
    def session_cookie(self) -> str:
        """The sign-in's cookie; Unauthenticated without one."""
        cookie = self.cookies.get(self.doors.jar.name("session"), "")
        if not cookie or len(cookie) > MAX_COOKIE:
            raise Unauthenticated
        return cookie

    @property
    def device_cookie(self) -> str | None:
        """The known device's cookie, if it shows one."""
        cookie = self.cookies.get(self.doors.jar.name("device"), "")
        return cookie if 0 < len(cookie) <= MAX_COOKIE else None

    async def parsed(self, kind: type[T]) -> T:
        """The JSON body as ``kind``; see :func:`vault.edge.strict.decode`."""
        if self.content_type[0] != "application/json":
            raise UnsupportedMediaType
        return decode(await self.body(), kind)

    async def holder(self, realm: str) -> Holder:
        """Whoever is signed in, for acts that open transactions of their own. Unauthenticated when nobody is."""
        return await self.doors.database.run(resume, self.session_cookie, realm)

    async def as_holder(
        self,
        realm: str | None,
        act: Callable[Concatenate[Session, Holder, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run an act in one transaction as whoever is signed in. Unauthenticated when nobody of that realm is.

        ``realm`` None: whatever realm the sign-in is of.
        """
        cookie = self.session_cookie

        async def unit(session: Session) -> T:
            holder = await resume(session, cookie, realm)
            structlog.contextvars.bind_contextvars(realm=holder.realm)
            return await act(session, holder, *args, **kwargs)

        return await self.doors.database.run(unit)
