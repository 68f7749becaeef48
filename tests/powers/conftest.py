"""Fixtures: a person with a grant, a bank, three regulators, an administrator with bad intentions."""

from collections.abc import AsyncIterator

import pytest

from tests.consent.world import Consents
from tests.powers.world import Regulators, regulators
from tests.profile.world import CONTACT, IDENTITY, Administrator, World
from tests.release.world import Releases, declared, running
from tests.requesters.samples import application
from tests.requesters.world import let_in
from vault.clock import FixedClock
from vault.db import Database


@pytest.fixture
async def consents(database: Database) -> Consents:
    return await Consents.prepared(await World.founded(database))


@pytest.fixture
async def supervisors(consents: Consents) -> Regulators:
    return await regulators(consents.db, consents.world.staff)


@pytest.fixture
def administrator(database_url: str) -> Administrator:
    return Administrator(database_url)


@pytest.fixture
async def releases(database: Database, database_url: str, clock: FixedClock) -> AsyncIterator[Releases]:
    """The same beside a running ledger."""
    world = await World.founded(database)
    bank = await let_in(database, world.staff, application(declaration=declared()))
    made = Consents(world, await world.person(), bank)
    await world.write(made.person, "identity", IDENTITY)
    await world.write(made.person, "contact", CONTACT)
    async with running(made, clock, Administrator(database_url)) as found:
        yield found
