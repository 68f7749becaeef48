"""Databases for tests: cloned from a migrated template, used again after a test as if they were new.

Cloning and dropping a database costs half a second, emptying one a few milliseconds. A database that
a test left with another schema or with locks is not used again.
"""

import itertools
import os
from dataclasses import dataclass, field

import asyncpg

from vault.crypto.keyring import MemoryRing
from vault.schema import migrate

_numbers = itertools.count(1)

_SCHEMA = """
SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
    SELECT concat_ws(' ', c.relname, c.relkind, c.relacl, a.attname, a.atttypid, a.attnotnull) AS line
    FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT concat_ws(' ', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger
    UNION ALL
    SELECT concat_ws(' ', proname, md5(prosrc)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
) lines
"""
"""Fingerprint of everything a test could have changed besides rows."""


@dataclass
class Cluster:
    """A running server, a migrated template on it, and the ring its logins belong to."""

    admin_url: str
    template: str
    ring: MemoryRing
    _free: list[str] = field(default_factory=list)
    _schema: str = ""
    _cleaning: str = ""

    def url(self, name: str) -> str:
        """The administrator's URL of one of its databases."""
        return self.admin_url.rsplit("/", 1)[0] + f"/{name}"

    async def execute(self, statement: str) -> None:
        """Run one statement as administrator, outside any transaction."""
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def prepare(self) -> None:
        """Make the template and learn what its tables look like and hold."""
        await self.execute(f"CREATE DATABASE {self.template}")
        await migrate(self.url(self.template), self.ring)
        connection = await asyncpg.connect(self.url(self.template))
        try:
            self._schema = await connection.fetchval(_SCHEMA)
            self._cleaning = await _cleaning(connection)
        finally:
            await connection.close()

    async def lease(self) -> str:
        """The name of a database that looks as if it had just been migrated."""
        if self._free:
            return self._free.pop()
        name = f"test_{os.getpid()}_{next(_numbers)}"
        await self.execute(f"CREATE DATABASE {name} TEMPLATE {self.template}")
        return name

    async def give_back(self, name: str) -> None:
        """Empty a database for the next test; one that cannot be emptied, or was rebuilt, is left aside."""
        try:
            connection = await asyncpg.connect(self.url(name))
        except asyncpg.PostgresError:
            return
        try:
            if await connection.fetchval(_SCHEMA) == self._schema:
                await connection.execute(self._cleaning)
                self._free.append(name)
        except asyncpg.PostgresError:
            return
        finally:
            await connection.close()


async def _cleaning(connection: asyncpg.Connection) -> str:
    """SQL that brings a clone's rows back to the template's, whatever foreign keys and triggers say."""
    tables = [row[0] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    statements = ["SET lock_timeout = '2s'", "SET session_replication_role = replica"]
    for table in tables:
        statements.append(f"DELETE FROM {table}")  # names of our own tables
        rows = await connection.fetchval(f"SELECT jsonb_agg(to_jsonb(t)) FROM {table} t")
        if rows is not None:
            literal = "'" + rows.replace("'", "''") + "'"
            statements.append(
                f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, {literal}::jsonb)"
            )
    return "; ".join(statements)
