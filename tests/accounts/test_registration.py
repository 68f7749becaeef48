"""One person, one vault; and nobody but the holder learns that a number is known."""

import asyncio
import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
import sqlalchemy as sa

from tests.signin.people import PASSWORD, Confirmed, claim, enter, national_id, person
from vault.accounts import NotConfirmed, NotRegistered, NumberKnown, create_person, notices, person_keys, register
from vault.accounts.numbers import check_character
from vault.accounts.tables import NationalId, Person
from vault.clock import FixedClock
from vault.db import Database
from vault.errors import Invalid, NotFound
from vault.ids import PersonId, new_uuid
from vault.ledger.subjects import key_and_count, tags
from vault.ledger.tables import OutboxRow
from vault.signin import LoginTaken


async def events(database: Database) -> list[str]:
    """The names of the events appended so far."""
    async with database.begin() as session:
        drafts = (await session.execute(sa.select(OutboxRow.draft).order_by(OutboxRow.id))).scalars()
        return [msgspec.json.decode(draft)["event"] for draft in drafts]


async def count(database: Database, table: type[Any]) -> int:
    """How many rows a table has."""
    async with database.begin() as session:
        return (await session.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()


async def kinds(database: Database, person_id: PersonId) -> list[str]:
    """The kinds of a person's notices, newest first."""
    async with database.begin() as session:
        return [notice.kind for notice in await notices(session, person_id)]


async def test_a_registered_person_has_keys_and_can_sign_in(database: Database) -> None:
    """Public keys in the row are those of the bundle; the ledger key is in the bundle and under the ring alike."""
    alice = await database.run(create_person, await claim(database.ring, "alice"))
    holder = (await enter(database, "person", "alice")).holder
    async with database.begin() as session:
        keys = await person_keys(session, alice.person)
        k_s, count_ = await key_and_count(session, alice.person)
        tagged = set((await session.execute(sa.select(OutboxRow.tag))).scalars())
    assert (keys.box_public, keys.signing_public) == (holder.bundle.box_public, holder.bundle.signing_public)
    assert (keys.level, keys.locale, keys.status) == ("checked", "zh-CN", "active")
    assert (k_s, count_) == (holder.bundle.ledger_key, 2)
    assert tagged == set(tags(k_s, 0, 0, 2))
    assert await events(database) == ["person.registered", "sign_in.begun"]


async def test_without_a_source_the_claim_is_only_a_claim(database: Database) -> None:
    """No answer: level claimed. A no, or an unknown level: no vault."""
    alice = await person(database, "alice", answer=None)
    async with database.begin() as session:
        assert (await person_keys(session, alice.person)).level == "claimed"
    for answer in (Confirmed(match=False), Confirmed(level="sworn")):
        with pytest.raises(NotConfirmed):
            await person(database, "bob", answer=answer)
    assert await count(database, Person) == 1


@pytest.mark.parametrize("width", [0, 0xFEE0], ids=["plain", "full width"])
async def test_a_known_number_is_not_registered_again(database: Database, width: int) -> None:
    """However it is spelled: no second vault, no login name kept; the holder is told, in a notice and an entry."""
    number = national_id()
    alice = await person(database, "alice", number=number)
    spelled = " ".join(chr(ord(character) + width) for character in number.lower())
    with pytest.raises(NumberKnown):
        await register(database, await claim(database.ring, "mallory", number=spelled))
    assert (await count(database, Person), await count(database, NationalId)) == (1, 1)
    assert await kinds(database, alice.person) == ["registration_attempt"]
    assert await events(database) == ["person.registered", "person.registration_refused"]
    assert await person(database, "mallory")


async def test_the_answer_does_not_tell(database: Database) -> None:
    """Known number and unconfirmed claim differ in nothing that reaches the outside; the number is in neither."""
    number = national_id()
    await person(database, "alice", number=number)
    told = []
    for answer in (Confirmed(), Confirmed(match=False)):
        with pytest.raises(NotRegistered) as caught:
            await register(database, await claim(database.ring, "mallory", number=number, answer=answer))
        error = caught.value
        told.append((error.public, error.name, error.status, error.title, error.advice, error.members, str(error)))
        assert number not in f"{error.private} {error!r}"
    assert told[0] == told[1]


async def test_a_taken_login_tells_nothing_about_the_number(database: Database) -> None:
    """The one cause that is told comes first, whether the number is known, unconfirmed or free."""
    number = national_id()
    await person(database, "alice", number=number)
    for more in ({"number": number}, {"answer": Confirmed(match=False)}, {}):
        with pytest.raises(LoginTaken):
            await register(database, await claim(database.ring, "alice", **more))
    assert "person.registration_refused" not in await events(database)


async def test_of_two_at_once_one_wins(database: Database) -> None:
    """Eight registrations of the same number at the same moment: one vault, seven refusals, one notice."""
    number = national_id()
    claims = [await claim(database.ring, f"login-{n}", number=number) for n in range(8)]
    outcomes = await asyncio.gather(*(register(database, each) for each in claims), return_exceptions=True)
    won = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
    assert len(won) == 1
    assert {type(outcome) for outcome in outcomes if isinstance(outcome, Exception)} == {NumberKnown}
    assert (await count(database, Person), await count(database, NationalId)) == (1, 1)
    assert set(await kinds(database, won[0].person)) == {"registration_attempt"}


async def test_attempts_do_not_fill_the_ledger(database: Database, clock: FixedClock) -> None:
    """A stranger who knows the number leaves one notice and one entry an hour, however often they try."""
    number = national_id()
    alice = await person(database, "alice", number=number)
    for _ in range(5):
        with pytest.raises(NumberKnown):
            await register(database, await claim(database.ring, "mallory", number=number))
    assert (await events(database)).count("person.registration_refused") == 1
    clock.move(timedelta(hours=1))
    with pytest.raises(NumberKnown):
        await register(database, await claim(database.ring, "mallory", number=number))
    assert (await events(database)).count("person.registration_refused") == 2
    assert await kinds(database, alice.person) == ["registration_attempt"] * 2


async def test_a_mere_claim_gives_way_to_a_checked_one(database: Database) -> None:
    """The number goes to whoever proves it; the one who only claimed it is told and keeps the vault."""
    number = national_id()
    squatter = await person(database, "squatter", number=number, answer=None)
    with pytest.raises(NumberKnown):
        await person(database, "another", number=number, answer=None)
    alice = await person(database, "alice", number=number)
    async with database.begin() as session:
        assert (await session.execute(sa.select(NationalId.person_id))).scalars().all() == [alice.person]
    assert await kinds(database, squatter.person) == ["claim_yielded"]
    assert "person.claim_yielded" in await events(database)
    assert await enter(database, "person", "squatter")
    with pytest.raises(NumberKnown):
        await person(database, "yet-another", number=number)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scheme": "passport"}, "national_id.scheme"),
        ({"number": "110105194912310021"}, "national_id.number"),
        ({"number": "11010520261123002" + check_character("11010520261123002")}, "national_id.number"),
        ({"locale": "tlh"}, "locale"),
        ({"login": "13800000013"}, "login"),
        ({"login": "x" * 10_000}, "login"),
    ],
)
async def test_bad_claims_are_named(database: Database, changes: dict[str, Any], field: str) -> None:
    """Wrong input is told by field, without the value; nothing is left behind."""
    with pytest.raises(Invalid) as caught:
        await database.run(create_person, replace(await claim(database.ring, "alice"), **changes))
    assert caught.value.members["errors"][0]["field"] == field
    assert await count(database, Person) == 0


