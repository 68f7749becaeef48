"""The examples, walked through from the first line to the last against a running installation."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.examples.walking import PATIENCE, Example, People
from tests.story.installation import REPOSITORY, Serving, environment, free_port
from vault.ledger.verify import verify_receipt

pytestmark = pytest.mark.asyncio(loop_scope="module")
EXAMPLES = REPOSITORY / "examples"
COMMANDS = {
    "python": [sys.executable, str(EXAMPLES / "python" / "bank.py")],
    "node": ["node", str(EXAMPLES / "node" / "bank.js")],
    "curl": ["bash", str(EXAMPLES / "curl" / "bank.sh")],
}
LISTENING = ["python", "node"]


@asynccontextmanager
async def _serving(folder: Path) -> AsyncIterator[str]:
    """`pivault run --kit`, as the examples' page says; yields its address."""
    port = str(free_port())
    given = ["--data", str(folder / "data"), "--kit", str(folder / "kit"), "--port", port]
    log = folder / "run.log"
    run = Serving(["run", *given, "--redirect-port", str(free_port())], log, environment())
    try:
        for _ in range(PATIENCE * 20):
            if "Ctrl-C stops everything" in log.read_text():
                break
            assert run.process.poll() is None, log.read_text()
            await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        run.stop()


@asynccontextmanager
async def _browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-quic"])
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[People]:
    """The people of a kit that has just been written, before a browser."""
    folder = tmp_path_factory.mktemp("examples")
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(_serving(folder))
        yield People(base, folder / "kit", await stack.enter_async_context(_browser()))


@pytest_asyncio.fixture(loop_scope="module")
async def start(tmp_path: Path, people: People) -> AsyncIterator["Start"]:
    """Starts examples, each with a copy of the kit, and ends them."""
    started = Start(people.kit, tmp_path / "kit")
    yield started
    await started.example.stop()


class Start:
    """Call it with an example's name."""

    example: Example

    def __init__(self, kit: Path, copy: Path) -> None:
        self.kit = shutil.copytree(kit, copy)

    async def __call__(self, name: str) -> tuple[Example, str]:
        """The example, and the address it wants the person to open."""
        self.example = await Example.start(*COMMANDS[name], str(self.kit))
        return self.example, await self.example.until(r"http\S+/oauth/authorize\?\S+")


@pytest.mark.parametrize("name", COMMANDS)
async def test_the_whole_way(start: Start, people: People, name: str) -> None:
    """Discovery, request, consent, token, release, refresh, release, withdrawal; then nothing works any more."""
    example, address = await start(name)
    reached = await people.decide(address, "allow")
    if name not in LISTENING:
        await example.type(reached)
    for _ in range(2 if name in LISTENING else 0):  # the sensitive item, at each of the two releases
        await people.approve((await example.until(r"approve: \S+")).rsplit("/", 1)[-1])
    await example.until("7. Withdraw")
    assert verify_receipt((start.kit / "receipt.json").read_bytes(), (start.kit / "log.vkey").read_text()).index
    await people.withdraw()
    await example.type()
    assert await example.end() == 0, example.text
    assert "identity.birthdate (predicate:over_18): true" in example.text
    assert [line for line in example.seen if line.startswith("   release: 403 ")], example.text
    assert [line for line in example.seen if line.startswith("   refresh: 400 invalid_grant")], example.text
    assert (people.read("person.json")["password"]) not in example.text


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_no(start: Start, people: People, name: str) -> None:
    """When the person says no, the business learns just that."""
    example, address = await start(name)
    reached = await people.decide(address, "deny")
    if name not in LISTENING:
        await example.type(reached)
    assert await example.end() == 1
    assert "no: access_denied" in example.text, example.text
