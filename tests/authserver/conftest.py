"""Fixtures: the server, a bank, a person, an administrator with bad intentions."""

import pytest

from tests.authserver.bank import Bank
from tests.authserver.callcentre import CallCentre
from tests.authserver.keys import ISSUER
from tests.profile.world import Administrator, World
from vault.authserver.server import AuthServer
from vault.db import Database
from vault.signin import Holder


@pytest.fixture
async def world(database: Database) -> World:
    return await World.founded(database)


@pytest.fixture
def server(database: Database) -> AuthServer:
    return AuthServer(issuer=ISSUER, database=database)


@pytest.fixture
async def bank(world: World, server: AuthServer) -> Bank:
    return await Bank.let_in(world, server)


@pytest.fixture
async def person(world: World) -> Holder:
    return await world.person()


@pytest.fixture
def administrator(database_url: str) -> Administrator:
    return Administrator(database_url)


@pytest.fixture
async def centre(bank: Bank) -> CallCentre:
    return await CallCentre.registered(bank)
