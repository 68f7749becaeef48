"""Fixtures: a person in a founded registry, letters that stay here, a mail server."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.notifying.mail import MailBox, mail_server
from tests.profile.world import Administrator, World
from vault.db import Database
from vault.notifying.notifier import Letter, Outcome
from vault.notifying.post import Post
from vault.signin import Holder

VAULT = "https://vault.example"


@dataclass
class Pigeon:
    """A notifier that keeps letters, and does with them what it is told."""

    outcome: Outcome = Outcome.TAKEN
    letters: list[Letter] = field(default_factory=list)

    async def deliver(self, letter: Letter) -> Outcome:
        self.letters.append(letter)
        return self.outcome


@pytest.fixture
async def world(database: Database) -> World:
    return await World.founded(database)


@pytest.fixture
async def person(world: World) -> Holder:
    return await world.person()


@pytest.fixture
def pigeon() -> Pigeon:
    return Pigeon()


@pytest.fixture
def post(database: Database, pigeon: Pigeon) -> Post:
    return Post(database, pigeon, VAULT)


@pytest.fixture
def administrator(database_url: str) -> Administrator:
    return Administrator(database_url)


@pytest.fixture
def mailbox() -> Iterator[MailBox]:
    with mail_server() as box:
        yield box


@pytest.fixture
async def secure_mailbox(tmp_path: Path) -> AsyncIterator[MailBox]:
    with mail_server(tmp_path) as box:
        yield box
