"""The sequencer: one writer at a time, nothing lost, nothing twice, and no writing on sand."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest

from tests.ledger.world import FOUNDED, Log, released, written
from vault import ids
from vault.crypto.canonical import reread
from vault.errors import Tampered
from vault.ids import EntryId
from vault.ledger import commit
from vault.ledger.checkpoint import verify
from vault.ledger.leaf import draft
from vault.ledger.sequencer import CAP, Fenced, NotDurable, Sequencer

BANK, SHOP = UUID(int=1), UUID(int=2)


async def bodies(log: Log) -> list[dict[str, object]]:
    connection = await log.admin()
    try:
        return [reread(body) for (body,) in await connection.fetch("SELECT body FROM ledger_bodies ORDER BY idx")]
    finally:
        await connection.close()


async def waiting(log: Log) -> int:
    connection = await log.admin()
    try:
        return int(await connection.fetchval("SELECT count(*) FROM ledger_outbox"))
    finally:
        await connection.close()


def drafts(count: int) -> list[tuple[UUID, bytes, bytes]]:
    made = []
    for number in range(count):
        entry_id = ids.new_uuid()
        made.append((entry_id, draft(released((BANK, SHOP)[number % 2]), entry_id, 1), os.urandom(32)))
    return made


@asynccontextmanager
async def running(sequencer: Sequencer) -> AsyncIterator[Sequencer]:
    task = asyncio.create_task(sequencer.run())
    try:
        yield sequencer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: object, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # type: ignore[operator]  # a coroutine function
            await asyncio.sleep(0.01)


async def test_drafts_become_entries_in_order(log: Log) -> None:
    """Everything in the outbox is in the tree, in order of id, under contiguous indexes; the outbox is empty."""
    person, _ = await log.person()
    recorded = [*await log.record(FOUNDED), *await log.record(written(), written(), person=person)]
    assert await log.drain() == 3
    members = await bodies(log)
    assert [m["index"] for m in members] == [0, 1, 2]
    assert sorted(m["id"] for m in members) == sorted(ids.public(ids.ENTRY, entry_id) for entry_id in recorded)
    assert await waiting(log) == 0
    assert (await log.fsck()).findings == []


async def test_requesters_are_counted_across_batches_and_restarts(log: Log) -> None:
    """A requester's sequence goes on without a gap when another sequencer takes over."""
    for count in (3, CAP + 10, 1):
        await log.put(drafts(count))
        await log.drain()
    seqs: dict[object, list[object]] = {}
    for members in await bodies(log):
        seqs.setdefault(members["requester"], []).append(members["seq"])
    for counted in seqs.values():
        assert counted == list(range(len(counted)))
    assert (await log.fsck()).findings == []


