"""A real server on a real socket: application, sequencer and tidying, as one process of an installation runs them."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from litestar import Litestar

from tests.profile.world import Administrator
from vault.app import create_app
from vault.cli.serving import Server
from vault.clock import SystemClock
from vault.crypto.canonical import b64
from vault.crypto.keyring import MemoryRing
from vault.crypto.signing import SigningKey, new_signing_seed
from vault.db import LEDGER, Database
from vault.ledger.checkpoint import ring_signer
from vault.ledger.fsck import Report, fsck
from vault.proofing.simulator import OrganisationSimulator, Simulator
from vault.proofing.simulator import Server as SourceServer
from vault.proofing.source import Question
from vault.settings import Settings
from vault.worker import running

CHEAP_MEMORY = 8192 * 1024
"""The least that libsodium lets: nobody's data is behind these passwords."""


class Register(Simulator):
    """The simulated authority, which can be broken at will."""

    is_broken = False

    def answer(self, question: Question) -> str | None:
        return None if self.is_broken else super().answer(question)


@dataclass(frozen=True)
class Installation:
    """What runs, and the keys to look behind it."""

    settings: Settings
    database: Database
    app: Litestar
    register: Register
    administrator: Administrator

    @property
    def base(self) -> str:
        """The public address."""
        return self.settings.issuer_url

    @property
    def port(self) -> int:
        """The port it listens on, at 127.0.0.1."""
        return self.settings.port

    async def settled(self) -> None:
        """Wait until everything recorded is in the tree."""
        for _ in range(500):
            if not await self.administrator.rows("SELECT FROM ledger_outbox LIMIT 1"):
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the outbox does not empty")

    async def fsck(self) -> Report:
        """Check the whole ledger from its rows."""
        await self.settled()
        connection = await self.database.connect(LEDGER)
        try:
            ring = self.database.ring
            return await fsck(connection, ring_signer(ring, self.settings.origin(ring.id)).keys)
        finally:
            await connection.close()


@contextmanager
def _register() -> Iterator[SourceServer]:
    server = SourceServer(
        Register(SigningKey(new_signing_seed()), SystemClock()),
        0,
        OrganisationSimulator(SigningKey(new_signing_seed()), SystemClock()),
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _listening() -> Iterator[socket.socket]:
    # Named as TCP: asyncio turns off the 40 ms of delay (Nagle) only where it sees that.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(256)
        yield sock


@asynccontextmanager
async def installation(admin_url: str, ring: MemoryRing) -> AsyncIterator[Installation]:
    """Serve this database in the running loop, until the block ends."""
    with _register() as source, _listening() as sock:
        register = source.simulator
        assert isinstance(register, Register)
        assert source.organisations is not None
        settings = Settings(
            port=sock.getsockname()[1],
            source_url=source.url,
            source_key=b64(register.key.public),
            registers_url=source.url,
            registers_key=b64(source.organisations.key.public),
            argon2_memory=CHEAP_MEMORY,
            argon2_passes=1,
        )
        database = Database(admin_url, ring, SystemClock(), pool_size=settings.pool_size)
        async with running(settings, database) as sequencer:
            app = create_app(settings, database, sequencer=sequencer)
            server = Server(app, sock)
            task = asyncio.create_task(server._serve([sock]))  # without taking signals away from pytest
            while not server.started and not task.done():
                await asyncio.sleep(0.01)
            assert server.started, "the server did not start"
            try:
                yield Installation(settings, database, app, register, Administrator(admin_url))
            finally:
                server.stop()
                await task
        await database.close()
