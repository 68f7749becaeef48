"""The watcher over a real ledger: it counts once, slows down and stops by its lines, and leaves an entry."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.profile.world import Administrator
from tests.requesters.world import Staff, cheap_doorway, found_registry, let_in
from vault.clock import FixedClock
from vault.db import Database, Session
from vault.errors import Conflict, NotFound, Refused, Tampered
from vault.ids import RequesterId, new_uuid
from vault.ledger.checkpoint import ring_signer
from vault.ledger.events import Event, Item
from vault.ledger.events import requester as by_requester
from vault.ledger.log import append
from vault.ledger.sequencer import Sequencer
from vault.requesters.tables import Requester
from vault.watching import desk, watch
from vault.watching.reading import behaviour


@pytest.fixture
async def staff(database: Database) -> Staff:
    return await found_registry(database, cheap_doorway(database))


@pytest.fixture
async def bank(database: Database, staff: Staff) -> RequesterId:
    decided = await let_in(database, staff)
    assert decided.requester is not None
    return decided.requester


async def drained(database: Database) -> None:
    await Sequencer(database, ring_signer(database.ring, "test/log")).drain()


async def refusals(database: Database, bank: RequesterId, count: int, *, reason: str = "refresh-known") -> None:
    """So many refusals of the bank's machine, in the tree."""
    event = Event(name="token.refused", actor=by_requester(bank), requester=bank, reason=reason)

    async def add(session: Session) -> None:
        for _ in range(count):
            await append(session, event)

    await database.run(add)
    await drained(database)


async def watched(database: Database) -> int | None:
    """Looks until everything is read."""
    seen = await database.run(watch.look)
    while await database.run(watch.look):
        pass
    await drained(database)
    return seen


async def status(database: Database, bank: RequesterId) -> str:
    async with database.begin() as session:
        row = await session.get(Requester, bank)
        assert row is not None
        return row.status


async def entries(administrator: Administrator, event: str) -> list[str]:
    rows = await administrator.rows("SELECT outcome, event FROM ledger_bodies ORDER BY idx")
    return [row["outcome"] for row in rows if row["event"] == event]


@pytest.fixture
def administrator(database_url: str) -> Administrator:
    return Administrator(database_url)


async def test_a_guesser_is_slowed_down(
    database: Database, staff: Staff, bank: RequesterId, administrator: Administrator
) -> None:
    """Twenty-five refresh tokens that are not there: noted by rule and figures, slowed down, an entry, still in."""
    await refusals(database, bank, 25)
    assert await watched(database) == 1
    (found,) = await database.run(desk.found, staff.first)
    assert (found.requester, found.outcome, found.score) == (bank, "throttled", 80)
    assert {each["rule"]: each["points"] for each in found.findings} == {"refused-share": 50, "sequential-guesses": 30}
    assert found.until is not None
    assert await status(database, bank) == "active"
    assert await entries(administrator, "requester.watched") == ["throttled"]
    (row,) = await administrator.rows("SELECT per_minute, slowed_until FROM requester_quotas")
    assert (row["per_minute"], row["slowed_until"]) == (watch.SLOW, found.until)
    assert len(await entries(administrator, "requester.throttled")) == 1


async def test_above_the_line_it_is_stopped(
    database: Database, staff: Staff, bank: RequesterId, administrator: Administrator
) -> None:
    """A hundred guesses: suspended by the registry itself, until two officers restore it."""
    await refusals(database, bank, 25)
    await watched(database)
    await refusals(database, bank, 80)
    await watched(database)
    assert await status(database, bank) == "suspended"
    assert await entries(administrator, "requester.watched") == ["throttled", "stopped"]
    assert len(await entries(administrator, "requester.suspended")) == 1
    assert [each.outcome for each in await database.run(desk.found, staff.first)] == ["stopped", "throttled"]


async def test_the_same_is_not_found_again(database: Database, staff: Staff, bank: RequesterId) -> None:
    """Within a day the same outcome is one finding, however often it looks."""
    await refusals(database, bank, 25)
    await watched(database)
    await refusals(database, bank, 5)
    await watched(database)
    assert len(await database.run(desk.found, staff.first)) == 1


