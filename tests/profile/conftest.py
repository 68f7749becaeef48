"""Fixtures: a founded registry and its administrator."""

import pytest

from tests.profile.world import Administrator, World
from vault.db import Database


@pytest.fixture
async def world(database: Database) -> World:
    return await World.founded(database)


@pytest.fixture
def administrator(database_url: str) -> Administrator:
    return Administrator(database_url)
