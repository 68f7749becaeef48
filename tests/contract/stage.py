"""A served installation with everybody in it, for tests that hold what it answers against its own description.

The server and its people live in a thread with a loop of their own; requests are made from outside, by whoever one
wants to be: each kind of caller brings real credentials, made anew for every single request.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

import requests
from requests.auth import AuthBase
from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation

from tests.attacks.server import installation
from tests.attacks.surface import ANY_REALM, APPLICANT, ENDPOINTS, PUBLIC, REQUESTER, Endpoint, known
from tests.attacks.watch import Watch
from tests.attacks.world import GENERAL, SENSITIVE, Bank, Browser, World
from tests.databases import Cluster
from vault.cli.story.bank import new_key

T = TypeVar("T")
PLACES = {(each.method, each.template): each for each in ENDPOINTS}
CSRF = "X-CSRF-Token"
HERE = "here"
"""Where a proof is to be put: it is about a request that is not made yet."""


@dataclass
class Signed(AuthBase):
    """A requester's credentials: at the back channel an assertion in the form, elsewhere a token; always a proof."""

    bank: Bank

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        url, method = (request.url or "").partition("?")[0], request.method or ""
        if "/oauth/" in url:
            self._assert(request)
            token = None
        else:
            token = self.bank.access_token
            request.headers["Authorization"] = f"DPoP {token}"
        if request.headers.get("DPoP") == HERE:
            request.headers["DPoP"] = self.bank.proof(method, url, token)
        return request

    def _assert(self, request: requests.PreparedRequest) -> None:
        if request.headers.get("Content-Type") != "application/x-www-form-urlencoded":
            return
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
        named = {part.partition("=")[0] for part in body.split("&")}
        missing = {name: value for name, value in self.bank._assertion().items() if name not in named}
        request.prepare_body("&".join(filter(None, (body, urlencode(missing)))), None)
        request.headers["Content-Type"] = "application/x-www-form-urlencoded"


@dataclass
class Caller:
    """One kind of caller. ``headers`` are sent with every request that does not say otherwise."""

    name: str
    session: requests.Session = field(default_factory=requests.Session)
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def signed_in(cls, name: str, browser: Browser) -> "Caller":
        """With a browser's cookies and form token."""
        made = cls(name)
        for cookie in browser.http.cookies.jar:
            made.session.cookies.set(cookie.name, cookie.value or "")
            if "csrf" in cookie.name:
                made.headers[CSRF] = cookie.value or ""
        return made


@dataclass
class Stage:
    """What is served, and everybody who may call."""

    world: World
    ids: dict[str, object]
    callers: dict[str, Caller]
    run: Callable[[Awaitable[Any]], Any]

    @property
    def base(self) -> str:
        """The address."""
        return self.world.base

    def ways(self, case: Case, caller: Caller) -> dict[str, Any]:
        """How to send a case as a caller: with their credentials, unless wrong headers are what the case is about."""
        headers = {}
        if case.meta is None or not case.meta.is_negative_at(ParameterLocation.HEADER):
            headers = {name: value for name, value in caller.headers.items() if name in (case.headers or {})}
        return {"base_url": self.base, "session": caller.session, "headers": headers}

    def known(self, made_up: dict[str, Any]) -> dict[str, object]:
        """The path parameters, as far as something is known that they can lead to, in the type they have."""
        return {name: type(value)(self.ids.get(name, value)) for name, value in made_up.items()}

    def rightful(self, place: Endpoint) -> Caller:
        """Whoever the endpoint is for."""
        return self.callers["person" if place.realm == ANY_REALM else place.realm]


@contextmanager
def loop_in_a_thread() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs while the block does."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def staged(cluster: Cluster) -> Iterator[Stage]:
    """Serve, people and call."""
    with loop_in_a_thread() as loop:

        def run(work: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(work, loop).result(300)

        ending, ready = asyncio.Event(), loop.create_future()
        task = asyncio.run_coroutine_threadsafe(_live(cluster, ready, ending), loop)
        ready_world = run(_first(ready, task))
        yield Stage(*ready_world, run)
        loop.call_soon_threadsafe(ending.set)
        task.result(60)


async def _first(ready: "asyncio.Future[Any]", task: Any) -> Any:
    await asyncio.wait([ready, asyncio.wrap_future(task)], return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        task.result()
    return ready.result()


async def _live(cluster: Cluster, ready: "asyncio.Future[Any]", ending: asyncio.Event) -> None:
    name = await cluster.lease()
    async with installation(cluster.url(name), cluster.ring) as at, AsyncExitStack() as stack:
        world = await World(at, Watch(), stack).peopled()
        applied = (await world.apply(new_key("applicant"))).json()
        ids = known(world) | {"application": applied["application"], "grant": (await _spare(world)).grant}
        ready.set_result((world, ids, await _callers(world, applied["status_token"])))
        await ending.wait()
    await cluster.give_back(name)


async def _spare(world: World) -> Bank:
    """A grant that may be withdrawn without stopping the requester that calls."""
    return await world.granted(world.anna, world.valley, GENERAL)


async def _callers(world: World, status_token: str) -> dict[str, Caller]:
    granted = await world.granted(world.anna, world.harbour, GENERAL | SENSITIVE)
    signed = Caller(REQUESTER, headers={"DPoP": HERE})
    signed.session.auth = Signed(granted)
    return {
        PUBLIC: Caller(PUBLIC),
        "person": Caller.signed_in("person", world.anna.browser),
        "officer": Caller.signed_in("officer", world.staff["first"]),
        "regulator": Caller.signed_in("regulator", world.staff["regulator"]),
        "member": Caller.signed_in("member", world.members["administrator"]),
        REQUESTER: signed,
        APPLICANT: Caller(APPLICANT, headers={"Application-Token": status_token}),
    }