async def test_no_entry_is_counted_twice(database: Database, bank: RequesterId) -> None:
    """Several watchers at once, a look that is rolled back: the counts are those of the ledger."""
    await refusals(database, bank, 30)

    async def fails(session: Session) -> None:
        await watch.look(session)
        raise Conflict("killed before its commit")

    with pytest.raises(Conflict):
        await database.run(fails)
    await asyncio.gather(*(database.run(watch.look) for _ in range(6)))
    await watched(database)
    async with database.begin() as session:
        assert (await behaviour(session, bank)).day.counts["refused"] == 30


async def test_who_watches_is_one(database: Database, bank: RequesterId) -> None:
    """While one looks, another is told so and does nothing."""
    await database.run(watch.look)
    async with database.begin() as first:
        assert await watch.look(first) is not None
        async with database.begin() as second:
            assert await watch.look(second) is None


async def test_ordinary_work_is_nothing(database: Database, staff: Staff, bank: RequesterId) -> None:
    """Refusals of an integrator at work, spread over many checks, and few of them."""
    await refusals(database, bank, 15, reason="dpop-htu")
    await watched(database)
    assert await database.run(desk.found, staff.first) == []


async def test_yesterday_counts_no_more_for_the_hour(
    database: Database, staff: Staff, bank: RequesterId, clock: FixedClock
) -> None:
    """Nineteen guesses now and nineteen two hours ago are not thirty-eight in an hour."""
    await refusals(database, bank, 19)
    clock.move(timedelta(hours=2))
    await refusals(database, bank, 19)
    await watched(database)
    (found,) = await database.run(desk.found, staff.first)
    assert [each["rule"] for each in found.findings] == ["refused-share"]


async def test_an_officer_closes_it(database: Database, staff: Staff, bank: RequesterId) -> None:
    """With what came of it, once, by whoever vets, and not by anybody else."""
    await refusals(database, bank, 25)
    await watched(database)
    (found,) = await database.run(desk.found, staff.first)
    with pytest.raises(Refused):
        await database.run(desk.close, staff.third, bank, found.id, reason="looked into it")
    with pytest.raises(NotFound):
        await database.run(desk.close, staff.first, RequesterId(new_uuid()), found.id, reason="looked into it")
    closed = await database.run(desk.close, staff.first, bank, found.id, reason="a test of their new client")
    assert closed.closed_reason == "a test of their new client"
    with pytest.raises(Conflict):
        await database.run(desk.close, staff.second, bank, found.id, reason="looked into it")
    assert await database.run(desk.found, staff.first) == []
    assert len(await database.run(desk.found, staff.second, closed=True)) == 1


async def test_a_finding_that_was_edited_is_refused(
    database: Database, staff: Staff, bank: RequesterId, administrator: Administrator
) -> None:
    """A friend in the database who makes it look harmless is found out."""
    await refusals(database, bank, 25)
    await watched(database)
    await administrator.execute("UPDATE watch_findings SET score = 1, outcome = 'noted'")
    with pytest.raises(Tampered):
        await database.run(desk.found, staff.first)


async def test_deliveries_are_counted_by_item_and_hour(database: Database, bank: RequesterId) -> None:
    """Eight in the morning is 16:00 in the registry's time zone: no night. Sandboxes do not count."""
    event = Event(name="consent.refused", actor=by_requester(bank), requester=bank, reason="over-asked")
    sandbox = Event(
        name="release.refused",
        actor=by_requester(bank),
        requester=bank,
        reason="often",
        outcome="sandbox",
        items=(Item("contact.email"),),
    )

    async def add(session: Session) -> None:
        await append(session, event)
        await append(session, sandbox)

    await database.run(add)
    await drained(database)
    await watched(database)
    async with database.begin() as session:
        seen = await behaviour(session, bank)
    assert seen.hour.counts["refused"] == seen.month.counts["refused"] == 1
    assert seen.hour.counts["night"] == 0
    assert (await _marks(database)) > 0


async def _marks(database: Database) -> int:
    async with database.begin() as session:
        return int((await session.execute(sa.text("SELECT next_idx FROM watch_marks"))).scalar_one())


async def test_a_watcher_that_only_notes(database: Database, staff: Staff, bank: RequesterId) -> None:
    """Whatever the score: it is written down, and nobody is slowed down or stopped."""
    await refusals(database, bank, 105)
    await database.run(watch.look, is_acting=False)
    (found,) = await database.run(desk.found, staff.first)
    assert (found.outcome, found.score, found.until) == ("noted", 110, None)
    assert await status(database, bank) == "active"
