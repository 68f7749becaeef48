"""A log on a real database, and the events its tests record."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from vault import ids
from vault.db import LEDGER, Database
from vault.ids import EntryId, PersonId
from vault.ledger.checkpoint import Signer
from vault.ledger.events import PERSON, REGISTRY, Event, Item, requester
from vault.ledger.fsck import Report, fsck
from vault.ledger.leaf import draft
from vault.ledger.log import append
from vault.ledger.sequencer import Sequencer
from vault.ledger.subjects import create_subject

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


FOUNDED = Event(name="registry.founded", actor=REGISTRY)
"""An event that is about nobody."""


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
        rows = []
        for number in range(count):
            entry_id = ids.new_uuid()
            rows.append((entry_id, draft(released(UUID(int=number % 3)), entry_id, number), os.urandom(32)))
        await self.put(rows)

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

    async def fsck(self) -> Report:
        """Check everything."""
        connection = await self.database.connect(LEDGER)
        try:
            return await fsck(connection, self.signer.keys)
        finally:
            await connection.close()

    async def admin(self) -> asyncpg.Connection:
        """A superuser's connection: who may break things."""
        return await asyncpg.connect(self.admin_url)

    async def tamper(self, statement: str, *args: object) -> None:
        """Change rows as a superuser would."""
        connection = await self.admin()
        try:
            await connection.execute(statement, *args)
        finally:
            await connection.close()
