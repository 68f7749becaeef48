"""Fixtures every room's tests share: a real PostgreSQL, a key ring, a clock that stands still.

Tests that use ``database`` run once on the embedded server and once on Debian's PostgreSQL 15 where
that is installed. ``TEST_DATABASE_URL`` (an administrator's URL) replaces both by a server of yours.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from tests.databases import Cluster
from vault.clock import FixedClock
from vault.crypto.keyring import PURPOSES, MemoryRing
from vault.crypto.sealing import new_key
from vault.db import Database

settings.register_profile("pivault", deadline=None)  # a busy machine is slow, not wrong
settings.register_profile("thorough", deadline=None)
settings.load_profile("pivault")

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def _servers() -> list[str]:
    if os.environ.get("TEST_DATABASE_URL"):
        return ["given"]
    return ["embedded", "debian15"] if DEBIAN_15.exists() else ["embedded"]


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests run in several processes, each database server and each file belongs to one of them."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        server = callspec.params.get("cluster") if callspec else None
        item.add_marker(pytest.mark.xdist_group(server or item.path.parent.name))


@pytest.fixture(scope="session", params=_servers())
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with _server(request.param, tmp_path_factory.mktemp(request.param) / "pg") as admin_url:
        made = Cluster(admin_url, f"template_{os.getpid()}", fresh_ring())
        asyncio.run(made.prepare())
        yield made


@pytest.fixture
async def database_url(cluster: Cluster) -> AsyncIterator[str]:
    """The administrator's URL of a migrated database of the test's own."""
    name = await cluster.lease()
    yield cluster.url(name)
    await cluster.give_back(name)


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
