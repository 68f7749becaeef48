"""A person's keys and standing: what was edited in SQL is refused; notices; the index under new ring keys."""

from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from tests.signin.people import claim, enter, founded, national_id, person
from vault.accounts import (
    NumberKnown,
    create_person,
    mark_seen,
    notices,
    notify,
    person_keys,
    renew_index,
    the_person,
)
from vault.accounts.tables import NationalId, Person
from vault.clock import FixedClock
from vault.crypto.bundles import Bundle
from vault.crypto.keyring import PURPOSES, MemoryRing
from vault.crypto.sealing import new_key
from vault.db import Database
from vault.errors import Invalid, Refused, Tampered
from vault.signin import Holder

EDITS = {
    "box_public": "decode(repeat('ab', 32), 'hex')",
    "signing_public": "decode(repeat('ab', 32), 'hex')",
    "level": "'claimed'",
    "locale": "'en'",
    "status": "'suspended'",
    "number": "set_byte(number, 40, get_byte(number, 40) # 1)",
    "test_of": "gen_random_uuid()",
    "version": "version + 1",
    "mac": "set_byte(mac, 10, get_byte(mac, 10) # 1)",
}


async def edit(database_url: str, statement: str, *values: Any) -> None:
    """Change rows as a database administrator could."""
    administrator = await asyncpg.connect(database_url)
    await administrator.execute(statement, *values)
    await administrator.close()


@pytest.mark.parametrize("column", EDITS)
async def test_an_edited_person_is_refused(database: Database, database_url: str, column: str) -> None:
    """Whatever a database administrator edits in a person's row, it is refused at the next load."""
    alice = await person(database, "alice")
    await edit(database_url, f"UPDATE persons SET {column} = {EDITS[column]}")
    async with database.begin() as session:
        with pytest.raises(Tampered):
            await person_keys(session, alice.person)


def test_every_guarded_column_is_tried() -> None:
    """A column added later must be added here."""
    assert set(Person.guarded) <= EDITS.keys()


async def test_swapped_keys_are_refused(database: Database, database_url: str) -> None:
    """Another person's public keys with that person's own MAC do not fit this person's row."""
    alice, mallory = await person(database, "alice"), await person(database, "mallory")
    await edit(
        database_url,
        "UPDATE persons SET box_public = o.box_public, signing_public = o.signing_public, number = o.number, "
        "mac = o.mac FROM persons o WHERE o.person_id = $1 AND persons.person_id = $2",
        mallory.person,
        alice.person,
    )
    async with database.begin() as session:
        with pytest.raises(Tampered):
            await person_keys(session, alice.person)


async def test_only_an_active_person_acts(database: Database) -> None:
    """An officer is no person, a suspended vault does not act, and foreign keys are no proof."""
    alice = await person(database, "alice")
    staff = await founded(database)
    async with database.begin() as session:
        assert await the_person(session, alice.holder) == alice.person
        with pytest.raises(Refused):
            await the_person(session, staff["release"])
        with pytest.raises(Tampered):
            await the_person(session, Holder("person", alice.person, Bundle.generate(), alice.person))
        (await session.get_one(Person, alice.person)).status = "suspended"
    async with database.begin() as session:
        with pytest.raises(Refused, match="not active"):
            await the_person(session, alice.holder)


async def test_notices_are_the_persons_own(database: Database, clock: FixedClock) -> None:
    """Newest first, seen once, and nobody else's."""
    alice, bob = await person(database, "alice"), await person(database, "bob")
    async with database.begin() as session:
        await notify(session, alice.person, "release_delivered", {"requester": "req_0123", "count": 2})
    async with database.begin() as session:
        (told,) = await notices(session, alice.person)
        assert (told.kind, told.params, told.at, told.seen_at) == (
            "release_delivered",
            {"requester": "req_0123", "count": 2},
            clock.now(),
            None,
        )
        assert await mark_seen(session, bob.person) == 0
        assert await mark_seen(session, alice.person) == 1
    async with database.begin() as session:
        assert [notice.seen_at for notice in await notices(session, alice.person)] == [clock.now()]
        assert await mark_seen(session, alice.person) == 0
        assert await notices(session, bob.person) == []


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("Release delivered", {}),
        ("x", {"name": "王小明"}),
        ("x", {"text": "a sentence"}),
        ("x", {"A b": 1}),
        ("x" * 41, {}),
    ],
)
async def test_notices_hold_codes_only(database: Database, kind: str, params: dict[str, Any]) -> None:
    """A value of somebody cannot slip into a notice."""
    alice = await person(database, "alice")
    async with database.begin() as session:
        with pytest.raises(Invalid):
            await notify(session, alice.person, kind, params)


def rotated(base: MemoryRing) -> tuple[MemoryRing, MemoryRing, MemoryRing]:
    """The installation's ring with its index key before a rotation, after it, and with the old one gone."""
    old, new = new_key(), new_key()
    return _Mixed(base, {1: old}), _Mixed(base, {1: old, 2: new}), _Mixed(base, {2: new})


class _Mixed(MemoryRing):
    """The installation's ring, but for the index key."""

    def __init__(self, base: MemoryRing, index: dict[int, bytes]) -> None:
        super().__init__(base.id, {purpose: base._of(purpose) for purpose in PURPOSES} | {"index": index})


async def test_the_number_is_indexed_anew_by_its_owner(
    database: Database, database_url: str, ring: MemoryRing, clock: FixedClock
) -> None:
    """After a rotation the number is still known; once its owner signed in, also without the old key."""
    number = national_id()
    before, between, after = (Database(database_url, each, clock) for each in rotated(ring))
    try:
        alice = await person(before, "alice", number=number)
        with pytest.raises(NumberKnown):
            await between.run(create_person, await claim(ring, "mallory", number=number))
        holder = (await enter(between, "person", "alice")).holder
        await between.run(renew_index, holder)
        await between.run(renew_index, holder)
        async with between.begin() as session:
            rows = (await session.execute(sa.select(NationalId.ring_version, NationalId.person_id))).all()
        assert sorted(tuple(row) for row in rows) == [(1, alice.person), (2, alice.person)]
        with pytest.raises(NumberKnown):
            await after.run(create_person, await claim(ring, "mallory", number=number))
    finally:
        for each in (before, between, after):
            await each.close()


async def test_a_yielded_number_is_not_taken_back(
    database: Database, database_url: str, ring: MemoryRing, clock: FixedClock
) -> None:
    """Whoever lost the claim does not regain it by signing in after a rotation."""
    number = national_id()
    before, between, _ = (Database(database_url, each, clock) for each in rotated(ring))
    try:
        squatter = await person(before, "squatter", number=number, answer=None)
        alice = await person(before, "alice", number=number)
        await between.run(renew_index, squatter.holder)
        await between.run(renew_index, alice.holder)
        async with between.begin() as session:
            assert set((await session.execute(sa.select(NationalId.person_id))).scalars()) == {alice.person}
    finally:
        await before.close()
        await between.close()
