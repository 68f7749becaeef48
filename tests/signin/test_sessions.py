"""Sign-ins under way: they end when they should, and the row is worth nothing without the cookie."""

from datetime import timedelta

import asyncpg
import pytest
import sqlalchemy as sa

from tests.signin.people import doorway, enter, founded, person
from vault.clock import FixedClock
from vault.crypto.canonical import b64, unb64
from vault.db import Database
from vault.errors import Tampered, Unauthenticated
from vault.signin import Attempt, Holder, resume, sign_in, sign_out
from vault.signin.hygiene import delete_ended_sign_ins
from vault.signin.tables import SignIn, Throttle


async def resumed(database: Database, cookie: str, realm: str | None = None) -> Holder:
    """Whoever the cookie signs in."""
    async with database.begin() as session:
        return await resume(session, cookie, realm)


async def rows(database: Database) -> list[SignIn]:
    """Every sign-in there is."""
    async with database.begin() as session:
        return list((await session.execute(sa.select(SignIn))).scalars())


async def edit(database_url: str, statement: str, *values: object) -> None:
    """Change rows as a database administrator could."""
    administrator = await asyncpg.connect(database_url)
    await administrator.execute(statement, *values)
    await administrator.close()


async def test_a_second_sign_in_does_not_break_the_first(database: Database) -> None:
    """Two browsers, two sign-ins, the same keys; leaving one keeps the other."""
    await person(database, "alice")
    first, second = (await enter(database, "person", "alice")).cookie, (await enter(database, "person", "alice")).cookie
    one, two = await resumed(database, first), await resumed(database, second)
    assert (one.id, one.bundle.box_public) == (two.id, two.bundle.box_public)
    assert one.sign_in != two.sign_in
    await database.run(sign_out, first)
    with pytest.raises(Unauthenticated):
        await resumed(database, first)
    assert await resumed(database, second)


async def test_signing_out_twice_or_without_a_sign_in_does_nothing(database: Database) -> None:
    """Rubbish, a cookie that ended, somebody's ids with another secret: nothing happens."""
    await person(database, "alice")
    cookie = (await enter(database, "person", "alice")).cookie
    forged = b64(unb64(cookie)[:32] + bytes(32))
    for text in ("", "rubbish", "A" * 86, forged):
        await database.run(sign_out, text)
    assert await resumed(database, cookie)
    await database.run(sign_out, cookie)
    await database.run(sign_out, cookie)
    assert await rows(database) == []


async def test_an_unused_sign_in_ends(database: Database, clock: FixedClock) -> None:
    """After the idle time it is over, though its row is still there."""
    await person(database, "alice")
    cookie = (await enter(database, "person", "alice")).cookie
    clock.move(timedelta(minutes=29, seconds=59))
    assert await resumed(database, cookie)
    clock.move(timedelta(minutes=30))
    with pytest.raises(Unauthenticated):
        await resumed(database, cookie)
    assert len(await rows(database)) == 1


async def test_a_used_sign_in_goes_on_until_twelve_hours(database: Database, clock: FixedClock) -> None:
    """Use keeps it alive, but not for ever."""
    await person(database, "alice")
    signed_in = await enter(database, "person", "alice")
    assert signed_in.ends_at == clock.now() + timedelta(hours=12)
    for _ in range(35):
        clock.move(timedelta(minutes=20))
        await resumed(database, signed_in.cookie)
    clock.move(timedelta(minutes=20))
    with pytest.raises(Unauthenticated):
        await resumed(database, signed_in.cookie)


async def test_the_idle_time_is_the_doorways(database: Database, clock: FixedClock) -> None:
    """It is fixed when the sign-in begins."""
    await person(database, "alice")
    attempt = Attempt("person", "alice", "correct horse 电池 staple", "192.0.2.1")
    cookie = (await sign_in(database, doorway(database.ring, minutes=5), attempt)).cookie
    clock.move(timedelta(minutes=5))
    with pytest.raises(Unauthenticated):
        await resumed(database, cookie)


async def test_a_sign_in_is_of_one_realm(database: Database) -> None:
    """A person's cookie is no officer's, nor the other way round."""
    await person(database, "alice")
    await founded(database)
    alice = (await enter(database, "person", "alice")).cookie
    officer = (await enter(database, "officer", "release")).cookie
    regulator = (await enter(database, "regulator", "regulator")).cookie
    for cookie, own in ((alice, "person"), (officer, "officer"), (regulator, "regulator")):
        assert (await resumed(database, cookie)).realm == own
        for realm in {"person", "officer", "regulator"} - {own}:
            with pytest.raises(Unauthenticated):
                await resumed(database, cookie, realm)


