"""Fixtures: one application per database server for the whole folder, in one event loop; callers of each test's own."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.api.edge import PASSWORD, Edge, opened, send
from tests.conftest import Cluster
from vault.clock import SystemClock
from vault.db import Database
from vault.registry import Founder, found
from vault.signin import prepare

HERE = Path(__file__).parent
STAFF = (
    ("officer", "林海", "登记中心", ["vetting", "recovery-registry"], "officer-1"),
    ("officer", "周敏", "登记中心", ["release"], "officer-2"),
    ("regulator", "韩冰", "监督办公室", ["oversight", "recovery-supervisor"], "regulator-1"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The application and its callers live in one loop."""
    for item in items:
        if HERE in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_database(cluster: Cluster) -> AsyncIterator[Database]:
    """A migrated database on the machine's clock."""
    name = f"api_{os.getpid()}"
    await cluster.execute(f"CREATE DATABASE {name} TEMPLATE {cluster.template}")
    database = Database(cluster.url(name), cluster.ring, SystemClock())
    yield database
    await database.close()
    await cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _edge(shared_database: Database) -> AsyncIterator[Edge]:
    async with opened(shared_database) as made:
        doorway = made.app.state.doors.doorway
        founders = [
            Founder(realm, name, organisation, "一处", roles, login, await prepare(doorway, PASSWORD))
            for realm, name, organisation, roles, login in STAFF
        ]
        await shared_database.run(found, founders)
        yield made


@pytest.fixture
def edge(_edge: Edge) -> Edge:
    """The application on http at loopback, its registry founded, its authority in good health."""
    _edge.authority.recover()
    return _edge


@pytest_asyncio.fixture(loop_scope="session")
async def caller(edge: Edge) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody unknown."""
    async with edge.client() as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def person(edge: Edge) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody new with a vault, signed in."""
    async with edge.client() as client:
        await edge.settle(client)
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def officer(edge: Edge) -> AsyncIterator[httpx.AsyncClient]:
    """The officer with the role release, signed in."""
    async with edge.client() as client:
        body = {"realm": "officer", "login": "officer-2", "password": PASSWORD}
        assert (await send(client, "POST", "/v1/sessions", body)).status_code == 201
        yield client
