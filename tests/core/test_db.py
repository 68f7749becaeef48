"""The database layer: rows that give power, units of work, retries."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.exc import StaleDataError

from vault.clock import FixedClock
from vault.crypto.keyring import MemoryRing
from vault.db import APP, Base, Database, Guarded, Session, constraint, is_retryable
from vault.errors import Tampered, Unavailable
from vault.ids import new_uuid


class Power(Guarded, Base):
    """A row that gives power, for these tests only."""

    __tablename__ = "test_power"
    guarded: ClassVar[tuple[str, ...]] = ("status", "until", "items", "key")

    id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str]
    until: Mapped[datetime]
    items: Mapped[list[str]]
    key: Mapped[bytes]
    uses: Mapped[int]


Base.metadata.remove(Power.__table__)  # type: ignore[arg-type]  # no migration makes it; the fixture does


@pytest.fixture
async def power(database: Database, database_url: str) -> UUID:
    """A table of guarded rows with one row in it."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "CREATE TABLE test_power (id uuid PRIMARY KEY, status text NOT NULL, until timestamptz NOT NULL, "
        "items jsonb NOT NULL, key bytea NOT NULL, uses bigint NOT NULL, version bigint NOT NULL, mac bytea NOT NULL); "
        "GRANT ALL ON test_power TO vault_app"
    )
    await connection.close()
    made = new_uuid()
    async with database.begin() as session:
        row = Power(id=made, status="active", until=session.now, items=["a.b"], key=b"\x01", uses=0)
        session.add(row)
    return made


async def test_a_guarded_row_comes_back_as_it_was_written(database: Database, power: UUID) -> None:
    """Writing seals, loading checks, a change counts the version up."""
    async with database.begin() as session:
        row = await session.get_one(Power, power)
        assert (row.version, row.status) == (1, "active")
        row.status = "suspended"
    async with database.begin() as session:
        row = await session.get_one(Power, power)
        assert (row.version, row.status) == (2, "suspended")


@pytest.mark.parametrize(
    "edit",
    [
        "status = 'revoked'",
        "until = until + interval '1 microsecond'",
        """items = '["a.b", "a.c"]'""",
        r"key = '\x02'",
        "version = 7",
        r"mac = '\x'",
        "mac = substring(mac from 3)",
        "id = gen_random_uuid()",
    ],
)
async def test_an_edited_guarded_row_is_refused(database: Database, database_url: str, power: UUID, edit: str) -> None:
    """Whatever an administrator changes under the MAC, the next load refuses it."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(f"UPDATE test_power SET {edit}")  # the edits stand above
    await connection.close()
    async with database.begin() as session:
        with pytest.raises(Tampered):
            await session.execute(sa.select(Power))


async def test_plain_sql_rows_pass_the_same_check(database: Database, ring: MemoryRing, power: UUID) -> None:
    """A row loaded by asyncpg is checked over the same bytes as one loaded by the ORM."""
    pool = await database.pool()
    row = dict(await pool.fetchrow("SELECT * FROM test_power WHERE id = $1", power))
    Power.check(ring, row)
    with pytest.raises(Tampered):
        Power.check(ring, row | {"status": "revoked"})


async def test_counters_are_outside_the_mac(database: Database, database_url: str, power: UUID) -> None:
    """A use counter changes without the ring."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE test_power SET uses = 5")
    await connection.close()
    async with database.begin() as session:
        assert (await session.get_one(Power, power)).uses == 5


async def test_two_writers_of_one_row_do_not_overwrite_each_other(database: Database, power: UUID) -> None:
    """The second writer, who saw the old version, is refused."""
    async with database.begin() as one:
        mine = await one.get_one(Power, power)
        async with database.begin() as two:
            (await two.get_one(Power, power)).status = "second"
        mine.status = "first"
        with pytest.raises(StaleDataError):
            await one.flush()
        await one.rollback()


async def test_a_failed_unit_of_work_leaves_nothing(database: Database, power: UUID) -> None:
    """What raises is rolled back."""

    async def act(session: Session) -> None:
        (await session.get_one(Power, power)).status = "half"
        await session.flush()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await database.run(act)
    async with database.begin() as session:
        assert (await session.get_one(Power, power)).status == "active"


async def test_run_tries_again_when_the_database_asks_for_it(database: Database) -> None:
    """A deadlock or serialization failure is retried, and given up as Unavailable after a few tries."""
    tries: list[int] = []

    async def act(session: Session) -> None:
        tries.append(1)
        await session.execute(sa.text("DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$"))

    with pytest.raises(Unavailable):
        await database.run(act)
    assert len(tries) == 4


async def test_other_errors_are_not_tried_again(database: Database) -> None:
    """A broken constraint is an answer, not a passing trouble; its name can be read."""
    tries: list[int] = []

    async def act(session: Session) -> None:
        tries.append(1)
        for _ in range(2):
            await session.execute(
                sa.text("INSERT INTO throttles (key, failures, until, at) VALUES ('\\x01', 0, now(), now())")
            )

    with pytest.raises(sa.exc.IntegrityError) as broken:
        await database.run(act)
    assert len(tries) == 1
    assert not is_retryable(broken.value)
    assert constraint(broken.value) == "pk_throttles"


async def test_units_of_work_know_their_moment(database: Database, clock: FixedClock) -> None:
    """Everything in one unit of work happens at one moment."""
    async with database.begin(APP) as session:
        assert session.now == clock.now()
