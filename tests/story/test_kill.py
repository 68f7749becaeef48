"""kill -9 of everything at random points of the story: what was acknowledged is there afterwards."""

import asyncio
import base64
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console

from tests.story.installation import Serving, environment, free_port, wait_ready
from vault import settings as configuration
from vault.cli import demo
from vault.cli.ledger import check
from vault.cli.runtime import installation
from vault.cli.story import cast as casting
from vault.cli.story import play
from vault.cli.story.browser import Browser
from vault.cli.story.thief import Loot
from vault.ledger.verify import verify_receipt

POINTS = 10
FIRST, LAST = 5, 58
"""Requests of a story told again: after the first is known who plays, after the last nothing changes any more."""


class _NoThief:
    """The kill is what matters here; the thief's steps are played elsewhere."""

    async def find(self, values: dict[str, str]) -> list[str]:
        return []

    async def take(self) -> None:
        """Nothing is stolen."""

    async def open_sections(self, token: str, issuer: str) -> Loot:
        return Loot(tried=1, opened=0, with_share=1)


@dataclass
class Acknowledged:
    """What the server has said yes to, over all stories."""

    sections: set[tuple[str, int]] = field(default_factory=set)
    grants: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)
    receipts: dict[int, dict[str, object]] = field(default_factory=dict)
    vkey: str = ""

    def note(self, answer: httpx.Response) -> None:
        """Remember an answer that acknowledges something."""
        path, method = answer.request.url.path, answer.request.method
        if path.startswith("/v1/me/sections/") and method == "PUT" and answer.status_code in {200, 201}:
            self.sections.add((path.rsplit("/", 1)[-1], answer.json()["version"]))
        elif path == "/oauth/token" and answer.status_code == 200:
            self.grants.add(answer.json()["grant_id"])
        elif path.endswith("/withdrawal") and answer.status_code == 200:
            self.withdrawn.add(path.split("/")[-2])
        elif path == "/v1/releases" and answer.status_code == 200:
            receipt = answer.json()["receipt"]
            self.receipts[receipt["index"]] = receipt
        elif path == "/v1/ledger/key" and answer.status_code == 200:
            self.vkey = answer.text.strip()


class _Killer:
    """Kills the server while the given request is under way."""

    def __init__(self, server: Serving, at: int, delay: float) -> None:
        self._server, self._at, self._delay = server, at, delay
        self._seen = 0
        self.task: asyncio.Task[None] | None = None

    async def on_request(self, _request: httpx.Request) -> None:
        self._seen += 1
        if self._seen == self._at:
            self.task = asyncio.create_task(self._kill())

    async def _kill(self) -> None:
        await asyncio.sleep(self._delay)
        self._server.kill()


def test_acknowledged_things_survive_kill_at_ten_points(installed: Path) -> None:
    """At ten random points everything is killed with -9; after a restart nothing acknowledged is missing."""
    seed = random.randrange(1_000_000)
    chance = random.Random(seed)
    said = Acknowledged()
    settings = configuration.load({}, data=installed)
    with demo.source(settings, Console(quiet=True)) as simulated:
        sourced = simulated()
        names = ("source_url", "source_key", "registers_url", "registers_key")
        env = environment(**{f"PIVAULT_{name.upper()}": str(getattr(sourced, name)) for name in names})
        for part in range(POINTS):  # one point in each tenth of the story, so that every run sees all of it
            at = FIRST + int((part + chance.random()) * (LAST - FIRST) / POINTS)
            with _restarted(installed, env, said, f"seed {seed}, before request {at}") as (base, server):
                asyncio.run(_story_until(base, installed, _Killer(server, at, chance.uniform(0, 0.03)), said))
        with _restarted(installed, env, said, f"seed {seed}, at the end"):
            assert said.sections, f"seed {seed}: no section was acknowledged before the kills"
            assert said.grants, f"seed {seed}: no grant was acknowledged before the kills"
            assert said.receipts, f"seed {seed}: no release was acknowledged before the kills"


@contextmanager
def _restarted(data: Path, env: dict[str, str], said: Acknowledged, when: str) -> Iterator[tuple[str, Serving]]:
    """A server on what the last kill left, after everything acknowledged was found there and the ledger holds."""
    port = free_port()
    server = Serving(["serve", "--data", str(data), "--port", str(port)], data / "server.log", env)
    base = f"http://127.0.0.1:{port}"
    try:
        wait_ready(base, server)
        asyncio.run(_check(base, data, said))
        with installation(configuration.load({}, data=data)) as runtime:
            report = asyncio.run(check(runtime))
        assert report.holds, f"{when}: {report.findings}"
        yield base, server
    finally:
        if server.process.poll() is None:
            server.kill()


async def _story_until(base: str, data: Path, killer: _Killer, said: Acknowledged) -> None:
    async def on_answer(answer: httpx.Response) -> None:
        await answer.aread()
        said.note(answer)

    cast = casting.load(data)
    assert cast is not None
    watchers = play.Watchers(on_request=killer.on_request, on_answer=on_answer)
    await play.play(play.Stage(base, _NoThief(), Console(quiet=True)), cast, demo.read_person(None), watchers)
    if killer.task:
        await killer.task


async def _check(base: str, data: Path, said: Acknowledged) -> None:
    cast, given = casting.load(data), demo.read_person(None)
    assert cast is not None
    person, regulator = Browser(base), Browser(base)
    await person.sign_in("person", str(given["login"]), str(given["password"]))
    for section, version in said.sections:
        kept = await person.get(f"/v1/me/sections/{section}/versions/{version}")
        assert kept["version"] == version
    grants = {grant["grant"]: grant["status"] for grant in (await person.get("/v1/me/grants"))["grants"]}
    assert said.grants <= grants.keys()
    assert all(grants[grant] == "withdrawn" for grant in said.withdrawn)
    actor = cast.actors["regulator"]
    await regulator.sign_in(actor.realm, actor.login, actor.password)
    for index, receipt in said.receipts.items():
        kept = await regulator.get(f"/v1/oversight/entries/{index}")
        assert base64.b64decode(kept["receipt"]["entry"]) == base64.b64decode(str(receipt["entry"]))
        assert verify_receipt(json.dumps(receipt).encode(), said.vkey).index == index
    await person.http.aclose()
    await regulator.http.aclose()
