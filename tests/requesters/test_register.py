"""The register: only what is live, unedited, is given out."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from tests.requesters.world import Staff, let_in
from vault.clock import FixedClock
from vault.db import Database, Session
from vault.errors import NotFound, Tampered
from vault.ids import DeclarationId, new_uuid
from vault.requesters import register
from vault.requesters.liveness import NotLive
from vault.requesters.tables import Client, DeclarationRow, PermitRow, Requester


async def test_only_live_things_are_given_out(database: Database, staff: Staff) -> None:
    """Each of the four stops the client; the reason names which and how, on either way of loading."""
    decided = await let_in(database, staff)
    assert decided.client_id is not None
    assert decided.declaration is not None

    async def put(session: Session, table: type[Any], status: str) -> None:
        for row in (await session.execute(sa.select(table))).scalars():
            row.status = status

    tables = {"requester": Requester, "declaration": DeclarationRow, "permit": PermitRow, "client": Client}
    for what, table in tables.items():
        for lapse in ("suspended", "revoked", "surrendered"):
            await database.run(put, table, lapse)
            with pytest.raises(NotLive) as caught:
                await database.run(register.client, decided.client_id)
            assert caught.value.reasons == [f"{what}-{lapse}"]
            if what != "client":
                with pytest.raises(NotLive):
                    await database.run(register.declaration, decided.declaration)
            known = await register.known_client(
                await database.pool(), database.ring, decided.client_id, database.clock.now()
            )
            assert list(known.lapses) == [f"{what}-{lapse}"]
        await database.run(put, table, "active")
    assert await database.run(register.client, decided.client_id)


async def test_vetting_expires(database: Database, staff: Staff, clock: FixedClock) -> None:
    """Two years after the first approval nothing of it is live; decided when reading."""
    decided = await let_in(database, staff)
    assert decided.client_id is not None
    clock.move(timedelta(days=730))
    async with database.begin() as session:
        with pytest.raises(NotLive) as caught:
            await register.client(session, decided.client_id)
    assert caught.value.reasons == ["declaration-expired", "permit-expired", "requester-expired"]


EDITS = [
    "UPDATE clients SET status = 'active', jwks = '{\"keys\": []}'",
    "UPDATE clients SET redirect_uris = '[\"https://evil.example\"]'",
    "UPDATE declarations SET valid_until = valid_until + interval '1 year'",
    "UPDATE declarations SET digest = sha256(digest)",
    "UPDATE permits SET signatures = '[]'",
    'UPDATE requesters SET name = \'{"en": "Other Bank", "zh-CN": "其他银行"}\'',
]


async def test_an_edited_register_is_refused(database: Database, database_url: str, staff: Staff) -> None:
    """A database administrator's change does not survive the next load, on either way of loading."""
    connection = await asyncpg.connect(database_url)
    for edit in EDITS:
        decided = await let_in(database, staff)
        assert decided.client_id is not None
        await connection.execute(edit)
        with pytest.raises(Tampered):
            await database.run(register.client, decided.client_id)
        with pytest.raises(Tampered):
            await register.known_client(await database.pool(), database.ring, decided.client_id, database.clock.now())
    await connection.close()


async def test_an_edited_declaration_does_not_fit_its_digest(
    database: Database, database_url: str, staff: Staff
) -> None:
    """The words people consent to cannot be changed behind the digest that the officers signed."""
    decided = await let_in(database, staff)
    assert decided.declaration is not None
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE declarations SET body = jsonb_set(body, '{retention_days}', '3650')")
    await connection.close()
    async with database.begin() as session:
        with pytest.raises(Tampered):
            await register.declaration(session, decided.declaration)


async def test_what_does_not_exist(database: Database) -> None:
    """Unknown ids are absent, on every way of loading."""
    with pytest.raises(NotFound):
        await database.run(register.client, new_uuid())
    with pytest.raises(NotFound):
        await database.run(register.declaration, DeclarationId(new_uuid()))
    with pytest.raises(NotFound):
        await register.known_client(await database.pool(), database.ring, new_uuid(), database.clock.now())
