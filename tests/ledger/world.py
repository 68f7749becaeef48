"""A log on a real database, and the events its tests record."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from vault import ids
from vault.crypto.canonical import reread
from vault.db import LEDGER, Database
from vault.ids import EntryId, PersonId
from vault.ledger.checkpoint import Checkpoint, Signer
from vault.ledger.events import PERSON, REGISTRY, Event, Item, requester
from vault.ledger.fsck import Report, fsck
from vault.ledger.leaf import draft, finish
from vault.ledger.log import append
from vault.ledger.sequencer import Sequencer
from vault.ledger.subjects import create_subject
from vault.ledger.tree import Edge, leaf_hash

ORIGIN = "ledger.example/test"


def released(requester_id: UUID, *, purpose: str = "credit.assessment", count: int | None = None) -> Event:
    """A release as the release room would record it."""
    return Event(
        name="release.delivered",
        actor=requester(requester_id),
        requester=requester_id,
        declaration=UUID(int=7),
        declaration_version=1,
        purpose=purpose,
        items=(Item("identity.name", "raw"), Item("contact.phone", "masked")),
        ref=ids.public(ids.RELEASE, ids.new_uuid()),
        consent=os.urandom(32),
        permit=bytes(32),
        commit=os.urandom(32),
        count=count,
    )


def written(section: str = "identity") -> Event:
    """A person writing a section."""
    return Event(name="section.written", actor=PERSON, items=(Item(section),))


TABLES = (
    "ledger_heads",
    "ledger_entries",
    "ledger_ids",
    "ledger_bodies",
    "ledger_tiles",
    "ledger_checkpoints",
    "ledger_outbox",
)
FORGED = "UPDATE ledger_checkpoints SET note = left(note, -9) || 'AAAAAAA=' || E'\\n'"
"""Every checkpoint with a signature that is not genuine."""
BANK, SHOP = UUID(int=1), UUID(int=2)
FOUNDED = Event(name="registry.founded", actor=REGISTRY)
"""An event that is about nobody."""


def drafts(count: int) -> list[tuple[UUID, bytes, bytes]]:
    """So many rows for the outbox, releases of two requesters in turn."""
    made = []
    for number in range(count):
        entry_id = ids.new_uuid()
        made.append((entry_id, draft(released((BANK, SHOP)[number % 2]), entry_id, number), os.urandom(32)))
    return made


@asynccontextmanager
async def running(sequencer: Sequencer) -> AsyncIterator[Sequencer]:
    """A sequencer at work for as long as the block lasts."""
    task = asyncio.create_task(sequencer.run())
    try:
        yield sequencer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass(frozen=True)
class Log:
    """A log on a real database, with the acts the tests need."""

    database: Database
    signer: Signer
    admin_url: str

    async def person(self) -> tuple[PersonId, bytes]:
        """A person with a ledger key."""
        person = PersonId(ids.new_uuid())
        async with self.database.begin() as session:
            return person, await create_subject(session, person)

    async def record(self, *events: Event, person: PersonId | None = None) -> list[EntryId]:
        """Record events, each in a transaction of its own."""
        recorded = []
        for event in events:
            async with self.database.begin() as session:
                recorded.append(await append(session, event, person=person))
        return recorded

    async def put(self, rows: Sequence[tuple[UUID, bytes, bytes | None]]) -> None:
        """Put rows into the outbox as they are."""
        connection = await self.admin()
        try:
            await connection.copy_records_to_table(
                "ledger_outbox", records=[(0, *row) for row in rows], columns=["shard", "id", "draft", "tag"]
            )
        finally:
            await connection.close()

    async def fill(self, count: int) -> None:
        """Put so many drafts of releases into the outbox at once."""
        await self.put(drafts(count))

    async def members(self) -> list[dict[str, object]]:
        """What every entry in the tree says, in order."""
        connection = await self.admin()
        try:
            return [reread(body) for (body,) in await connection.fetch("SELECT body FROM ledger_bodies ORDER BY idx")]
        finally:
            await connection.close()

    async def waiting(self) -> int:
        """How many drafts are in the outbox."""
        connection = await self.admin()
        try:
            return int(await connection.fetchval("SELECT count(*) FROM ledger_outbox"))
        finally:
            await connection.close()

    async def drained(self, seconds: float = 10) -> None:
        """Wait until the outbox is empty."""
        async with asyncio.timeout(seconds):
            while await self.waiting():
                await asyncio.sleep(0.01)

    async def plant(self, count: int) -> None:
        """A genuine tree of so many entries without bodies but for the last, not through the outbox: quick."""
        entry_id = ids.new_uuid()
        last = finish(reread(draft(FOUNDED, entry_id, 0)), index=count - 1, seq=None, tag=None)
        hashes = [leaf_hash(b"%d" % number) for number in range(count - 1)] + [last.hash]
        edge = Edge()
        edge.extend(hashes)
        note = self.signer.note(Checkpoint(ORIGIN, count, edge.root()))
        tiles = [(0, *tile) for tile in edge.finished_tiles(0)]
        entries = [(0, index, hashed, ids.new_uuid()) for index, hashed in enumerate(hashes[:-1])]
        connection = await self.admin()
        try:
            copy = connection.copy_records_to_table
            await copy("ledger_entries", records=[*entries, (0, count - 1, last.hash, entry_id)])
            await copy("ledger_ids", records=[(entry_id, 0, count - 1)])
            await copy("ledger_tiles", records=tiles)
            await connection.execute(
                "INSERT INTO ledger_bodies (shard, idx, body, at, event) VALUES (0, $1, $2, 0, 'registry.founded')",
                count - 1,
                last.body,
            )
            await connection.execute("INSERT INTO ledger_checkpoints VALUES (0, $1, $2, now())", count, note)
            head = "UPDATE ledger_heads SET size = $1, root = $2, frontier = $3"
            await connection.execute(head, count, edge.root(), b"".join(edge.frontier()))
        finally:
            await connection.close()

    async def id_at(self, index: int) -> EntryId:
        """The id of the entry at an index."""
        connection = await self.admin()
        try:
            return EntryId(UUID(str(await connection.fetchval("SELECT id FROM ledger_entries WHERE idx = $1", index))))
        finally:
            await connection.close()

    async def drain(self) -> int:
        """Let a sequencer empty the outbox; the size of the tree then."""
        return await Sequencer(self.database, self.signer).drain()

    async def narrow(self) -> None:
        """Forget the first, wide partition, so that a sequencer makes those of its own width."""
        await self.tamper("DROP TABLE ledger_entries_0, ledger_bodies_0")
        await self.tamper("DELETE FROM ledger_partitions")

    async def fsck(self) -> Report:
        """Check everything."""
        connection = await self.database.connect(LEDGER)
        try:
            return await fsck(connection, self.signer.keys)
        finally:
            await connection.close()

    async def admin(self) -> asyncpg.Connection:
        """A superuser's connection, with triggers off: who may break things."""
        return await asyncpg.connect(self.admin_url, server_settings={"session_replication_role": "replica"})

    @asynccontextmanager
    async def broken(self, statement: str) -> AsyncIterator[None]:
        """Change rows as a superuser would, for as long as the block lasts."""
        connection = await self.admin()
        try:
            for table in TABLES:
                await connection.execute(f"CREATE TABLE kept_{table} AS TABLE {table}")
            await connection.execute(statement)
            yield
            for table in TABLES:
                await connection.execute(f"TRUNCATE {table}")
                await connection.execute(f"INSERT INTO {table} TABLE kept_{table}")  # constants above
                await connection.execute(f"DROP TABLE kept_{table}")
        finally:
            await connection.close()

    async def tamper(self, statement: str, *args: object) -> None:
        """Change rows as a superuser would."""
        connection = await self.admin()
        try:
            await connection.execute(statement, *args)
        finally:
            await connection.close()
