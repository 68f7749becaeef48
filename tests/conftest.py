"""Fixtures every room's tests share: a real PostgreSQL, a key ring, a clock that stands still.

Tests that use ``database`` run once on the embedded server and once on Debian's PostgreSQL 15 where
that is installed. ``TEST_DATABASE_URL`` (an administrator's URL) replaces both by a server of yours.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from hypothesis import settings

from vault.clock import FixedClock
from vault.crypto.keyring import PURPOSES, MemoryRing
from vault.crypto.sealing import new_key
from vault.db import Database
from vault.schema import migrate

settings.register_profile("pivault", deadline=None)  # a busy machine is slow, not wrong
settings.load_profile("pivault")

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
_numbers = itertools.count(1)


def _servers() -> list[str]:
    if os.environ.get("TEST_DATABASE_URL"):
        return ["given"]
    return ["embedded", "debian15"] if DEBIAN_15.exists() else ["embedded"]


@dataclass(frozen=True)
class Cluster:
    """A running server, a migrated template on it, and the ring its logins belong to."""

    admin_url: str
    template: str
    ring: MemoryRing

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


def fresh_ring() -> MemoryRing:
    """A ring with one random secret per purpose."""
    return MemoryRing(os.urandom(4).hex(), {purpose: {1: new_key()} for purpose in PURPOSES})


@contextmanager
def _server(kind: str, folder: Path) -> Iterator[str]:
    if kind == "given":
        yield os.environ["TEST_DATABASE_URL"]
        return
    from vault.embedded import EmbeddedServer

    with EmbeddedServer.start(folder, bin_dir=DEBIAN_15 if kind == "debian15" else None) as server:
        yield server.admin_url


@pytest.fixture(scope="session", params=_servers())
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with _server(request.param, tmp_path_factory.mktemp(request.param) / "pg") as admin_url:
        made = Cluster(admin_url, f"template_{os.getpid()}", fresh_ring())
        asyncio.run(made.execute(f"CREATE DATABASE {made.template}"))
        asyncio.run(migrate(made.url(made.template), made.ring))
        yield made
        asyncio.run(made.execute(f"DROP DATABASE {made.template}"))


@pytest.fixture
async def database_url(cluster: Cluster) -> AsyncIterator[str]:
    """The administrator's URL of a migrated database of the test's own."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    await cluster.execute(f"CREATE DATABASE {name} TEMPLATE {cluster.template}")
    yield cluster.url(name)
    await cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def ring(cluster: Cluster) -> MemoryRing:
    return cluster.ring


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
async def database(database_url: str, ring: MemoryRing, clock: FixedClock) -> AsyncIterator[Database]:
    """The application's view of that database, in its run-time roles."""
    made = Database(database_url, ring, clock)
    yield made
    await made.close()
