"""Whatever is killed, nothing acknowledged is lost and the next start works."""

import asyncio
import os
import shutil
import signal
from pathlib import Path

import asyncpg
import pytest

from tests.embedded.processes import Client, ask, gone, kill, postgres_of
from vault.embedded import EmbeddedServer


async def test_postgres_ends_with_its_supervisor(folder: Path) -> None:
    """A supervisor killed by force takes postgres along, and what was committed is there at the next start."""
    with Client(folder) as client:
        postgres = postgres_of(folder)
        await ask(client.url, "CREATE TABLE kept AS SELECT 7 AS number")
        kill(client.supervisor)
        assert gone(postgres)
        with EmbeddedServer.start(folder) as server:
            assert server.supervisor_pid != client.supervisor
            assert await ask(server.admin_url, "SELECT number FROM kept") == 7


async def test_a_killed_postgres_is_started_again(folder: Path) -> None:
    """Clients find it at the same address, with all they were promised."""
    with Client(folder) as client:
        postgres = postgres_of(folder)
        await ask(client.url, "CREATE TABLE kept AS SELECT 7 AS number")
        kill(postgres)
        assert gone(postgres)
        with EmbeddedServer.start(folder) as joined:  # waits until it is there again
            assert joined.supervisor_pid == client.supervisor
            assert postgres_of(folder) != postgres
        assert await ask(client.url, "SELECT number FROM kept") == 7


async def test_nothing_acknowledged_is_lost(folder: Path) -> None:
    """Every process killed by force in the middle of writing: each row whose commit was answered is there."""
    written: list[int] = []
    with Client(folder) as client:
        connection = await asyncpg.connect(client.url)
        await connection.execute("CREATE TABLE kept (number int)")
        victims = (client.process.pid, client.supervisor, postgres_of(folder), connection.get_server_pid())
        asyncio.get_running_loop().call_later(0.3, kill, *victims)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await write(connection, written)
        client.kill()
    with EmbeddedServer.start(folder) as server:
        kept = await ask(server.admin_url, "SELECT array_agg(number ORDER BY number) FROM kept")
    assert written
    assert kept in (written, [*written, len(written)])  # the last one may have been on its way


async def write(connection: asyncpg.Connection, written: list[int]) -> None:
    """Insert numbers, each noted once its commit is acknowledged, until it fails."""
    while True:
        await connection.execute("INSERT INTO kept VALUES ($1)", len(written))
        written.append(len(written))


async def test_a_session_that_outlives_its_server_is_ended(folder: Path) -> None:
    """A session deep in a query does not notice that supervisor and postgres were killed; it must not bar the start."""
    with Client(folder) as client:
        connection = await asyncpg.connect(client.url)
        busy = asyncio.create_task(connection.execute("SELECT count(*) FROM generate_series(1, 10000000000)"))
        session = connection.get_server_pid()
        while await ask(client.url, "SELECT state FROM pg_stat_activity WHERE pid = $1", session) != "active":
            await asyncio.sleep(0.01)
        kill(client.supervisor, sign=signal.SIGSTOP)  # stopped, so that it cannot act between the two
        kill(postgres_of(folder), client.supervisor)
        with EmbeddedServer.start(folder) as server:
            assert await ask(server.admin_url, "SELECT 1") == 1
            assert gone(session, within=0)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await busy


def test_a_stale_pid_file_may_name_a_stranger(folder: Path) -> None:
    """After a crash the pid in the file can be that of any process by now: it is not believed."""
    (folder / "cluster" / "postmaster.pid").write_text(
        f"{os.getppid()}\n{folder}/cluster\n1\n5432\n\n127.0.0.1\n0 0\nready   \n"
    )
    with EmbeddedServer.start(folder) as server:
        assert server.port != 5432


def test_stale_names_of_a_dead_supervisor(folder: Path) -> None:
    """A control socket without anybody behind it, and files where locks were, are no obstacle."""
    with Client(folder) as client:
        kill(client.supervisor)
        assert gone(client.supervisor)
        assert (folder / "control").exists()
    EmbeddedServer.start(folder).stop()


def test_a_half_made_cluster_is_made_anew(folder: Path) -> None:
    """A crash of the machine in the first start leaves a folder of another name, which is swept away."""
    (folder / "cluster").rename(folder / "cluster.new-0badcafe")
    with EmbeddedServer.start(folder):
        assert not (folder / "cluster.new-0badcafe").exists()


async def test_a_lost_password_is_replaced(folder: Path) -> None:
    """Who can write in the folder owns the data: without the file, a new password is set."""
    before = (folder / "password").read_text()
    (folder / "password").unlink()
    with EmbeddedServer.start(folder) as server:
        assert (folder / "password").read_text() != before
        assert await ask(server.admin_url, "SELECT 1") == 1


async def test_a_restored_folder_serves(made: Path, tmp_path: Path) -> None:
    """A copy of a stopped server's folder is a whole one."""
    shutil.copytree(made, tmp_path / "copy")
    with EmbeddedServer.start(tmp_path / "copy") as server:
        assert await ask(server.admin_url, "SELECT 1") == 1
