"""Recording: with the act or not at all, tagged for the person without a gap."""

import asyncio

import pytest
import sqlalchemy as sa

from tests.ledger.world import FOUNDED, Log, released, written
from vault import ids
from vault.clock import millis
from vault.crypto.canonical import reread
from vault.db import Session
from vault.errors import Invalid, NotFound
from vault.ids import PersonId
from vault.ledger.events import PERSON, Event
from vault.ledger.log import SHARD, append
from vault.ledger.subjects import create_subject, forget_subject, key_and_count, next_tag, tags
from vault.ledger.tables import OutboxRow


async def outbox(log: Log) -> list[tuple[bytes, bytes | None]]:
    async with log.database.begin() as session:
        rows = await session.execute(sa.select(OutboxRow.draft, OutboxRow.tag).order_by(OutboxRow.id))
        return [(draft, tag) for draft, tag in rows]


async def _fail_after_recording(session: Session, person: PersonId) -> None:
    await append(session, written(), person=person)
    raise ZeroDivisionError


async def test_an_act_leaves_one_draft(log: Log) -> None:
    """A committed act has its draft in the outbox, dated when the unit of work began."""
    (entry_id,) = await log.record(FOUNDED)
    ((draft, tag),) = await outbox(log)
    members = reread(draft)
    assert (members["id"], members["event"]) == (ids.public(ids.ENTRY, entry_id), "registry.founded")
    assert members["at"] == millis(log.database.clock.now())
    assert tag is None


async def test_an_act_that_fails_leaves_none(log: Log) -> None:
    """When the act's transaction rolls back, there is no entry, and the person's number is free again."""
    person, k_s = await log.person()
    with pytest.raises(ZeroDivisionError):
        await log.database.run(_fail_after_recording, person)
    assert await outbox(log) == []
    await log.record(written(), person=person)
    assert [tag for _, tag in await outbox(log)] == tags(k_s, SHARD, 0, 1)


async def test_tags_are_dense_and_in_order(log: Log) -> None:
    """A person's entries carry the tags numbered 0, 1, 2, …"""
    person, k_s = await log.person()
    await log.record(written(), written("finance"), written("health"), person=person)
    assert [tag for _, tag in await outbox(log)] == tags(k_s, SHARD, 0, 3)
    async with log.database.begin() as session:
        assert await key_and_count(session, person) == (k_s, 3)


async def test_tags_stay_dense_under_concurrency(log: Log) -> None:
    """Forty acts at once about one person take forty different numbers."""
    person, k_s = await log.person()
    await asyncio.gather(*(log.record(written(), person=person) for _ in range(40)))
    assert {tag for _, tag in await outbox(log)} == set(tags(k_s, SHARD, 0, 40))


async def test_strangers_share_no_tags(log: Log) -> None:
    """Two persons' tags have nothing in common, nor those of one person in two shards."""
    _, one = await log.person()
    _, other = await log.person()
    assert len({*tags(one, 0, 0, 9), *tags(other, 0, 0, 9), *tags(one, 1, 0, 9)}) == 27


def test_a_tag_is_the_documented_function() -> None:
    """The tag is HMAC-SHA-256 over length-prefixed parts, as OpenSSL computes it from the documentation."""
    vector = "6dbd1e06f07f07a3fcaa8961f2572c7af4e56ed8de17d018d6406951dca2dac8"
    assert tags(bytes(range(32)), 1, 258, 1)[0].hex() == vector


async def test_an_act_about_an_unknown_person_is_not_recorded(log: Log) -> None:
    """Without a ledger key there is no tag, and so no entry that the person would miss."""
    with pytest.raises(NotFound):
        await log.record(written(), person=PersonId(ids.new_uuid()))
    assert await outbox(log) == []


async def test_an_event_outside_the_catalogue_is_not_recorded(log: Log) -> None:
    """What the catalogue does not have is refused before anything is written."""
    with pytest.raises(Invalid):
        await log.record(Event(name="person.liked", actor=PERSON))
    with pytest.raises(Invalid):
        await log.record(written())  # about somebody, but about whom?
    assert await outbox(log) == []


async def test_a_forgotten_person_takes_their_tags_along(log: Log) -> None:
    """After erasure the registry cannot compute the person's tags any more; the entries stay."""
    person, _ = await log.person()
    await log.record(written(), person=person)
    async with log.database.begin() as session:
        await forget_subject(session, person)
    async with log.database.begin() as session:
        with pytest.raises(NotFound):
            await key_and_count(session, person)
    assert len(await outbox(log)) == 1


async def test_a_person_has_one_ledger_key(log: Log) -> None:
    """A second ledger key for the same person is refused by the database."""
    person, _ = await log.person()
    with pytest.raises(sa.exc.IntegrityError):
        async with log.database.begin() as session:
            await create_subject(session, person)


async def test_a_counter_is_locked_until_its_act_ends(log: Log) -> None:
    """Two transactions never hold the same number: the second waits for the first."""
    person, k_s = await log.person()
    async with log.database.begin() as first:
        assert await next_tag(first, person, SHARD) == tags(k_s, SHARD, 0, 1)[0]
        later = asyncio.create_task(log.record(written(), person=person))
        await asyncio.sleep(0.05)
        assert not later.done()
    await later
    assert [tag for _, tag in await outbox(log)] == tags(k_s, SHARD, 1, 1)


async def test_the_application_can_only_add(log: Log) -> None:
    """The application's role may put a draft into the outbox, and may not take one out or touch the tree."""
    await log.record(released(ids.new_uuid()), person=(await log.person())[0])
    for statement in (
        "DELETE FROM ledger_outbox",
        "UPDATE ledger_outbox SET tag = NULL",
        "TRUNCATE ledger_outbox",
        "INSERT INTO ledger_checkpoints VALUES (0, 1, '', now())",
        "UPDATE ledger_heads SET epoch = 9",
    ):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            async with log.database.begin() as session:
                await session.execute(sa.text(statement))
    assert len(await outbox(log)) == 1
