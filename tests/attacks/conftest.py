"""Fixtures: one world per database server for the whole folder, in one event loop with its server.

After every test, every answer it got is held against the rules that hold for all answers; after every file, the
ledger is checked as a whole.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.attacks.server import installation
from tests.attacks.watch import Watch
from tests.attacks.world import World
from tests.databases import Cluster

HERE = Path(__file__).parent
AT_THE_EDGE = frozenset({"test_answers.py", "test_bodies.py", "test_csrf.py"})
"""Refused before a database is asked, so the second server would only hear the same again."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The server and its attackers live in one loop; what no database is asked about is tried beside one of them."""
    ours = [item for item in items if HERE in item.path.parents]
    for item in ours:
        if pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
    again = {item for item in ours if item.path.name in AT_THE_EDGE and "debian15" in item.name}
    if again:
        config.hook.pytest_deselected(items=list(again))
        items[:] = [item for item in items if item not in again]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(cluster: Cluster) -> AsyncIterator[World]:
    """Everybody and everything there is to attack."""
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each of thousands of requests
    name = await cluster.lease()
    async with installation(cluster.url(name), cluster.ring) as at, AsyncExitStack() as stack:
        yield await World(at, Watch(), stack).peopled()
    await cluster.give_back(name)


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def _every_answer_keeps_the_rules(world: World) -> AsyncIterator[None]:
    world.watch.answers.clear()
    yield
    assert world.watch.faults() == []


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def _the_ledger_holds(world: World) -> AsyncIterator[None]:
    yield
    report = await world.at.fsck()
    assert report.holds, report.findings
    # All attackers sit at one address: what one file got it throttled for is none of the next one's business.
    await world.at.administrator.execute("DELETE FROM throttles")
