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
    """One kind of caller. ``realm``: as the surface knows it; ``headers`` are sent where they are asked for."""

    name: str
    realm: str
    session: requests.Session = field(default_factory=requests.Session)
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def signed_in(cls, name: str, realm: str, browser: Browser) -> "Caller":
        """With a browser's cookies and form token."""
        made = cls(name, realm)
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
    callers: list[Caller]
    run: Callable[[Awaitable[Any]], Any]

    @property
    def base(self) -> str:
        """The address."""
        return self.world.base

    @property
    def bank(self) -> Bank:
        """The requester that calls, with its tokens."""
        return next(caller.session.auth.bank for caller in self.callers if isinstance(caller.session.auth, Signed))

    def ways(self, case: Case, caller: Caller) -> dict[str, Any]:
        """How to send a case as a caller: with their credentials, unless wrong headers are what the case is about."""
        headers = {}
        if case.meta is None or not case.meta.is_negative_at(ParameterLocation.HEADER):
            linked = getattr(case._override, "headers", {})
            wanted = {name for name in case.headers or {} if name not in linked}
            headers = {name: value for name, value in caller.headers.items() if name in wanted}
        return {"base_url": self.base, "session": caller.session, "headers": headers}

    def known(self, made_up: dict[str, Any]) -> dict[str, object]:
        """The path parameters, as far as something is known that they can lead to, in the type they have."""
        return {name: type(value)(self.ids.get(name, value)) for name, value in made_up.items()}

    def rightful(self, place: Endpoint) -> list[Caller]:
        """Whoever the endpoint is for."""
        realm = "person" if place.realm == ANY_REALM else place.realm
        return [caller for caller in self.callers if caller.realm == realm]


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


async def _callers(world: World, status_token: str) -> list[Caller]:
    granted = await world.granted(world.anna, world.harbour, GENERAL | SENSITIVE)
    signed = Caller("bank", REQUESTER, headers={"DPoP": HERE})
    signed.session.auth = Signed(granted)
    return [
        Caller.signed_in("nobody", PUBLIC, await world.newcomer()),
        Caller.signed_in("person", "person", world.anna.browser),
        Caller.signed_in("vetting officer", "officer", world.staff["first"]),
        Caller.signed_in("release officer", "officer", world.staff["third"]),
        Caller.signed_in("regulator", "regulator", world.staff["regulator"]),
        Caller.signed_in("administrator", "member", world.members["administrator"]),
        Caller.signed_in("keeper of keys", "member", world.members["keys"]),
        Caller("applicant", APPLICANT, headers={"Application-Token": status_token}),
        signed,
    ]
