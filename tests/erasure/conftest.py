"""Fixtures: a person with filled sections, the two who sign for the law, a running ledger that must hold at the end."""

from collections.abc import AsyncIterator

import pytest

from tests.consent.world import Consents
from tests.erasure.world import Erasures
from tests.lawful.world import Lawful
from tests.profile.world import CONTACT, IDENTITY, Administrator, World
from tests.release.world import declared, running
from tests.requesters.samples import application, public_encryption_key
from tests.requesters.world import let_in
from vault.clock import FixedClock
from vault.db import Database


@pytest.fixture
async def erasures(database: Database, database_url: str, clock: FixedClock) -> AsyncIterator[Erasures]:
    world, key = await World.founded(database), Erasures.new_key()
    keys = {"keys": [key.registered, public_encryption_key()]}
    bank = await let_in(database, world.staff, application(declaration=declared(), client__jwks=keys))
    consents = Consents(world, await world.person(), bank)
    await world.write(consents.person, "identity", IDENTITY)
    await world.write(consents.person, "contact", CONTACT)
    async with running(consents, clock, Administrator(database_url)) as releases:
        yield Erasures(Lawful(releases), key)
