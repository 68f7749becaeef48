"""Fixtures: a person, a bank, and an administrator with bad intentions."""

import pytest

from tests.consent.opening import Opener
from tests.consent.world import Consents
from tests.profile.world import Administrator, World
from vault.db import Database


@pytest.fixture
async def consents(database: Database) -> Consents:
    return await Consents.prepared(await World.founded(database))


@pytest.fixture
def administrator(database_url: str) -> Administrator:
    return Administrator(database_url)


@pytest.fixture
def opener(consents: Consents, administrator: Administrator) -> Opener:
    return Opener(consents, administrator)
