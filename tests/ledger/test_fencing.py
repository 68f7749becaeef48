"""The sequencer in trouble: fenced, cut off, misled. Nothing is lost, nothing comes twice, no writing on sand."""

import asyncio
from contextlib import suppress

import asyncpg
import pytest

from tests.ledger.world import FORGED, FOUNDED, Log, drafts, running
from vault.errors import Tampered
from vault.ledger import commit
from vault.ledger.checkpoint import LogKey, Signer
from vault.ledger.durable import NotDurable
from vault.ledger.sequencer import Fenced, Sequencer


class Deposed(Sequencer):
    """A sequencer that loses the lead at a chosen moment: just before its commit."""

    async def _commit(self, *args: object) -> None:
        if self.depose:
            self.depose = False
            connection = await self._database.connect("vault_ledger")
            await connection.fetchval(commit.NEW_EPOCH, 0)
            await connection.close()
        await super()._commit(*args)

    depose = True


async def test_a_fenced_commit_does_nothing(log: Log) -> None:
    """A commit under an old epoch leaves no trace: no entry, no tile, no checkpoint, and the outbox as it was."""
    await log.put(drafts(300))
    with pytest.raises(Fenced):
        await Deposed(log.database, log.signer).drain()
    report = await log.fsck()
    assert (report.entries, report.checkpoints, report.findings) == (0, 0, [])
    assert await log.waiting() == 300
    assert await log.drain() == 300


async def test_a_fenced_sequencer_leads_again(log: Log) -> None:
    """Having been fenced, a running sequencer reads the head anew and goes on."""
    async with running(Deposed(log.database, log.signer)):
        await log.put(drafts(300))
        await log.drained()
    assert (await log.fsck()).entries == 300


async def test_many_at_once_lose_nothing(log: Log) -> None:
    """Three without any lock between them, all believing they lead: every draft is in the tree exactly once."""

    async def rush() -> None:
        for _ in range(200):
            try:
                await Unlocked(log.database, log.signer).drain()
            except (Fenced, asyncpg.UniqueViolationError):
                continue
            if await log.waiting() == 0:
                return

    await log.put(drafts(1200))
    await asyncio.gather(*(rush() for _ in range(3)))
    assert len({m["id"] for m in await log.members()}) == 1200
    assert (await log.fsck()).findings == []


class Unlocked(Sequencer):
    """A sequencer that does not ask for the lock."""

    async def _until_free(self) -> None:
        return


async def test_a_killed_connection_loses_nothing(log: Log) -> None:
    """The server ends the sequencer's connection again and again, also in mid-commit: every draft gets in once."""
    async with running(Sequencer(log.database, log.signer)):
        for _ in range(15):
            await log.put(drafts(200))
            await log.tamper(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND usename LIKE 'vault_ledger%'"
            )
            await asyncio.sleep(0.02)
        await log.drained(30)
    assert len({m["id"] for m in await log.members()}) == 3000
    assert (await log.fsck()).findings == []


TAMPERED = {
    "a leaf hash changed": "UPDATE ledger_entries SET leaf_hash = sha256('x') WHERE idx = 299",
    "the last entry removed": "DELETE FROM ledger_entries WHERE idx = 299",
    "an entry beyond the head": "INSERT INTO ledger_entries VALUES (0, 300, sha256('x'), gen_random_uuid())",
    "a tile's root changed": "UPDATE ledger_tiles SET root = sha256('x')",
    "a tile removed": "DELETE FROM ledger_tiles",
    "the head set back": "UPDATE ledger_heads SET size = 299",
    "the head's root changed": "UPDATE ledger_heads SET root = sha256('x')",
    "the head's frontier changed": "UPDATE ledger_heads SET frontier = sha256('x')",
    "the head removed": "DELETE FROM ledger_heads",
    "the newest checkpoint removed": "DELETE FROM ledger_checkpoints WHERE size = 300",
    "every checkpoint removed": "DELETE FROM ledger_checkpoints",
    "a checkpoint's signature changed": FORGED,
    "a checkpoint under another size": "UPDATE ledger_checkpoints SET size = 301 WHERE size = 300",
}


