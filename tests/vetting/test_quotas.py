"""How much strangers may leave: drafts, bytes, applications, by address and in all."""

import pytest
import sqlalchemy as sa

from tests.requesters.samples import application
from tests.vetting.test_drafts import HERE, PDF, begun
from vault.clock import FixedClock
from vault.db import Database, Session
from vault.errors import TooMany, Unavailable
from vault.requesters.applications import read_application
from vault.vetting import desk, documents, drafts, quotas
from vault.vetting.tables import ApplicationDraft


async def test_one_address_has_so_many_drafts_open(database: Database, clock: FixedClock) -> None:
    """Another address has its own; one that is withdrawn makes room."""
    keys = [(await begun(database))[1] for _ in range(quotas.PER_ORIGIN)]
    with pytest.raises(TooMany, match="withdraw"):
        await begun(database)
    await begun(database, address="203.0.113.8")
    await database.run(drafts.withdraw, keys[0])
    await begun(database)
    clock.move(drafts.LASTS)
    await begun(database)


async def test_beginning_and_withdrawing_again_and_again_is_slowed_down(database: Database) -> None:
    """Nobody fills the ledger that way."""

    async def again_and_again() -> None:
        for _ in range(quotas.BEGINNING.free + 2):
            _, key = await begun(database)
            await database.run(drafts.withdraw, key)

    with pytest.raises(TooMany, match="begun from here"):
        await again_and_again()


async def test_whole_applications_from_one_address_are_slowed_down(database: Database) -> None:
    """As many as a consultant hands in pass; then each waits."""
    body = read_application(application())

    async def act(session: Session) -> None:
        for _ in range(quotas.FILING.free + 2):
            await quotas.check_may_file(session, HERE)

    with pytest.raises(TooMany):
        await database.run(act)
    assert (await database.run(desk.apply_from, "203.0.113.9", body)).status_token


async def test_the_house_may_be_full(database: Database) -> None:
    """All strangers together leave so many bytes, and no more."""
    _, key = await begun(database)

    async def fill(session: Session) -> None:
        row = (await session.execute(sa.select(ApplicationDraft))).scalar_one()
        row.bytes = quotas.BYTES_IN_ALL

    await database.run(fill)
    _, other = await begun(database, address="203.0.113.8")
    with pytest.raises(Unavailable):
        await database.run(drafts.add_document, other, documents.Upload("a.pdf", "application/pdf", PDF))
    with pytest.raises(TooMany):
        await database.run(drafts.add_document, key, documents.Upload("a.pdf", "application/pdf", PDF))
