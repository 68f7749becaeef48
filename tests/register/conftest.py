"""Fixtures: one application for the folder, with a register that has something of everything in it."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.api.edge import opened
from tests.conftest import Cluster
from tests.register.world import Place
from tests.requesters.samples import text
from tests.requesters.world import cheap_doorway, found_registry
from vault.clock import SystemClock
from vault.db import Database
from vault.ledger.events import requester as by_requester
from vault.requesters.measures import surrender

HERE = Path(__file__).parent
HEALTH = [{"item": "health.conditions", "forms": ["predicate:any"], "required": True, "necessity": text("health")}]
SHANGHAI = {
    "name": {"en": "Insurance supervision of Shanghai", "zh-CN": "上海保险监管局"},
    "contact": {"email": "office@shanghai.example"},
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The application and its callers live in one loop."""
    for item in items:
        if HERE in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def place(cluster: Cluster) -> AsyncIterator[Place]:
    """Five organisations: in force, suspended, revoked, surrendered, and an insurer that asks about health."""
    name = f"register_{os.getpid()}"
    await cluster.execute(f"CREATE DATABASE {name} TEMPLATE {cluster.template}")
    database = Database(cluster.url(name), cluster.ring, SystemClock())
    async with opened(database) as edge:
        made = Place(edge, database, await found_registry(database, cheap_doorway(database)))
        for each in ("Active", "Suspended", "Revoked", "Surrendered"):
            made.banks[each] = await made.bank(f"{each} Bank")
        await made.banks["Suspended"].done("suspend")
        await made.banks["Revoked"].done("revoke")
        gone = made.banks["Surrendered"].requester
        await database.run(surrender, gone, reason="we close", by=by_requester(gone))
        made.banks["Insurer"] = await made.bank(
            "Lotus 100% Insurance",
            "莲花保险股份有限公司",
            declaration__items=HEALTH,
            declaration__purpose__code="insurance.quote",
            organisation__supervising_authority=SHANGHAI,
        )
        yield made
    await database.close()
    await cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture(loop_scope="session")
async def stranger(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    """Anybody."""
    async with place.edge.client() as client:
        yield client
