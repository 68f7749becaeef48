"""A database that can write nothing: whoever comes is told to come again, and nothing is half done. Over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from tests.api.edge import PASSWORD, Edge, registration, send
from tests.conftest import Cluster
from vault.db import Database

FULL = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$
"""
PAGE = {"Accept": "text/html", "Accept-Language": "en"}
ACTS: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "register": ("POST", "/v1/registrations", None),
    "sign in": ("POST", "/v1/sessions", {"realm": "person", "login": "", "password": PASSWORD}),
    "write a section": ("PUT", "/v1/me/sections/preferences", {"notes": "call after six"}),
    "change the password": ("POST", "/v1/password", {"present": PASSWORD, "password": "another long enough password"}),
    "make a reference": ("POST", "/v1/me/references", {}),
    "make a hint": ("POST", "/v1/me/hints", {}),
    "have the vault erased": ("POST", "/v1/me/erasure", {"present": PASSWORD}),
}


@pytest.fixture
def database_of_all(shared_database: Database, cluster: Cluster) -> str:
    """The administrator's address of the application's database."""
    return cluster.url(shared_database.dsn("vault_app").rpartition("/")[2])


@asynccontextmanager
async def no_room(url: str, table: str) -> AsyncIterator[asyncpg.Connection]:
    """While the block runs, whoever adds a row to the table hears what a full disk says (SQLSTATE 53100)."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(FULL)
        await connection.execute(
            f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION no_room()"
        )
        yield connection
    finally:
        await connection.execute("DROP FUNCTION IF EXISTS no_room CASCADE")
        await connection.close()


async def state(url: str) -> dict[str, Any]:
    """Every table but what counts attempts and uses: how many rows, and a digest of them."""
    connection = await asyncpg.connect(url)
    beside = {"throttles", "sign_ins", "ledger_heads", "ledger_outbox"}
    tables = {row[0] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    kept = sorted(name for name in tables - beside if not name.startswith(("ledger_", "vetting_", "watch_")))
    found = {
        name: await connection.fetchval(f"SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {name} t")
        for name in kept
    }
    await connection.close()
    return found


async def act(edge: Edge, client: httpx.AsyncClient, name: str, login: str) -> httpx.Response:
    method, path, body = ACTS[name]
    if name == "register":
        body = registration()
    if name == "sign in":
        assert body is not None
        async with edge.client() as other:
            return await send(other, method, path, body | {"login": login})
    headers = {"If_None_Match": "*"} if method == "PUT" else {}
    return await send(client, method, path, body, **headers)


@pytest.mark.parametrize("name", ACTS)
async def test_a_full_disk_does_nothing_by_halves(edge: Edge, database_of_all: str, name: str) -> None:
    """Where the entry finds no room the act is refused with 503 and a time to come again; every table is as it was, no
    word of the database gets out, and afterwards the same act succeeds."""
    async with edge.client() as client:
        login = (await edge.settle(client))["login"]
        await edge.recorded()
        before = await state(database_of_all)
        async with no_room(database_of_all, "ledger_outbox"):
            refused = await act(edge, client, name, login)
            assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (503, "unavailable")
            assert refused.headers["retry-after"]
            assert "space" not in refused.text
        assert await state(database_of_all) == before
        assert (await act(edge, client, name, login)).status_code < 300


async def test_a_full_disk_on_a_page(edge: Edge, database_of_all: str) -> None:
    """People read a page that says so, with the same status."""
    async with edge.client(**PAGE) as client:
        await edge.settle(client)
        async with no_room(database_of_all, "ledger_outbox"):
            answer = await send(client, "POST", "/v1/me/hints")
            assert answer.status_code == 503
            seen = await client.get("/home")
            assert seen.status_code == 200


async def test_a_read_only_database(edge: Edge, database_of_all: str) -> None:
    """As after a failover to a standby: what only reads is answered, what writes is refused, nothing changes."""
    name = database_of_all.rpartition("/")[2]
    async with edge.client() as client:
        login = (await edge.settle(client))["login"]
        await edge.recorded()
        before = await state(database_of_all)
        connection = await asyncpg.connect(database_of_all, server_settings={"default_transaction_read_only": "off"})
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"
        try:
            await connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
            await connection.execute(ended, name)
            assert (await read(client, "/v1/me")).status_code == 200
            for each in ACTS:
                assert (await act(edge, client, each, login)).status_code == 503, each
        finally:
            await connection.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
            await connection.execute(ended, name)
            await connection.close()
        assert await state(database_of_all) == before
        assert (await read(client, "/v1/me")).status_code == 200
        answers = [(await act(edge, client, "make a hint", login)).status_code for _ in range(3)]
        assert 201 in answers


async def read(client: httpx.AsyncClient, path: str) -> httpx.Response:
    """Asked once more where the connection had just been ended."""
    answer = await client.get(path)
    return answer if answer.status_code != 503 else await client.get(path)