async def test_every_other_cookie_is_refused(database: Database) -> None:
    """Each byte counts: other holder, other sign-in, other secret, other length."""
    await person(database, "alice")
    raw = unb64((await enter(database, "person", "alice")).cookie)
    for place in (0, 15, 16, 31, 32, 63):
        changed = bytearray(raw)
        changed[place] ^= 1
        with pytest.raises(Unauthenticated):
            await resumed(database, b64(bytes(changed)))
    for text in ("", b64(raw[:-1]), b64(raw + b"\0"), "' OR 1=1 --", "\0"):
        with pytest.raises(Unauthenticated):
            await resumed(database, text)


async def test_the_secret_is_in_the_cookie_only(database: Database) -> None:
    """The row has a hash of it; no column has the secret in any encoding, or opens without it."""
    await person(database, "alice")
    secret = unb64((await enter(database, "person", "alice")).cookie)[32:]
    (row,) = await rows(database)
    stored = b"|".join([row.secret_hash, row.wrapped])
    assert secret not in stored
    assert secret.hex().encode() not in stored
    assert b64(secret).encode() not in stored


@pytest.mark.parametrize(
    "change",
    [
        "ends_at = ends_at + interval '1 year'",
        "idle_seconds = 1000000",
        "realm = 'officer'",
        "wrapped = substring(wrapped FROM 1 FOR octet_length(wrapped) - 1)",
        "wrapped = set_byte(wrapped, 40, get_byte(wrapped, 40) # 1)",
    ],
)
async def test_an_edited_sign_in_is_refused_loudly(database: Database, database_url: str, change: str) -> None:
    """Prolonging it or changing its realm in SQL breaks it."""
    await person(database, "alice")
    cookie = (await enter(database, "person", "alice")).cookie
    await edit(database_url, f"UPDATE sign_ins SET {change}")
    with pytest.raises(Tampered):
        await resumed(database, cookie)


async def test_a_sign_in_moved_to_another_holder_is_refused(database: Database, database_url: str) -> None:
    """With the right secret and somebody else's id, the keys do not open."""
    alice, mallory = await person(database, "alice"), await person(database, "mallory")
    cookie = (await enter(database, "person", "mallory")).cookie
    await edit(database_url, "UPDATE sign_ins SET holder_id = $1 WHERE holder_id = $2", alice.person, mallory.person)
    with pytest.raises(Tampered):
        await resumed(database, b64(alice.person.bytes + unb64(cookie)[16:]))


async def test_ended_sign_ins_are_swept_at_the_next(database: Database, clock: FixedClock) -> None:
    """Rows do not pile up for people who never sign out."""
    await person(database, "alice")
    for _ in range(3):
        await enter(database, "person", "alice")
        clock.move(timedelta(hours=13))
    await enter(database, "person", "alice")
    assert len(await rows(database)) == 1


async def test_tidying_takes_only_what_has_ended(database: Database, clock: FixedClock) -> None:
    """Sign-ins under way and buckets of today stay; dead rows go, and it can be done again."""
    await person(database, "alice")
    await enter(database, "person", "alice")
    clock.move(timedelta(hours=11))
    cookie = (await enter(database, "person", "alice")).cookie
    await database.run(delete_ended_sign_ins)
    assert len(await rows(database)) == 2
    clock.move(timedelta(minutes=90))
    await database.run(delete_ended_sign_ins)
    assert [row.id.bytes for row in await rows(database)] == [unb64(cookie)[16:32]]
    clock.move(timedelta(days=2))
    for _ in range(2):
        await database.run(delete_ended_sign_ins)
    async with database.begin() as session:
        assert (await session.execute(sa.select(Throttle))).all() == [] == await rows(database)


async def test_coming_and_going_is_recorded(database: Database, database_url: str) -> None:
    """Each sign-in and sign-out has its entry, tagged for a person, named for an officer."""
    await person(database, "alice")
    await founded(database)
    device = (await enter(database, "person", "alice")).device
    cookie = (await enter(database, "person", "alice", device=device)).cookie
    await database.run(sign_out, cookie)
    administrator = await asyncpg.connect(database_url)
    drafts = await administrator.fetch(
        "SELECT convert_from(draft, 'UTF8')::json AS d, tag FROM ledger_outbox ORDER BY id"
    )
    await administrator.close()
    entries = [(str(row["d"]), row["tag"] is not None) for row in drafts if "sign_in." in str(row["d"])]
    persons = [text for text, tagged in entries if tagged]
    assert ["new_device" in text for text in persons[:2]] == [True, False]
    assert "sign_in.ended" in persons[2]
    assert len(persons) == 3
    assert len(entries) == 7
