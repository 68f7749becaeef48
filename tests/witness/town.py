"""Several witnesses in one process, reached by their addresses as over the wire; each can be away."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import NOW
from tests.ledger.world import ORIGIN as LEDGER
from tests.ledger.world import Log
from vault.clock import FixedClock
from vault.ledger.policy import Policy, parse_policy
from vault.witness import keys
from vault.witness.asking import AskedWitnesses
from vault.witness.memory import Memory
from vault.witness.rules import Logbook
from vault.witness.service import Service


class Town:
    """Witnesses by name; ``away`` do not answer, ``strange`` answer what a test put there."""

    def __init__(self) -> None:
        self.services: dict[str, Any] = {}
        self.vkeys: dict[str, str] = {}
        self.away: set[str] = set()
        self.strange: dict[str, httpx.Response] = {}

    async def answer(self, request: httpx.Request) -> httpx.Response:
        name = request.url.host.split(".")[0]
        if name in self.away:
            raise httpx.ConnectError("away")
        if name in self.strange:
            return self.strange[name]
        return await httpx.ASGITransport(app=self.services[name]).handle_async_request(request)

    def policy(self, quorum: str) -> Policy:
        """All witnesses, by their Ed25519 keys, and this last line."""
        lines = [f"witness {name} {vkey} https://{name}.example/" for name, vkey in self.vkeys.items()]
        return parse_policy("\n".join([*lines, quorum, ""]).encode())


class _Transport(httpx.AsyncBaseTransport):
    def __init__(self, town: Town) -> None:
        self._town = town

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._town.answer(request)


@asynccontextmanager
async def town(log: Log, folder: Path, *names: str) -> AsyncIterator[tuple[Town, httpx.AsyncClient]]:
    """Witnesses of the log of a test."""
    made = Town()
    with ExitStack() as stack:
        for name in names:
            own = keys.create(folder / name, f"{name}.example")
            Memory.create(folder / name)
            memory = stack.enter_context(Memory(folder / name))
            book = Logbook({LEDGER: log.signer.keys})
            made.services[name] = Service(own, memory, book, clock=FixedClock(NOW))
            made.vkeys[name] = own.cosigners[0].key.vkey()
        async with httpx.AsyncClient(transport=_Transport(made)) as client:
            yield made, client


def asked(log: Log, town: Town, client: httpx.AsyncClient, quorum: str) -> AskedWitnesses:
    """The log's side of it."""
    return AskedWitnesses(town.policy(quorum), client, log.database.clock)
