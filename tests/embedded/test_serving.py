"""What a client is given."""

import contextlib
import stat
import subprocess
from pathlib import Path

import asyncpg
import pytest

from tests.embedded.processes import ask, postgres_of
from vault.clock import monotonic
from vault.embedded import EmbeddedServer


async def test_a_new_folder_becomes_a_database(tmp_path: Path) -> None:
    """The first start makes a cluster with checksums, a SCRAM password and the database; only its owner may read it."""
    with EmbeddedServer.start(tmp_path / "new" / "data") as server:
        assert await ask(server.admin_url, "SELECT current_database() || current_user") == "pivaultpostgres"
        assert await ask(server.admin_url, "SHOW data_checksums") == "on"
        assert await ask(server.admin_url, "SHOW server_encoding") == "UTF8"
        assert (await ask(server.admin_url, "SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'"))[:14] == (
            "SCRAM-SHA-256$"
        )
        assert await ask(server.admin_url, "SHOW server_version") == server.version
        assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700
        assert stat.S_IMODE((server.data_dir / "password").stat().st_mode) == 0o600
        password = (server.data_dir / "password").read_text()
        assert password not in server.log_path.read_text()


async def test_only_the_password_lets_in(folder: Path) -> None:
    """Neither a wrong password nor none opens the door, nor is there another one."""
    with EmbeddedServer.start(folder) as server:
        place = {"host": "127.0.0.1", "port": server.port, "user": "postgres", "database": "pivault"}
        for password in ("wrong", ""):
            with pytest.raises((asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError)):
                await asyncpg.connect(**place, password=password)
        assert await ask(server.admin_url, "SHOW unix_socket_directories") == ""


async def test_it_listens_on_loopback_only(folder: Path) -> None:
    """Nobody outside this machine reaches it."""
    with EmbeddedServer.start(folder) as server:
        pid, wanted = postgres_of(folder), f"{server.port:04X}"
        tables = [Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
        listening = [line.split()[1] for table in tables for line in table if line.split()[3] == "0A"]
        assert [address for address in listening if address.endswith(wanted)] == [f"0100007F:{wanted}"]


async def test_durability_cannot_be_switched_off(folder: Path) -> None:
    """A setting left in the cluster's own files does not weaken what "acknowledged" means."""
    names = ("fsync", "synchronous_commit", "full_page_writes")
    with EmbeddedServer.start(folder) as server:
        for name in names:
            await ask(server.admin_url, f"ALTER SYSTEM SET {name} = off")
    with EmbeddedServer.start(folder) as server:
        assert [await ask(server.admin_url, f"SHOW {name}") for name in names] == ["on"] * 3


async def test_the_log_holds_no_contents(folder: Path) -> None:
    """Statements that fail leave neither their text nor their values in the log."""
    canary = "canary-4417"
    with EmbeddedServer.start(folder) as server:
        connection = await asyncpg.connect(server.admin_url)
        await connection.execute("CREATE TABLE kept (name text PRIMARY KEY, CHECK (length(name) < 20))")
        await connection.execute("INSERT INTO kept VALUES ($1)", canary)
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO kept VALUES ($1)", canary)
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(f"INSERT INTO kept VALUES ('{canary}-and-too-long')")
        await connection.close()
        log = server.log_path.read_text()
    assert "violates unique constraint" in log
    assert canary not in log


DEEP = Path(*["d" * 200] * 6)


@pytest.mark.parametrize(
    "name", [Path("with a space"), Path("名字"), Path("100%"), Path("'; DROP"), DEEP], ids=range(5)
)
async def test_any_folder_will_do(made: Path, tmp_path: Path, name: Path) -> None:
    """Spaces, other scripts, and paths longer than a socket's (107 bytes) or PostgreSQL's own (1023) are as good."""
    data = tmp_path / name
    data.parent.mkdir(parents=True, exist_ok=True)
    made.rename(data)
    try:
        with EmbeddedServer.start(data) as server, EmbeddedServer.start(data) as other:
            assert await ask(server.admin_url, "SELECT 1") == 1
            assert other.supervisor_pid == server.supervisor_pid
    finally:
        data.rename(made)


def test_a_relative_folder_is_the_callers(folder: Path) -> None:
    """A relative path means the caller's working folder, though the server works elsewhere."""
    with contextlib.chdir(folder.parent), EmbeddedServer.start(Path(folder.name)) as server:
        assert server.data_dir == folder


def test_a_second_start_is_quick(folder: Path) -> None:
    """Measured at a tenth of a second on an idle machine; on a busy one it still does not keep anybody waiting."""
    begun = monotonic()
    EmbeddedServer.start(folder).stop()
    assert monotonic() - begun < 3


def test_the_programs_beside_it_fit(folder: Path) -> None:
    """`bin_dir` has the pg_dump of the server's version."""
    with EmbeddedServer.start(folder) as server:
        dump = subprocess.run(
            [server.bin_dir / "pg_dump", server.admin_url], capture_output=True, text=True, check=True
        )
    assert f"Dumped by pg_dump version {server.version}" in dump.stdout
