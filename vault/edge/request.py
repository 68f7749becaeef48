"""One request as handlers see it: the doors, the request id, the body as a type, who is signed in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import structlog
from litestar import Request
from litestar.datastructures import State

from vault.db import Session
from vault.edge.doors import Doors
from vault.edge.problems import UnsupportedMediaType
from vault.edge.proxies import CLIENT_CERT, CLIENT_CERT_CHAIN, FORWARDED_FOR
from vault.edge.strict import decode, query
from vault.errors import Invalid, Refused, Unauthenticated
from vault.ledger import log
from vault.ledger.events import Event
from vault.signin import PERSON, Holder, resume
from vault.signin.record import actor

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
        return self.doors.proxies.origin(self._peer, self.headers.getall(FORWARDED_FOR, []))

    @property
    def certificate(self) -> bytes | None:
        """The DER of the TLS client's certificate, if a listed proxy brought one. Raises Malformed."""
        return self.doors.proxies.certificate(self._peer, self.headers.getall(CLIENT_CERT, []))

    @property
    def certificate_chain(self) -> tuple[bytes, ...]:
        """What leads from it to an authority (DER, nearest first). Raises Malformed."""
        return self.doors.proxies.chain(self._peer, self.headers.getall(CLIENT_CERT_CHAIN, []))

    @property
    def _peer(self) -> str:
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

    def asked(self, kind: type[T]) -> T:
        """The parameters of the address as ``kind``; see :func:`vault.edge.strict.query`."""
        given = self.query_params
        if any(len(given.getall(name)) > 1 for name in given):
            raise Invalid.field("$", "names a parameter more than once")
        return query({name: given[name] for name in given}, kind)

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
        who: Holder | None = None

        async def unit(session: Session) -> T:
            nonlocal who
            who = await resume(session, cookie, realm)
            structlog.contextvars.bind_contextvars(realm=who.realm)
            return await act(session, who, *args, **kwargs)

        try:
            return await self.doors.database.run(unit)
        except Refused as refused:
            if who is not None:
                await self._note(who, refused)
            raise

    @asynccontextmanager
    async def acting(self, realm: str | None) -> AsyncIterator[Holder]:
        """Whoever is signed in, for acts that open transactions of their own. Unauthenticated when nobody is.

        ``realm`` None: whatever realm the sign-in is of.
        """
        holder = await self.doors.database.run(resume, self.session_cookie, realm)
        try:
            yield holder
        except Refused as refused:
            await self._note(holder, refused)
            raise

    async def _note(self, holder: Holder, refused: Refused) -> None:
        """Write down that a member of staff, or of an organisation, tried what their roles do not allow (promise 7).

        Refusals with a name of their own are recorded by the room they come from.
        """
        if holder.realm != PERSON and type(refused) is Refused:
            who = actor(holder.realm, holder.id)
            event = Event(name="access.refused", actor=who, requester=holder.belongs_to, reason=refused.name)
            await self.doors.database.run(log.append, event)
