"""What a test needs to walk through an example: its process, and the people before their browser."""

import asyncio
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

PATIENCE = 60
"""Seconds without a line before an example counts as stuck."""


class Example:
    """A running example. ``seen``: every line it has printed so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.seen: list[str] = []
        self._process = process

    @classmethod
    async def start(cls, *command: str) -> "Example":
        """Start one; its errors come with its lines."""
        pipe, both = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
        env = os.environ | {"PYTHONUNBUFFERED": "1"}
        return cls(await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=both, env=env))

    async def until(self, pattern: str) -> str:
        """Wait for a line that matches; returns the match."""
        while line := await self._line():
            if found := re.search(pattern, line):
                return found[0]
        raise AssertionError(f"it ended without {pattern}:\n{self.text}")

    async def _line(self) -> str:
        assert self._process.stdout is not None
        line = (await asyncio.wait_for(self._process.stdout.readline(), PATIENCE)).decode()
        self.seen.append(line.rstrip())
        return line

    async def type(self, line: str = "") -> None:
        """Type a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()

    async def end(self) -> int:
        """Wait for its end; returns the exit status."""
        while await self._line():
            pass
        return await asyncio.wait_for(self._process.wait(), PATIENCE)

    async def stop(self) -> None:
        """End it, whatever it does."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    @property
    def text(self) -> str:
        """Everything printed so far."""
        return "\n".join(self.seen)


@dataclass
class People:
    """Who of the kit sits before which browser."""

    base: str
    kit: Path
    browser: Browser

    async def signed_in(self, part: str, door: str) -> Page:
        """A fresh window in which somebody of the kit has signed in at an address that asks for it."""
        page = await (await self.browser.new_context(locale="en-GB")).new_page()
        await page.goto(door)
        who = self.read(f"{part}.json")
        await page.fill("[name=login]", who["login"])
        await page.fill("[name=password]", who["password"])
        await page.click("main button[type=submit]")
        await page.wait_for_selector("form[action='/sign-out']")
        return page

    async def decide(self, address: str, decision: str) -> str:
        """The person follows the address, ticks everything and decides; returns where the browser is sent."""
        page = await self.signed_in("person", address)
        for box in await page.locator("main input[type=checkbox]").all():
            await box.check()
        back = re.compile(re.escape(self.read("client.json")["redirect_uri"]) + r"\?")
        async with page.expect_request(back) as sent:
            await page.click(f"button[name=decision][value={decision}]", no_wait_after=True)
        request = await sent.value
        await request.response()  # none where nobody listens: then the browser would try again and again
        await page.context.close()
        return request.url

    async def approve(self, release: str) -> None:
        """The release officer lets a waiting release go."""
        page = await self.signed_in("release-officer", f"{self.base}/desk/sign-in")
        await page.goto(f"{self.base}/desk/releases/{release}")
        await page.fill("[name=reason]", "Within the permit.")
        await page.click("button[name=decision][value=approve]")
        await page.wait_for_selector("[role=status]")

    async def withdraw(self) -> None:
        """The person stops the newest sharing, on the pages."""
        page = await self.signed_in("person", f"{self.base}/grants")
        await page.click("article >> nth=0 >> a.button-stop")
        await page.click("main .actions a.button >> nth=0")
        await page.click("form button.button-stop")
        await page.wait_for_selector(".note-good[role=status]")

    def read(self, name: str) -> Any:
        """A file of the kit."""
        return json.loads((self.kit / name).read_text())