async def test_it_does_not_write_on_sand(log: Log) -> None:
    """Where rows, head and newest checkpoint disagree, whichever of them was changed, it does not begin to write."""
    await log.put(drafts(300))
    await log.drain()
    await log.put(drafts(1))
    refused = []
    for what, statement in TAMPERED.items():
        async with log.broken(statement):
            with suppress(Tampered):
                await log.drain()
                continue
            assert await log.waiting() == 1
            refused.append(what)
    assert refused == list(TAMPERED)
    assert await log.drain() == 301


async def test_it_says_that_it_refuses(log: Log) -> None:
    """A running sequencer that refuses to write says why, and writes again once the rows are as they were."""
    await log.put(drafts(300))
    await log.drain()
    sequencer = Sequencer(log.database, log.signer)
    async with log.broken(TAMPERED["a leaf hash changed"]), running(sequencer):
        async with asyncio.timeout(10):
            while sequencer.failure is None or sequencer.leading:
                await asyncio.sleep(0.01)
    async with running(sequencer):
        await log.put(drafts(1))
        await log.drained()
    assert sequencer.failure is None


async def test_another_log_key_is_not_continued(log: Log) -> None:
    """A sequencer with a strange key does not extend a log that another key signed."""
    await log.record(FOUNDED)
    await log.drain()
    stranger = Signer([LogKey(log.signer.keys[0].origin, b"k" * 32)], log.signer.sign)
    with pytest.raises(Tampered) as caught:
        await Sequencer(log.database, stranger).drain()
    assert "checkpoint" in caught.value.private


class Notice:
    """What the driver hands to a log listener."""

    sqlstate = "01000"
    message = "canceling wait for synchronous replication due to user request"


class Doubtful(Sequencer):
    """A sequencer whose server gave up waiting for its standby during the commit."""

    async def _commit(self, *args: object) -> None:
        self._heed(None, Notice())
        await super()._commit(*args)


async def test_a_commit_that_is_not_durable_is_none(log: Log) -> None:
    """WARNING 01000 for a commit: nobody is told that it succeeded, and the sequencer begins again."""
    told: list[int] = []
    await log.record(FOUNDED)
    with pytest.raises(NotDurable):
        await Doubtful(log.database, log.signer, on_commit=lambda: told.append(1)).drain()
    assert told == []


async def test_other_warnings_do_not_matter(log: Log) -> None:
    """A notice that is not about durability changes nothing."""
    await log.record(FOUNDED)
    sequencer = Sequencer(log.database, log.signer)
    other = Notice()
    other.message = "there is no transaction in progress"
    sequencer._heed(None, other)
    assert await sequencer.drain() == 1


async def test_the_sequencer_may_only_add(log: Log) -> None:
    """The sequencer's role may not change or remove an entry, a body, a tile or a checkpoint."""
    await log.put(drafts(300))
    await log.drain()
    connection = await log.database.connect("vault_ledger")
    try:
        for table in ("entries", "bodies", "tiles", "checkpoints"):
            for statement in ("UPDATE {} SET shard = 1", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement.format(f"ledger_{table}"))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("SET session_replication_role = replica")
    finally:
        await connection.close()


async def test_the_database_compares_columns_with_the_leaf(log: Log) -> None:
    """A row whose search column differs from its leaf is refused by the database, also for the owner."""
    await log.put(drafts(1))
    await log.drain()
    for column, value in (("event", "'x'"), ("requester", "NULL"), ("at", "-1"), ("tag", "NULL"), ("seq", "7")):
        with pytest.raises(asyncpg.CheckViolationError):
            await log.tamper(f"UPDATE ledger_bodies SET {column} = {value}")  # constants above
