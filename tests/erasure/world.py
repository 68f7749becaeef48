"""A person who wants their vault erased, and the rounds in which that is done."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tests.authserver.keys import Signer
from tests.deletion.world import Deletions
from tests.lawful.world import Lawful
from tests.profile.world import Administrator
from tests.release.world import Releases
from tests.requesters.world import PASSWORD, cheap_doorway
from vault import schema
from vault.db import Base, Database
from vault.erasure import Standing, ask, standing
from vault.erasure.carrying_out import carry_out, due
from vault.ids import PersonId
from vault.signin import Holder

WEEK = timedelta(days=7)


@dataclass
class Erasures:
    """Everything an erasure touches. The first person's password is ``PRESENT``."""

    lawful: Lawful
    key: Signer

    @staticmethod
    def new_key() -> Signer:
        """The bank's, with which it signs what it says about deletion orders."""
        return Signer.make()

    @property
    def releases(self) -> Releases:
        return self.lawful.releases

    @property
    def deletions(self) -> Deletions:
        """The same person and bank, as the tests of deletion see them."""
        return Deletions(self.releases.consents, self.key, self.administrator)

    @property
    def db(self) -> Database:
        return self.lawful.db

    @property
    def holder(self) -> Holder:
        return self.lawful.person

    @property
    def person(self) -> PersonId:
        return PersonId(self.holder.id)

    @property
    def administrator(self) -> Administrator:
        return self.lawful.administrator

    async def ask(self, *, holder: Holder | None = None, present: str = f"{PASSWORD} 1") -> Standing:
        return await ask(self.db, cheap_doorway(self.db), holder or self.holder, present)

    async def standing(self) -> Standing:
        return await self.db.run(standing, self.holder)

    async def due(self) -> list[tuple[PersonId, UUID]]:
        return await self.db.run(due)

    async def carried_out(self) -> int:
        """One round. How many vaults were erased."""
        return sum([await self.db.run(carry_out, *each) for each in await self.due()])

    async def erased(self) -> None:
        """Asked for, waited for, done."""
        await self.ask()
        self.releases.clock.move(WEEK)
        assert await self.carried_out() == 1

    async def rows(self) -> dict[str, int]:
        """Every row that leads to the person: {table: how many}, tables without any left out."""
        found = {}
        for table, column in keyed_by_person():
            (row,) = await self.administrator.rows(f"SELECT count(*) FROM {table} WHERE {column} = $1", self.person)
            if row["count"]:
                found[table] = int(row["count"])
        return found

    async def everything(self, person: PersonId | None = None) -> dict[str, list[Any]]:
        """Every row of every table that leads to the person, or to another one, as it stands."""
        return {
            table: [
                tuple(row)
                for row in await self.administrator.rows(
                    f"SELECT t::text FROM {table} t WHERE {column} = $1 ORDER BY 1", person or self.person
                )
            ]
            for table, column in keyed_by_person()
        }


def keyed_by_person() -> list[tuple[str, str]]:
    """Every table in which a row says whose it is, read from the models: a new one is looked at unasked."""
    columns = [(table.name, column) for table in tables() for column in ("person_id", "holder_id") if column in table.c]
    assert len(columns) > 20
    return columns


def tables() -> list[sa.Table]:
    schema.metadata()
    return list(Base.metadata.sorted_tables)
