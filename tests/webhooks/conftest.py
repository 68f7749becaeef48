"""Fixtures: a person with a grant, a bank with an address for events, the way out to a receiver on loopback."""

from collections.abc import AsyncIterator

import pytest

from tests.consent.world import Consents
from tests.profile.world import CONTACT, IDENTITY, World
from tests.webhooks.receiving import Receiver, receiving
from tests.webhooks.world import Webhooks
from vault.db import Database


@pytest.fixture
async def consents(database: Database) -> Consents:
    made = await Consents.prepared(await World.founded(database))
    await made.world.write(made.person, "identity", IDENTITY)
    await made.world.write(made.person, "contact", CONTACT)
    return made


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def webhooks(consents: Consents, receiver: Receiver) -> Webhooks:
    """A bank that is told at that receiver."""
    made = Webhooks(consents, receiver)
    await made.registered(receiver.url)
    return made