async def test_a_large_outbox_fills_tiles(log: Log) -> None:
    """A thousand drafts go in by full batches; tiles, checkpoints and columns all hold."""
    await log.put(drafts(1000))
    assert await log.drain() == 1000
    report = await log.fsck()
    assert (report.entries, report.checkpoints, report.findings) == (1000, -(-1000 // CAP), [])


async def test_nothing_to_do_signs_nothing(log: Log) -> None:
    """An empty outbox leaves the tree as it is."""
    assert await log.drain() == 0
    assert (await log.fsck()).checkpoints == 0


async def test_every_commit_is_signed(log: Log) -> None:
    """The newest checkpoint is over the head, by the log's key, under the log's origin."""
    await log.record(FOUNDED)
    await log.drain()
    connection = await log.admin()
    note = await connection.fetchval("SELECT note FROM ledger_checkpoints")
    root = await connection.fetchval("SELECT root FROM ledger_heads")
    await connection.close()
    assert (verify(note, log.signer.keys).size, verify(note, log.signer.keys).root) == (1, root)


async def test_it_notices_by_itself(log: Log) -> None:
    """A running sequencer picks up what nobody hinted at, and calls back after the commit."""
    grown = asyncio.Event()
    async with running(Sequencer(log.database, log.signer, on_commit=grown.set)):
        await log.record(FOUNDED)
        await asyncio.wait_for(grown.wait(), 5)
    assert await waiting(log) == 0


async def test_a_draft_from_long_ago_is_not_overlooked(log: Log) -> None:
    """A draft whose id is older than what was drained, from a slow transaction, gets in all the same."""
    async with running(Sequencer(log.database, log.signer)) as sequencer:
        await log.record(FOUNDED)
        await until(lambda: _is(log, 0))
        old = EntryId(UUID("01900000-0000-7000-8000-000000000001"))
        await log.put([(old, draft(released(BANK), old, 1), None)])
        sequencer.hint()
        await until(lambda: _is(log, 0))
    assert [m["index"] for m in await bodies(log)] == [0, 1]


async def _is(log: Log, count: int) -> bool:
    return await waiting(log) == count


async def test_two_sequencers_take_turns(log: Log) -> None:
    """Of two, one leads; when it stops, the other does; the log stays whole and nothing is in it twice."""
    first, second = Sequencer(log.database, log.signer), Sequencer(log.database, log.signer)
    async with running(second):
        async with running(first):
            await log.put(drafts(300))
            await until(lambda: _is(log, 0))
            assert first.leading != second.leading
        await log.put(drafts(300))
        await until(lambda: _is(log, 0))
        if not second.leading:
            await asyncio.sleep(0.3)
    assert len(await bodies(log)) == 600
    assert (await log.fsck()).findings == []


class Deposed(Sequencer):
    """A sequencer that loses the lead at a chosen moment: just before its commit."""

    async def _commit(self, *args: object) -> None:
        if self.depose:
            self.depose = False
            connection = await self._database.connect("vault_ledger")
            await connection.fetchval(commit.NEW_EPOCH, 0)
            await connection.close()
        await super()._commit(*args)  # type: ignore[arg-type]  # passed along

    depose = True


async def test_a_fenced_commit_does_nothing(log: Log) -> None:
    """A commit under an old epoch leaves no trace: no entry, no tile, no checkpoint, and the outbox as it was."""
    await log.put(drafts(300))
    with pytest.raises(Fenced):
        await Deposed(log.database, log.signer).drain()
    report = await log.fsck()
    assert (report.entries, report.checkpoints, report.findings) == (0, 0, [])
    assert await waiting(log) == 300
    assert await log.drain() == 300


async def test_a_fenced_sequencer_leads_again(log: Log) -> None:
    """Having been fenced, a running sequencer reads the head anew and goes on."""
    async with running(Deposed(log.database, log.signer)):
        await log.put(drafts(300))
        await until(lambda: _is(log, 0))
    assert (await log.fsck()).entries == 300


async def test_many_at_once_lose_nothing(log: Log) -> None:
    """Three without any lock between them, all believing they lead: every draft is in the tree exactly once."""

    async def rush() -> None:
        for _ in range(200):
            try:
                await Unlocked(log.database, log.signer).drain()
            except (Fenced, asyncpg.UniqueViolationError):
                continue
            if await waiting(log) == 0:
                return

    await log.put(drafts(1200))
    await asyncio.gather(*(rush() for _ in range(3)))
    assert len({m["id"] for m in await bodies(log)}) == 1200
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
        await until(lambda: _is(log, 0), 30)
    assert len({m["id"] for m in await bodies(log)}) == 3000
    assert (await log.fsck()).findings == []


async def test_an_entry_drained_twice_is_in_the_tree_once(log: Log) -> None:
    """A draft that is back in the outbox after its commit, as after a crash between two databases, is dropped."""
    again = drafts(3)
    await log.put(again)
    await log.drain()
    await log.put([again[1], *drafts(2)])
    assert await log.drain() == 5
    assert await waiting(log) == 0
    assert (await log.fsck()).findings == []


async def test_another_draft_under_a_taken_id_is_told(log: Log) -> None:
    """A different draft under an id that is in the tree is recorded as refused, not dropped in silence."""
    first = drafts(1)
    await log.put(first)
    await log.drain()
    ((entry_id, _, tag),) = first
    await log.put([(entry_id, draft(released(SHOP), entry_id, 2), tag)])
    assert await log.drain() == 2
    refused = (await bodies(log))[1]
    assert (refused["event"], refused["reason"], refused["ref"]) == (
        "draft.refused",
        "id_taken",
        ids.public(ids.ENTRY, entry_id),
    )


async def test_rubbish_does_not_stop_the_log(log: Log) -> None:
    """What is no draft is recorded by its digest; what stands behind it in the outbox gets in."""
    rubbish = [(ids.new_uuid(), body, None) for body in (b"", b"{", b"\x00\xff", b"[1.5]", "名".encode())]
    await log.put([*rubbish, *drafts(1)])
    assert await log.drain() == 6
    assert sorted(str(m["event"]) for m in await bodies(log)) == ["draft.refused"] * 5 + ["release.delivered"]
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
    "a checkpoint's signature changed": "UPDATE ledger_checkpoints SET note = replace(note, 'A', 'B')",
    "a checkpoint under another size": "UPDATE ledger_checkpoints SET size = 301 WHERE size = 300",
}


@pytest.mark.parametrize("what", TAMPERED)
async def test_it_does_not_write_on_sand(log: Log, what: str) -> None:
    """Where rows, head and newest checkpoint disagree, it writes nothing, says so, and stays that way."""
    await log.put(drafts(300))
    await log.drain()
    await log.tamper(TAMPERED[what])
    await log.put(drafts(1))
    sequencer = Sequencer(log.database, log.signer)
    with pytest.raises(Tampered):
        await sequencer.drain()
    async with running(sequencer):
        await until(lambda: _failed(sequencer))
    assert await waiting(log) == 1


async def _failed(sequencer: Sequencer) -> bool:
    return sequencer.failure is not None and not sequencer.leading


async def test_another_log_key_is_not_continued(log: Log) -> None:
    """A sequencer with a strange key does not extend a log that another key signed."""
    await log.record(FOUNDED)
    await log.drain()
    stranger = log.signer.__class__([log.signer.keys[0].__class__("ledger.example/test", b"k" * 32)], log.signer.sign)
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
        await super()._commit(*args)  # type: ignore[arg-type]  # passed along


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
    for column, value in (("event", "'x'"), ("requester", "NULL"), ("at", "0"), ("tag", "NULL"), ("seq", "7")):
        with pytest.raises(asyncpg.CheckViolationError):
            await log.tamper(f"UPDATE ledger_bodies SET {column} = {value}")  # constants above
