"""The notice address: given, confirmed by a code that was sent there, removed; and what nobody can do with it."""

from datetime import timedelta

import msgspec
import pytest
from asyncpg import UniqueViolationError

from tests.notifying.conftest import VAULT, Pigeon
from tests.profile.world import Administrator, World, drafts, together
from vault.clock import FixedClock
from vault.db import Database
from vault.errors import CannotOpen, Invalid, NotFound, Tampered, TooMany
from vault.ids import PersonId
from vault.notifying import address_of, confirm_address, give_address, remove_address, tell
from vault.notifying.hygiene import delete_old_messages
from vault.notifying.post import Post
from vault.signin import Holder

MAIL = "jingyi.ouyang@example.com"


def code_in(pigeon: Pigeon) -> str:
    """The code in the newest letter."""
    return next(line.strip() for line in pigeon.letters[-1].body.splitlines() if line.startswith("    "))


async def confirmed(db: Database, holder: Holder, post: Post, mail: str = MAIL) -> None:
    """Give an address and send its code back."""
    await db.run(give_address, holder, mail)
    await post.round()
    assert isinstance(post.notifier, Pigeon)
    assert await db.run(confirm_address, holder, code_in(post.notifier))


async def test_it_counts_once_its_code_came_back(database: Database, person: Holder, post: Post) -> None:
    """Given, a code goes there; confirmed, it is told there, in the person's language."""
    await confirmed(database, person, post)
    view = await database.run(address_of, person)
    assert view.pending is None
    assert view.confirmed is not None
    assert (view.confirmed.address, view.confirmed.confirm_by) == (MAIL, None)
    await database.run(tell, PersonId(person.id), "consent_waiting", {})
    await post.round()
    assert isinstance(post.notifier, Pigeon)
    last = post.notifier.letters[-1]
    assert (last.to, last.locale, last.subject) == (MAIL, "zh-CN", "有一项请求等待您的决定")
    assert f"{VAULT}/requests" in last.body


async def test_an_unconfirmed_address_is_told_nothing(database: Database, person: Holder, post: Post) -> None:
    """Nobody can make somebody else's mailbox the place where they are told."""
    await database.run(give_address, person, MAIL)
    await post.round()
    assert not await database.run(tell, PersonId(person.id), "consent_waiting", {})
    assert await post.round() == 0


async def test_the_old_address_learns_that_it_ended(
    database: Database, person: Holder, post: Post, pigeon: Pigeon
) -> None:
    """Whoever was told before hears of the change, also of the removal."""
    await confirmed(database, person, post)
    await confirmed(database, person, post, "another@example.com")
    await post.round()
    assert [each.to for each in pigeon.letters] == [MAIL, "another@example.com", MAIL]
    await database.run(remove_address, person)
    await post.round()
    assert pigeon.letters[-1].to == "another@example.com"
    view = await database.run(address_of, person)
    assert (view.confirmed, view.pending) == (None, None)


async def test_every_step_is_an_entry(database: Database, person: Holder, post: Post) -> None:
    """Given, confirmed, removed; without the address."""
    await confirmed(database, person, post)
    await database.run(remove_address, person)
    entries = await drafts(database)
    assert [e["event"] for e in map(msgspec.json.decode, entries)][-3:] == [
        "notice_address.given",
        "notice_address.confirmed",
        "notice_address.removed",
    ]
    assert not any(b"jingyi" in entry or b"example.com" in entry for entry in entries)


async def test_a_code_is_not_guessed(database: Database, person: Holder, post: Post, pigeon: Pigeon) -> None:
    """Five tries for one address; then not even the right one counts."""
    await database.run(give_address, person, MAIL)
    await post.round()
    for _ in range(5):
        assert not await database.run(confirm_address, person, "0000-0000")
    with pytest.raises(NotFound):
        await database.run(confirm_address, person, code_in(pigeon))


async def test_tries_at_once_count_too(database: Database, person: Holder, post: Post) -> None:
    """Twelve guesses at the same moment are five."""
    await database.run(give_address, person, MAIL)
    outcomes = await together(*[lambda: database.run(confirm_address, person, "0000-0000")] * 12)
    assert outcomes.count(False) == 5


async def test_a_code_ends(database: Database, person: Holder, post: Post, pigeon: Pigeon, clock: FixedClock) -> None:
    """After half an hour the address is as if it had not been given."""
    await database.run(give_address, person, MAIL)
    await post.round()
    clock.move(timedelta(minutes=30))
    with pytest.raises(NotFound):
        await database.run(confirm_address, person, code_in(pigeon))
    assert (await database.run(address_of, person)).pending is None