async def test_nobody_is_no_person(database: Database) -> None:
    """Keys of a person who does not exist: not found."""
    async with database.begin() as session:
        with pytest.raises(NotFound):
            await person_keys(session, PersonId(new_uuid()))


async def test_no_column_holds_what_was_typed(database: Database, database_url: str) -> None:
    """Login name, number and password are in no column of any table, in any encoding tried."""
    number, login = national_id(), "alice-in-the-database"
    await person(database, login, number=number)
    await enter(database, "person", login)
    with pytest.raises(NumberKnown):
        await register(database, await claim(database.ring, "mallory-in-the-database", number=number))
    dump = await _dump(database_url)
    for text in (number, login, "mallory-in-the-database", PASSWORD, number[6:14], number[:-1]):
        for spelling in _spellings(text):
            assert spelling not in dump


def _spellings(text: str) -> set[bytes]:
    """The text as it might lie in a dump: plain, UTF-16, hex, base64 at each of the three offsets."""
    plain = text.encode()
    found = {plain, plain.upper(), text.encode("utf-16-le"), text.encode("utf-16-be"), plain.hex().encode()}
    for offset in range(3):
        shifted = base64.b64encode(b"\0" * offset + plain)
        inner = shifted[4 if offset else 0 : -4]
        found |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    return {spelling for spelling in found if len(spelling) >= 6}


async def _dump(database_url: str) -> bytes:
    """Every row of every table as text, bytea columns both as hex and as they are."""
    administrator = await asyncpg.connect(database_url)
    tables = await administrator.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    pieces: list[bytes] = []
    for (table,) in tables:
        for row in await administrator.fetch(f'SELECT * FROM "{table}"'):
            for value in row.values():
                pieces += [value, value.hex().encode()] if isinstance(value, bytes) else [str(value).encode()]
    await administrator.close()
    return b"\n".join(pieces)
