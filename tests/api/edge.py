"""The application over a real database, spoken to without a socket; and the authority it asks, under control."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import sqlalchemy as sa
from litestar import Litestar

from tests.vetting.confirming import confirming
from vault.accounts.numbers import check_character
from vault.app import create_app
from vault.db import Database
from vault.proofing import Answer, SourceUnavailable
from vault.settings import Settings
from vault.worker import running

PASSWORD = "correct horse battery staple"
_counter = itertools.count(1)
CHEAP = {"argon2_memory": 8192 * 1024, "argon2_passes": 1}


@dataclass
class Authority:
    """A source that says what it is told to say. ``delay`` in seconds."""

    database: Database
    match: bool = True
    away: bool = False
    delay: float = 0
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def recover(self) -> None:
        """Confirm everybody, at once."""
        self.match, self.away, self.delay = True, False, 0

    async def check(self, name: str, scheme: str, number: str) -> Answer:
        """Its answer."""
        self.asked.append((name, scheme, number))
        await asyncio.sleep(self.delay)
        if self.away:
            raise SourceUnavailable
        now = self.database.clock.now()
        return Answer(match=self.match, level="checked", source="register", checked_at=now, evidence=b"jws")


@dataclass
class Edge:
    """An open application."""

    app: Litestar
    settings: Settings
    authority: Authority

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A caller without cookies."""
        transport = httpx.ASGITransport(app=self.app)  # type: ignore[arg-type]  # litestar's scope types are narrower
        return httpx.AsyncClient(transport=transport, base_url=self.settings.issuer_url, headers=headers)

    async def recorded(self) -> None:
        """Wait until everything recorded is in the tree."""
        for _ in range(500):
            async with self.app.state.doors.database.begin() as session:
                if not (await session.execute(sa.text("SELECT count(*) FROM ledger_outbox"))).scalar_one():
                    return
            await asyncio.sleep(0.01)
        raise AssertionError("the outbox does not empty")

    async def settle(self, client: httpx.AsyncClient) -> dict[str, Any]:
        """Register somebody new and sign them in. Returns what they registered with."""
        sent = registration()
        assert (await send(client, "POST", "/v1/registrations", sent)).status_code == 202
        answer = await send(client, "POST", "/v1/sessions", sign_in(sent))
        assert answer.status_code == 201, answer.text
        return sent


def new_number() -> str:
    """A resident identity number that nobody has used."""
    n = next(_counter)
    first = f"110105{1930 + n // 900 % 80}0307{n % 900:03}"
    return first + check_character(first)


def registration(number: str | None = None, login: str | None = None) -> dict[str, Any]:
    """A registration that succeeds."""
    proof = {"scheme": "cn-ric", "number": number or new_number()}
    named = login or f"somebody-{next(_counter)}-x"
    return {"name": "王小明", "national_id": proof, "login": named, "password": PASSWORD, "locale": "zh-CN"}


def sign_in(sent: dict[str, Any]) -> dict[str, str]:
    """The sign-in that goes with a registration."""
    return {"login": sent["login"], "password": sent["password"]}


async def send(
    client: httpx.AsyncClient, method: str, path: str, body: object = None, **headers: str
) -> httpx.Response:
    """Send JSON with the form token, fetching one first where there is none."""
    if not any("csrf" in cookie.name for cookie in client.cookies.jar):
        await client.get("/v1/catalogue")
    token = next(cookie.value for cookie in client.cookies.jar if "csrf" in cookie.name)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.request(method, path, json=body, headers={"X-CSRF-Token": token or "", **named})


@asynccontextmanager
async def opened(database: Database, **settings: Any) -> AsyncIterator[Edge]:
    """The application, as long as the block lasts."""
    made = Settings(**(CHEAP | settings))
    authority = Authority(database)
    started: asyncio.Future[Litestar] = asyncio.get_running_loop().create_future()
    ending = asyncio.Event()

    async def live() -> None:
        """In a task of its own: a fixture begins and ends in different ones."""
        checker = confirming()
        async with running(made, database, checker=checker) as sequencer:
            app = create_app(made, database, source=authority, checker=checker, sequencer=sequencer)
            async with app.lifespan():
                started.set_result(app)
                await ending.wait()

    task = asyncio.create_task(live())
    await asyncio.wait([task, started], return_when=asyncio.FIRST_COMPLETED)
    try:
        assert started.done(), "the application did not start"
        yield Edge(started.result(), made, authority)
    finally:
        ending.set()
        await task
