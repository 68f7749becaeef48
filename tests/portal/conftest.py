"""Fixtures: one application for the folder, and a bank that two officers have let in."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.api.edge import Edge, opened
from tests.conftest import Cluster
from tests.portal.visits import Desk, Requester, Visitor
from vault.clock import SystemClock
from vault.db import Database

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The application and its visitors live in one loop."""
    for item in items:
        if HERE in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def edge(cluster: Cluster) -> AsyncIterator[Edge]:
    """The application, its registry founded."""
    await cluster.execute(f"CREATE DATABASE portal_pages TEMPLATE {cluster.template}")
    database = Database(cluster.url("portal_pages"), cluster.ring, SystemClock())
    async with opened(database) as made:
        await Desk.found(made)
        yield made
    await database.close()
    await cluster.execute("DROP DATABASE portal_pages WITH (FORCE)")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bank(edge: Edge) -> AsyncIterator[Requester]:
    """A requester with a live declaration."""
    async with edge.client() as client:
        yield await Requester.vetted(edge, client)


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(edge: Edge) -> AsyncIterator[Visitor]:
    """Somebody unknown, with a browser in English."""
    async with edge.client(**{"Accept": "text/html", "Accept-Language": "en"}) as client:
        yield Visitor(edge, client)


@pytest_asyncio.fixture(loop_scope="session")
async def person(visitor: Visitor) -> Visitor:
    """Somebody new with a vault and something in it, signed in."""
    await visitor.settle()
    return visitor


@pytest_asyncio.fixture(loop_scope="session")
async def staff(edge: Edge) -> AsyncIterator[Desk]:
    """Everybody on the staff, signed in."""
    async with Desk.open(edge) as desk:
        yield desk


@pytest.fixture
def anonymous(edge: Edge) -> httpx.AsyncClient:
    """A client that accepts no cookies of others."""
    return edge.client(Accept="text/html")
