"""Fixtures: a founded registry."""

import pytest

from tests.requesters.world import Staff, cheap_doorway, found_registry
from vault.db import Database


@pytest.fixture
async def staff(database: Database) -> Staff:
    return await found_registry(database, cheap_doorway(database))
