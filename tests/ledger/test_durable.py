"""A standby that is not there: what was committed here alone is no receipt, however visible it is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import NOW, fresh_ring
from tests.ledger.world import FOUNDED, ORIGIN, Log, running
from vault.clock import FixedClock
from vault.db import Database
from vault.embedded import EmbeddedServer
from vault.errors import Unavailable
from vault.ledger.checkpoint import ring_signer
from vault.ledger.follower import Receipts
from vault.ledger.sequencer import Sequencer
from vault.schema import migrate

WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[Log]:
    """A log on a server of its own."""
    ring = fresh_ring()
    with EmbeddedServer.start(tmp_path / "pg") as server:
        await migrate(server.admin_url, ring)
        database = Database(server.admin_url, ring, FixedClock(NOW))
        yield Log(database, ring_signer(ring, ORIGIN), server.admin_url)
        await administer(server.admin_url, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
        await database.close()


async def administer(url: str, *statements: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url, server_settings={"synchronous_commit": "local"})
    try:
        for statement in statements:
            found = await connection.fetch(statement)
        return list(found)
    finally:
        await connection.close()


async def test_a_cancelled_wait_gives_no_receipt(alone: Log) -> None:
    """The standby is gone and every wait for it is cancelled, as an impatient administrator would: entry and checkpoint
    are visible, no receipt is given. Without a standby to wait for, the same entry's receipt comes."""
    receipts = Receipts(alone.database, alone.signer.keys)

    async def cancel() -> None:
        while True:
            await administer(alone.admin_url, f"SELECT pg_cancel_backend(pid) FROM ({WAITING}) w")
            await asyncio.sleep(0.01)

    tasks = [asyncio.create_task(act) for act in (cancel(), receipts.run())]
    try:
        async with running(Sequencer(alone.database, alone.signer)) as sequencer:
            first = await alone.record(FOUNDED)
            assert (await receipts.wait(first[0], 20)).index == 0
            names = "ALTER SYSTEM SET synchronous_standby_names = 'missing'"
            await administer(alone.admin_url, names, "SELECT pg_reload_conf()")
            async with asyncio.timeout(20):  # until the follower has seen the setting
                while not receipts._barrier._needed:
                    await asyncio.sleep(0.05)
            recorded = await alone.record(FOUNDED)
            async with asyncio.timeout(20):
                while len(await administer(alone.admin_url, "SELECT size FROM ledger_checkpoints")) < 2:
                    await asyncio.sleep(0.05)
            near = Receipts(alone.database, alone.signer.keys, sequencer=sequencer)
            for waiting in (receipts, near):  # one that reads the rows, one to which commits are handed over
                with pytest.raises(Unavailable):
                    await waiting.wait(recorded[0], 1)
            assert receipts.size == 1
            reset = "ALTER SYSTEM RESET synchronous_standby_names"
            await administer(alone.admin_url, reset, "SELECT pg_reload_conf()")
            assert (await receipts.wait(recorded[0], 20)).index == 1
            assert sequencer.failure is None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
