"""A bank that released twice and was refused once, a regulator, and a second one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.consent.world import Consents
from tests.profile.world import IDENTITY, Administrator, World
from tests.release.world import Releases, declared, running
from tests.requesters.samples import application
from tests.requesters.world import cheap_doorway, let_in
from vault.clock import FixedClock
from vault.db import Database
from vault.errors import Refused
from vault.ids import StaffId
from vault.registry import Founder, Terms, add_regulator, decide_mandate, propose_mandate
from vault.registry.mandates import POWERS
from vault.signin import Attempt, Holder, prepare, sign_in


@pytest.fixture
async def releases(database: Database, database_url: str, clock: FixedClock) -> AsyncIterator[Releases]:
    """A bank that released twice and was refused once, at one-minute steps."""
    world = await World.founded(database)
    bank = await let_in(database, world.staff, application(declaration=declared()))
    consents = Consents(world, await world.person(), bank)
    await world.write(consents.person, "identity", IDENTITY)
    async with running(consents, clock, Administrator(database_url)) as made:
        token = await made.token(await made.given({"identity.name": "raw"}))
        for items in ((), ("identity.name",), ("contact.address",)):
            made.later(minutes=1)
            try:
                await made.release(token, *items)
            except Refused:
                continue
        await made.settled()
        yield made


@pytest.fixture
def regulator(releases: Releases) -> Holder:
    return releases.consents.world.staff.regulator


@dataclass(frozen=True)
class Authority:
    """The people of the supervisory authority, and how officers give them mandates."""

    releases: Releases
    first: Holder
    second: Holder

    async def give(
        self, *, sectors: list[str] | None = None, regions: list[str] | None = None, powers: tuple[str, ...] = POWERS
    ) -> None:
        """The first regulator's mandate becomes this."""
        staff, db = self.releases.consents.world.staff, self.releases.consents.db
        until = self.releases.clock.now() + timedelta(days=30)
        terms = Terms(StaffId(self.first.id), sectors, regions, powers, until, "As the law says.")
        proposed = await db.run(propose_mandate, staff.first, terms)
        await db.run(decide_mandate, staff.second, proposed.id, agree=True)


async def inspector(releases: Releases, login: str) -> Holder:
    """Another regulator, of the field unit, signed in."""
    staff, db = releases.consents.world.staff, releases.consents.db
    doorway, word = cheap_doorway(db), "a long password of an inspector"
    prepared = await prepare(doorway, word)
    candidate = Founder("regulator", "Inspector", "Supervisory Office", "Field", ["oversight"], login, prepared)
    await db.run(add_regulator, candidate, by=(staff.first, staff.second))
    return (await sign_in(db, doorway, Attempt("regulator", login, word, "127.0.0.1", None))).holder


@pytest.fixture
async def authority(releases: Releases, regulator: Holder) -> Authority:
    return Authority(releases, regulator, await inspector(releases, "inspector"))
