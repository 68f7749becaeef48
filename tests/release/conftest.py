"""Fixtures: a bank, a person with filled sections, a running ledger that must hold at the end of every test."""

from collections.abc import AsyncIterator

import pytest

from tests.consent.world import Consents
from tests.profile.world import CONTACT, IDENTITY, Administrator, World
from tests.release.officers import BOTH
from tests.release.world import Releases, declared, running
from tests.requesters.samples import application, public_encryption_key, public_key
from tests.requesters.world import let_in
from vault.clock import FixedClock
from vault.consent import Given
from vault.db import Database


@pytest.fixture
async def releases(database: Database, database_url: str, clock: FixedClock) -> AsyncIterator[Releases]:
    world = await World.founded(database)
    keys = {"keys": [public_key(), public_encryption_key()]}
    bank = await let_in(database, world.staff, application(declaration=declared(), client__jwks=keys))
    consents = Consents(world, await world.person(), bank)
    await consents.world.write(consents.person, "identity", IDENTITY)
    await consents.world.write(consents.person, "contact", CONTACT)
    async with running(consents, clock, Administrator(database_url)) as made:
        yield made


@pytest.fixture
async def given(releases: Releases) -> Given:
    """A grant with a sensitive item in it."""
    return await releases.given(BOTH)


@pytest.fixture
async def token(releases: Releases, given: Given) -> str:
    return await releases.token(given)
