"""Clients that are remembered: what anybody changed is seen at the next request, on every process."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa

from tests.requesters.world import Staff, let_in
from vault.clock import FixedClock
from vault.db import Database, Session
from vault.errors import NotFound, Tampered
from vault.ids import new_uuid
from vault.requesters.known import KnownClients
from vault.requesters.register import KnownClient
from vault.requesters.tables import Requester


async def ask(known: KnownClients, database: Database, client: UUID | None) -> KnownClient:
    """One request."""
    assert client is not None
    async with (await database.pool()).acquire() as connection:
        return await known.client(connection, client, database.clock.now())


async def test_a_suspension_is_seen_by_everybody_at_once(database: Database, staff: Staff) -> None:
    """Two processes remember the client as live; one row changes; both see it with their next request."""
    decided = await let_in(database, staff)
    processes = [KnownClients(database.ring), KnownClients(database.ring)]
    for known in processes:
        assert not (await ask(known, database, decided.client_id)).lapses

    async def suspend(session: Session) -> None:
        (await session.execute(sa.select(Requester))).scalar_one().status = "suspended"

    await database.run(suspend)
    for known in processes:
        assert list((await ask(known, database, decided.client_id)).lapses) == ["requester-suspended"]


async def test_time_passes_for_what_is_remembered(database: Database, staff: Staff, clock: FixedClock) -> None:
    """Expiry is decided when asking: no row changes when a permit's time is over."""
    decided = await let_in(database, staff)
    known = KnownClients(database.ring)
    assert not (await ask(known, database, decided.client_id)).lapses
    clock.move(timedelta(days=800))
    assert "permit-expired" in list((await ask(known, database, decided.client_id)).lapses)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE clients SET redirect_uris = '[\"https://evil.example/\"]'",
        "UPDATE requesters SET name = '{}'",
        "UPDATE permits SET valid_until = valid_until - interval '1 day'",
        "UPDATE declarations SET number = 7",
    ],
)
async def test_an_edited_row_is_refused_though_it_was_remembered(
    database: Database, database_url: str, staff: Staff, statement: str
) -> None:
    """What was read before does not hide what an administrator did since."""
    decided = await let_in(database, staff)
    known = KnownClients(database.ring)
    await ask(known, database, decided.client_id)
    administrator = await asyncpg.connect(database_url)
    await administrator.execute(statement)
    await administrator.close()
    with pytest.raises(Tampered):
        await ask(known, database, decided.client_id)


async def test_an_unknown_client(database: Database, staff: Staff) -> None:
    """There is none, however often it is asked for."""
    known = KnownClients(database.ring)
    for _ in range(2):
        with pytest.raises(NotFound):
            await ask(known, database, new_uuid())
