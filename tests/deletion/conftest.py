"""Fixtures: a bank whose key the tests hold, and a person."""

import pytest

from tests.authserver.keys import Signer
from tests.consent.world import Consents, declaration
from tests.deletion.world import Deletions
from tests.profile.world import Administrator, World
from tests.requesters.samples import application
from tests.requesters.world import let_in
from vault.db import Database


@pytest.fixture
async def deletions(database: Database, database_url: str) -> Deletions:
    world, key = await World.founded(database), Signer.make()
    body = application(declaration=declaration(), client__jwks={"keys": [key.registered]})
    consents = Consents(world, await world.person(), await let_in(database, world.staff, body))
    return Deletions(consents, key, Administrator(database_url))
