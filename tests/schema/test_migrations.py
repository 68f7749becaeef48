"""The schema: migrations lead to the models and back, with rows; roles may do what is listed and no more."""

import asyncpg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from tests.conftest import Cluster, fresh_ring
from vault import schema
from vault.clock import FixedClock
from vault.db import RUN_TIME_ROLES, Database
from vault.errors import BadConfiguration


def _engine(url: str) -> sa.ext.asyncio.AsyncEngine:
    return create_async_engine(sa.make_url(url).set(drivername="postgresql+asyncpg"), poolclass=sa.NullPool)


async def test_head_equals_the_models(database_url: str) -> None:
    """Alembic finds nothing to add or remove between a migrated database and the models."""
    engine = _engine(database_url)

    def differences(connection: sa.Connection) -> list[object]:
        opts = {"compare_type": True, "compare_server_default": True, "include_name": schema.is_modelled}
        context = MigrationContext.configure(connection, opts=opts)
        return list(compare_metadata(context, schema.metadata()))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_up_down_up_with_rows(database_url: str, cluster: Cluster) -> None:
    """Every migration can be taken back and applied again on a database that holds rows."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO throttles (key, failures, until, at) VALUES ('\\x01', 1, now(), now())")
    await connection.close()
    await schema.migrate(database_url, cluster.ring, revision="base")
    connection = await asyncpg.connect(database_url)
    left = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    assert {row["tablename"] for row in left} <= {"alembic_version"}
    await schema.migrate(database_url, cluster.ring)
    engine = _engine(database_url)
    async with engine.connect() as opened:
        assert await schema.revision_of(opened) == schema.head()
    await engine.dispose()


async def test_migrating_twice_changes_nothing(database_url: str, cluster: Cluster) -> None:
    """A second run finds everything in place."""
    await schema.migrate(database_url, cluster.ring)
    await schema.migrate(database_url, cluster.ring)


async def test_a_database_of_a_newer_program_is_refused(database_url: str, cluster: Cluster) -> None:
    """An unknown revision means the database is ahead; the message says to upgrade."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    with pytest.raises(BadConfiguration, match="upgrade pivault"):
        await schema.migrate(database_url, cluster.ring)


@pytest.mark.parametrize("role", RUN_TIME_ROLES)
async def test_run_time_roles_have_the_listed_privileges_and_no_others(database_url: str, role: str) -> None:
    """What the database would allow is what Table.info lists."""
    connection = await asyncpg.connect(database_url)
    verbs = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    for table in schema.metadata().sorted_tables:
        listed = table.info.get("grants", schema.DEFAULT_GRANTS).get(role, "")
        wanted = {verb.strip() for verb in listed.split(",") if verb}
        may = "SELECT has_table_privilege($1, $2, $3)"
        has = {verb for verb in verbs if await connection.fetchval(may, role, table.name, verb)}
        assert has == wanted, f"{role} on {table.name}"
    await connection.close()


async def test_the_application_cannot_change_the_ledger(database: Database) -> None:
    """The application's role may neither change nor remove entries, nor make itself the owner."""
    for statement in (
        "UPDATE ledger_entries SET idx = idx",
        "DELETE FROM ledger_bodies",
        "TRUNCATE ledger_entries",
        "INSERT INTO ledger_entries SELECT * FROM ledger_entries",
        "UPDATE ledger_heads SET size = 0",
        "DELETE FROM ledger_outbox",
        "SET ROLE vault_owner",
        "CREATE TABLE mine (a int)",
        "ALTER TABLE persons ADD COLUMN a int",
    ):
        with pytest.raises(sa.exc.DBAPIError) as refused:
            async with database.begin() as session:
                await session.execute(sa.text(statement))
        assert getattr(refused.value.orig, "sqlstate", None) == "42501", statement


async def test_another_ring_cannot_log_in(database_url: str, clock: FixedClock) -> None:
    """The run-time logins belong to one key ring; a stranger's ring has none."""
    stranger = Database(database_url, fresh_ring(), clock)
    async with stranger.begin() as session:
        with pytest.raises(sa.exc.DBAPIError) as refused:
            await session.execute(sa.text("SELECT 1"))
    assert getattr(refused.value.orig, "sqlstate", None) in {"28P01", "28000"}
    await stranger.close()


def test_tables_follow_the_database_rules() -> None:
    """Keys and unique constraints of a person's table have person_id in them; foreign keys stay inside the shard."""
    for table in schema.metadata().sorted_tables:
        shard = table.info.get("shard")
        if shard in {None, "shard"}:  # the ledger stays on one server per log shard
            continue
        keys = [table.primary_key, *(c for c in table.constraints if isinstance(c, sa.UniqueConstraint))]
        for key in keys:
            assert shard in {column.name for column in key.columns}, f"{table.name}: {key.name} lacks {shard}"
        for foreign in table.foreign_key_constraints:
            assert foreign.referred_table.info.get("shard") == shard, f"{table.name}: {foreign.name} leaves the shard"
            assert shard in foreign.column_keys


def test_tables_use_no_engine_specifics() -> None:
    """No sequences, enum types or identity columns: the schema runs unchanged on a distributed engine."""
    for table in schema.metadata().sorted_tables:
        for column in table.columns:
            assert not isinstance(column.type, sa.Enum), f"{table.name}.{column.name}"
            assert column.identity is None
            assert column.autoincrement is not True
