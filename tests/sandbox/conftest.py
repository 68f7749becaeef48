"""Fixtures: a bank with a sandbox and its first member, in a founded registry."""

import pytest

from tests.organisations.world import Bank, opened_bank
from tests.requesters.world import Staff, cheap_doorway, found_registry
from vault.db import Database


@pytest.fixture
async def staff(database: Database) -> Staff:
    return await found_registry(database, cheap_doorway(database))


@pytest.fixture
async def bank(database: Database, staff: Staff) -> Bank:
    return await opened_bank(database, staff)