async def test_a_code_is_its_persons(world: World, database: Database, post: Post, pigeon: Pigeon) -> None:
    """The code of one person confirms nothing of another's; read with O for 0 and without its hyphen it still does."""
    one, other = await world.person(), await world.person()
    await database.run(give_address, one, MAIL)
    await post.round()
    code = code_in(pigeon)
    await database.run(give_address, other, MAIL)
    assert not await database.run(confirm_address, other, code)
    assert await database.run(confirm_address, one, code.lower().replace("-", " ").replace("0", "o"))


async def test_nobodys_mailbox_is_flooded(database: Database, person: Holder, clock: FixedClock) -> None:
    """Three codes an hour and ten a day, also when asked for at once; then: too many."""
    outcomes = await together(*[lambda: database.run(give_address, person, MAIL)] * 6)
    assert sum(isinstance(each, TooMany) for each in outcomes) == 3
    for _ in range(2):
        clock.move(timedelta(hours=1, seconds=1))
        for _ in range(3):
            await database.run(give_address, person, MAIL)
    clock.move(timedelta(hours=1, seconds=1))
    await database.run(give_address, person, MAIL)
    with pytest.raises(TooMany):
        await database.run(give_address, person, MAIL)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "13800130013",
        "a@b",
        "a@example.com\nBcc: all@example.com",
        "a b@example.com",
        "a@example.com, b@example.com",
        '"a"@example.com',
        "a@[127.0.0.1]",
        "a@-example.com",
        f"{'a' * 65}@example.com",
        f"a@{'b.' * 130}com",
        "名@example.com",
    ],
)
async def test_what_is_no_mail_address_is_refused(database: Database, person: Holder, address: str) -> None:
    """Nothing that a header could be broken with, no number, no list."""
    with pytest.raises(Invalid):
        await database.run(give_address, person, address)


async def test_the_tables_show_no_address(
    database: Database, person: Holder, post: Post, administrator: Administrator
) -> None:
    """Neither address nor code nor text in any column; a blob moved to another row does not open."""
    await confirmed(database, person, post)
    await database.run(give_address, person, "second@example.com")
    for table in ("notice_addresses", "notice_messages"):
        for row in await administrator.rows(f"SELECT t::text AS line FROM {table} t"):
            assert b"example".hex() not in row["line"]
    await administrator.execute(
        "UPDATE notice_messages SET sealed = (SELECT sealed FROM notice_messages WHERE state = 'sent' LIMIT 1) "
        "WHERE state = 'waiting'"
    )
    with pytest.raises(CannotOpen):
        await post.round()


async def test_an_administrator_cannot_redirect_notices(
    database: Database, person: Holder, post: Post, administrator: Administrator
) -> None:
    """An address that was made confirmed by hand is refused, loudly."""
    await database.run(give_address, person, "thief@example.com")
    await administrator.execute("UPDATE notice_addresses SET state = 'confirmed', code_hash = NULL, confirm_by = NULL")
    with pytest.raises(Tampered):
        await database.run(tell, PersonId(person.id), "consent_waiting", {})


async def test_one_confirmed_address_by_law_of_the_database(
    database: Database, person: Holder, post: Post, administrator: Administrator
) -> None:
    """Two confirmed addresses of one person do not exist."""
    await confirmed(database, person, post)
    with pytest.raises(UniqueViolationError, match="uq_notice_addresses_person_id_state"):
        await administrator.execute(
            "INSERT INTO notice_addresses SELECT person_id, gen_random_uuid(), kind, sealed, state, at, code_hash, "
            "confirm_by, tries, version, mac FROM notice_addresses"
        )


async def test_removing_stops_what_is_queued(database: Database, person: Holder, post: Post, pigeon: Pigeon) -> None:
    """What waits is not sent there any more; removing twice is told."""
    await confirmed(database, person, post)
    await database.run(tell, PersonId(person.id), "consent_waiting", {})
    await database.run(remove_address, person)
    await post.round()
    assert [each.subject for each in pigeon.letters] == ["确认接收通知的地址", "此地址不再接收通知"]
    with pytest.raises(NotFound):
        await database.run(remove_address, person)


async def test_old_rows_go(
    database: Database, person: Holder, post: Post, administrator: Administrator, clock: FixedClock
) -> None:
    """Sent messages after two days, addresses past their code; not before, since messages are counted."""
    await database.run(give_address, person, MAIL)
    await post.round()
    clock.move(timedelta(days=1))
    await database.run(delete_old_messages)
    assert len(await administrator.rows("SELECT FROM notice_messages")) == 1
    assert await administrator.rows("SELECT FROM notice_addresses") == []
    clock.move(timedelta(days=2))
    assert await database.run(delete_old_messages) == 1
