"""The schema of a database: roles, migrations, privileges. What ``pivault migrate`` does.

Does: creates the four group roles (``vault_owner``, ``vault_app``, ``vault_ledger``,
``vault_regulator``) and this installation's logins, runs Alembic as the owner, then sets every
table's privileges from ``Table.info["grants"]``.
Trusts: whoever holds the administrator's URL. That URL is used here and nowhere else.
Promises: safe to run again and by several nodes at once; a run-time role ends up with the listed
privileges and no others.
"""

import asyncio
import base64
import hashlib
import hmac
import importlib
import os
import re
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from vault.crypto.keyring import KeyRing
from vault.db import APP, LEDGER, OWNER, REGULATOR, RUN_TIME_ROLES, Base, login_name, login_password
from vault.errors import BadConfiguration

OLDEST: Final = 15
_LOCK: Final = 0x70697661  # one migration at a time; only orders the nodes, correctness does not rest on it
DEFAULT_GRANTS: Final = {APP: "SELECT, INSERT, UPDATE, DELETE"}
_PARTITION: Final = re.compile(r"ledger_(?:entries|bodies)_\d+")
_FUNCTION_USERS: Final = (APP, LEDGER, REGULATOR)


def metadata() -> sa.MetaData:
    """Every room's tables."""
    for tables in sorted(Path(__file__).parent.glob("*/tables.py")):
        importlib.import_module(f"vault.{tables.parent.name}.tables")
    return Base.metadata


def alembic_config() -> Config:
    """Alembic's configuration, for a checkout and for an installed wheel alike."""
    here = Path(__file__).parent
    places = (here.parent / "migrations", here / "_migrations")
    config = Config()
    config.set_main_option("script_location", str(next(p for p in places if p.is_dir())).replace("%", "%%"))
    return config


def is_modelled(name: str | None, kind: str, _parents: object) -> bool:
    """Whether the models say what a table looks like; those of a partition are its parent's. For Alembic."""
    return kind != "table" or _PARTITION.fullmatch(name or "") is None


def head() -> str:
    """The newest revision this program knows."""
    revision = ScriptDirectory.from_config(alembic_config()).get_current_head()
    return revision or ""


async def migrate(admin_url: str, ring: KeyRing, *, revision: str = "head") -> None:
    """Bring a database to the given revision, with its roles and privileges.

    Raises BadConfiguration when the server is too old or the administrator may not create roles.
    """
    engine = create_async_engine(sa.make_url(admin_url).set(drivername="postgresql+asyncpg"), poolclass=sa.NullPool)
    try:
        async with engine.connect() as connection:
            await _check_server(connection)
            await connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            await connection.commit()
            await _make_roles(connection, ring)
            await connection.run_sync(_upgrade, revision)
            await _set_privileges(connection)
    finally:
        await engine.dispose()


async def _check_server(connection: AsyncConnection) -> None:
    number = int((await connection.execute(sa.text("SHOW server_version_num"))).scalar_one())
    if number // 10_000 < OLDEST:
        raise BadConfiguration(f"PostgreSQL {number // 10_000} is too old: pivault needs {OLDEST} or newer.")
    may = await connection.execute(
        sa.text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    )
    if not may.scalar_one():
        raise BadConfiguration("The user of DATABASE_URL needs CREATEROLE to make the four database roles.")


async def _make_roles(connection: AsyncConnection, ring: KeyRing) -> None:
    present = set((await connection.execute(sa.text("SELECT rolname FROM pg_roles"))).scalars())
    for role in (OWNER, *RUN_TIME_ROLES):
        if role not in present:
            await _tolerant(connection, f"CREATE ROLE {role} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")
    for role in RUN_TIME_ROLES:
        login, verifier = login_name(role, ring), _scram(login_password(role, ring))
        verb = "ALTER" if login in present else "CREATE"
        await _tolerant(connection, f"{verb} ROLE {login} LOGIN INHERIT PASSWORD '{verifier}'")
        await _tolerant(connection, f"GRANT {role} TO {login}")
    database = (await connection.execute(sa.text("SELECT quote_ident(current_database())"))).scalar_one()
    for statement in (
        f"GRANT {OWNER} TO CURRENT_USER",
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {database} TO {', '.join(RUN_TIME_ROLES)}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE, CREATE ON SCHEMA public TO {OWNER}",
        f"GRANT USAGE ON SCHEMA public TO {', '.join(RUN_TIME_ROLES)}",
    ):
        await _tolerant(connection, statement)


async def _tolerant(connection: AsyncConnection, statement: str) -> None:
    """Roles are shared by all databases of a server: somebody else may be making the same one just now."""
    for attempt in range(5):
        try:
            await connection.exec_driver_sql(statement)
            await connection.commit()
            return
        except sa.exc.DBAPIError as error:
            await connection.rollback()
            state = getattr(error.orig, "sqlstate", "")
            if state in {"42710", "23505"}:  # it exists now
                return
            if state != "XX000" or attempt == 4:  # XX000: tuple concurrently updated
                raise
            await asyncio.sleep(0.05 * 2**attempt)


def _scram(password: str, iterations: int = 4096) -> str:
    """The verifier PostgreSQL stores (RFC 5803), made here so that no log of the server sees the password."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = [base64.b64encode(x).decode() for x in (salt, hashlib.sha256(client).digest(), server)]
    return f"SCRAM-SHA-256${iterations}:{parts[0]}${parts[1]}:{parts[2]}"


def _upgrade(connection: sa.Connection, revision: str) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    current = ScriptDirectory.from_config(config).get_revision(revision)
    connection.execute(sa.text(f"SET ROLE {OWNER}"))
    connection.execute(sa.text("SET lock_timeout = '10s'"))
    connection.commit()
    try:
        if _is_behind(connection, config, current.revision if current else "base"):
            command.upgrade(config, revision)
        else:
            command.downgrade(config, revision)
    finally:
        connection.rollback()
        connection.execute(sa.text("RESET ROLE"))
        connection.commit()


def _is_behind(connection: sa.Connection, config: Config, target: str) -> bool:
    """Whether the way to the target leads up. A database ahead of this program is refused by Alembic itself."""
    now = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()
    order = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]
    if now is not None and now not in order:
        raise BadConfiguration(f"The database is at revision {now}, which this program does not know: upgrade pivault.")
    return target != "base" and (now is None or order.index(now) <= order.index(target))


async def _set_privileges(connection: AsyncConnection) -> None:
    present = set(
        (await connection.execute(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars()
    )
    for table in metadata().sorted_tables:
        if table.name not in present:
            continue
        roles = ", ".join(RUN_TIME_ROLES)
        await connection.execute(sa.text(f"REVOKE ALL ON TABLE {table.name} FROM PUBLIC, {roles}"))
        for role, privileges in table.info.get("grants", DEFAULT_GRANTS).items():
            await connection.execute(sa.text(f"GRANT {privileges} ON TABLE {table.name} TO {role}"))
    if "alembic_version" in present:
        for role in _FUNCTION_USERS:
            await connection.execute(sa.text(f"GRANT SELECT ON alembic_version TO {role}"))
    await connection.commit()


async def revision_of(connection: AsyncConnection) -> str | None:
    """The revision a database is at, or None when it was never migrated."""
    exists = await connection.execute(sa.text("SELECT to_regclass('public.alembic_version') IS NOT NULL"))
    if not exists.scalar_one():
        return None
    return (await connection.execute(sa.text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
