"""The queue's way out: after the commit, once, again when it failed, and not for ever."""

from datetime import timedelta

import pytest

from tests.notifying.conftest import Pigeon
from tests.notifying.test_addresses import MAIL, confirmed
from tests.profile.world import Administrator, together
from vault.accounts import notices
from vault.clock import FixedClock
from vault.db import Database, Session
from vault.ids import PersonId
from vault.notifying import Outcome, give_address, tell
from vault.notifying.outbox import Outbox, letters
from vault.notifying.post import MOST_TRIES, Post, pause
from vault.notifying.texts import TEXTS, worded
from vault.signin import Holder


async def test_what_was_rolled_back_is_not_sent(database: Database, person: Holder, post: Post) -> None:
    """A message belongs to its act."""
    await confirmed(database, person, post)

    async def fails(session: Session) -> None:
        await tell(session, PersonId(person.id), "consent_waiting", {})
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - our own, just above
        await database.run(fails)
    assert await post.round() == 0


async def test_of_several_processes_one_sends(database: Database, person: Holder, pigeon: Pigeon) -> None:
    """Five posts at the same moment, one letter."""
    await database.run(give_address, person, MAIL)
    await together(*[Post(database, pigeon, "x").round] * 5)
    assert len(pigeon.letters) == 1


async def test_a_failure_is_tried_again_ever_more_slowly(
    database: Database, person: Holder, post: Post, pigeon: Pigeon, clock: FixedClock
) -> None:
    """Not before its pause; the same letter each time; sent as soon as somebody takes it."""
    await database.run(give_address, person, MAIL)
    pigeon.outcome = Outcome.LATER
    for tries in (1, 2, 3):
        assert await post.round() == 1
        assert await post.round() == 0
        clock.move(pause(tries))
    pigeon.outcome = Outcome.TAKEN
    assert await post.round() == 1
    clock.move(timedelta(minutes=10))
    assert await post.round() == 0
    assert len({(each.id, each.body) for each in pigeon.letters}) == 1


async def test_what_nobody_takes_is_dropped(
    database: Database, person: Holder, post: Post, pigeon: Pigeon, administrator: Administrator
) -> None:
    """An address that does not exist is told once."""
    await database.run(give_address, person, MAIL)
    pigeon.outcome = Outcome.NEVER
    assert (await post.round(), await post.round()) == (1, 0)
    assert [row["state"] for row in await administrator.rows("SELECT state FROM notice_messages")] == ["dropped"]


async def test_a_message_past_its_use_is_not_sent(
    database: Database, person: Holder, post: Post, pigeon: Pigeon, clock: FixedClock
) -> None:
    """A code that has ended is not sent any more."""
    await database.run(give_address, person, MAIL)
    clock.move(timedelta(minutes=31))
    assert await post.round() == 0
    assert pigeon.letters == []


async def test_a_process_that_died_leaves_its_message_to_others(
    database: Database, person: Holder, clock: FixedClock
) -> None:
    """Claimed and never settled, it is free again after the lease."""

    class Dies:
        async def deliver(self, _letter: object) -> Outcome:
            raise ConnectionError

    await database.run(give_address, person, MAIL)
    with pytest.raises(ConnectionError):
        await Post(database, Dies(), "x").round()
    kept = Pigeon()
    assert await Post(database, kept, "x").round() == 0
    clock.move(timedelta(seconds=61))
    assert await Post(database, kept, "x").round() == 1


def test_pauses_grow_to_an_hour() -> None:
    """15 s, 30 s, … 1 h; a dozen tries are half a day."""
    pauses = [pause(tries).total_seconds() for tries in range(1, MOST_TRIES + 1)]
    assert pauses[:3] == [15, 30, 60]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 3600


async def test_without_an_address_the_portal_tells(database: Database, person: Holder, post: Post) -> None:
    """The notice in the portal is always there."""
    assert not await database.run(tell, PersonId(person.id), "consent_waiting", {})
    assert [each.kind for each in await database.run(notices, PersonId(person.id))] == ["consent_waiting"]
    assert await post.round() == 0


async def test_the_outbox_keeps_what_would_have_been_sent(
    world: object, database: Database, person: Holder, administrator: Administrator
) -> None:
    """Each person sees their own; no column can be read; delivering twice keeps one."""
    await database.run(give_address, person, MAIL)
    await Post(database, Outbox(database), "http://127.0.0.1:8000").round()
    (kept,) = await database.run(letters, PersonId(person.id))
    assert kept.to == MAIL
    await Outbox(database).deliver(kept)
    assert len(await database.run(letters, PersonId(person.id))) == 1
    (row,) = await administrator.rows("SELECT t::text AS line FROM notice_outbox t")
    assert b"jingyi".hex() not in row["line"]


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_every_message_is_said_in_both_languages(kind: str, locale: str) -> None:
    """With every value in place, and the words that no mail of ours asks for a password."""
    said = worded(kind, locale, {"vault": "https://vault.example", "until": "noon", "code": "ABCD-EFGH"})
    assert "$" not in said.subject + said.body
    assert ("password" if locale == "en" else "密码") in said.body
    assert any("\u4e00" <= char <= "\u9fff" for char in said.subject) == (locale == "zh-CN")
