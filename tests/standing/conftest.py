"""Fixtures: a bank with everything begun, two workers."""

from collections.abc import AsyncIterator

import pytest

from tests.standing.world import Trade, trading
from vault.clock import FixedClock
from vault.db import Database


@pytest.fixture
async def trade(database: Database, database_url: str, clock: FixedClock) -> AsyncIterator[Trade]:
    async with trading(database, database_url, clock) as made:
        yield made
