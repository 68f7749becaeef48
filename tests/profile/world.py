"""People with vaults in a founded registry, made through public acts."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg
import sqlalchemy as sa

from tests.requesters.world import PASSWORD, Staff, cheap_doorway, found_registry
from vault.accounts import Claim, register
from vault.accounts.numbers import check_character
from vault.db import Database, Session
from vault.profile import sections
from vault.signin import Holder, prepare

T = TypeVar("T")

IDENTITY: dict[str, Any] = {
    "name": "欧阳静怡",
    "birthdate": "1990-06-18",
    "national_id": {"scheme": "cn-ric", "number": "510107199006184623"},
}
CONTACT: dict[str, Any] = {"phone_number": "+8613800130013", "email": "jingyi.ouyang@example.com"}


class World:
    """A founded registry and whoever moved in."""

    def __init__(self, db: Database, staff: Staff) -> None:
        self.db = db
        self.staff = staff
        self._people = 0

    @classmethod
    async def founded(cls, db: Database) -> "World":
        """Hold the founding ceremony."""
        return cls(db, await found_registry(db, cheap_doorway(db)))

    async def person(self) -> Holder:
        """Somebody new registers and is signed in."""
        self._people += 1
        first = f"1101011990010{self._people % 9 + 1}{self._people:03}"[:17]
        claim = Claim(
            scheme="cn-ric",
            number=first + check_character(first),
            login=f"person.{'abcdefghijklmnopq'[self._people]}",
            prepared=await prepare(cheap_doorway(self.db), f"{PASSWORD} {self._people}"),
            locale="zh-CN",
            answer=None,
        )
        return (await register(self.db, claim)).holder

    async def write(self, holder: Holder, section: str, document: object, expected: int | None = None) -> int:
        """The person writes a section."""
        return await self.db.run(sections.write, holder, section, document, expected=expected)

    async def read(self, holder: Holder, section: str, number: int | None = None) -> dict[str, Any]:
        """What the person sees of it."""
        return (await self.db.run(sections.read, holder, section, number)).document


class Administrator:
    """A database administrator with bad intentions: changes rows behind the application's back."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def execute(self, statement: str, *values: object) -> str:
        """Run one statement as the owner of everything; the answer is PostgreSQL's tag, e.g. ``UPDATE 1``."""
        connection = await asyncpg.connect(self.url)
        try:
            return str(await connection.execute(statement, *values))
        finally:
            await connection.close()

    async def rows(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """What a query gives."""
        connection = await asyncpg.connect(self.url)
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()


async def together(*acts: Callable[[], Awaitable[T]]) -> list[T | BaseException]:
    """Start acts at the same moment; their results or errors in order."""
    return await asyncio.gather(*(act() for act in acts), return_exceptions=True)


async def drafts(db: Database) -> list[bytes]:
    """Every draft in the outbox, oldest first."""

    async def act(session: Session) -> list[bytes]:
        return list((await session.execute(sa.text("SELECT draft FROM ledger_outbox ORDER BY id"))).scalars())

    return await db.run(act)
