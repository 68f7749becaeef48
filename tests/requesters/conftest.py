"""Fixtures: a founded registry."""

import pytest

from tests.requesters.registered import Registered
from tests.requesters.world import Staff, cheap_doorway, found_registry, let_in
from vault.db import Database


@pytest.fixture
async def staff(database: Database) -> Staff:
    return await found_registry(database, cheap_doorway(database))


@pytest.fixture
async def bank(database: Database, staff: Staff) -> Registered:
    return Registered(database, staff, await let_in(database, staff))


@pytest.fixture
async def twins(database: Database) -> Staff:
    """A registry whose officers are all of one unit."""
    return await found_registry(database, cheap_doorway(database), units=("Unit A", "unit a", "Unit A", "Unit A"))
