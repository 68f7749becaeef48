"""What the law hides for a while: numbered at once, counted at once, told on its day, and never later."""

from datetime import timedelta

import asyncpg
import pytest

from tests.ledger.world import Log, released
from vault import ids
from vault.clock import FixedClock, millis
from vault.errors import CannotOpen, Invalid, Tampered
from vault.ids import PersonId
from vault.ledger import hidden, reading
from vault.ledger.hidden import Veil, append_hidden
from vault.ledger.reading import Entry

BANK = ids.new_uuid()
WEEK = timedelta(days=7)


@pytest.fixture
def veil(clock: FixedClock) -> Veil:
    return Veil("Cyberspace Administration", "criminal-investigation", clock.now() + WEEK)


async def hide(log: Log, person: PersonId, veil: Veil) -> None:
    async with log.database.begin() as session:
        await append_hidden(session, released(BANK), person=person, veil=veil)
    await log.drain()


async def lines(log: Log, k_s: bytes, count: int) -> list[Entry]:
    """What the person sees."""
    async with log.database.begin() as session:
        found = await reading.history(session, k_s, 0, count)
        return await hidden.lift(session, [entry for line in found for entry in line.entries])


async def test_the_person_sees_a_line_and_nothing_of_it(log: Log, veil: Veil) -> None:
    """Their numbers stay dense; who, whom and what are not in the entry, not even in its exact bytes."""
    person, k_s = await log.person()
    await log.record(released(BANK), person=person)
    await hide(log, person, veil)
    seen = await lines(log, k_s, 2)
    assert [each.members["event"] for each in seen] == ["release.delivered", "access.hidden"]
    assert seen[1].members.keys() == {"v", "id", "at", "event", "actor", "nonce", "until", "commit", "index", "tag"}
    assert seen[1].members["actor"] == {"kind": "registry"}
    for word in (BANK.hex, "identity", veil.ground, veil.authority):
        assert word.encode() not in seen[1].body


async def test_it_opens_by_itself_on_its_day(log: Log, veil: Veil, clock: FixedClock) -> None:
    """Not a moment before; nobody has to do anything for it."""
    person, k_s = await log.person()
    await hide(log, person, veil)
    clock.move(WEEK - timedelta(milliseconds=1))
    assert (await lines(log, k_s, 1))[0].members["event"] == "access.hidden"
    clock.move(timedelta(milliseconds=1))
    opened = (await lines(log, k_s, 1))[0]
    assert opened.members["event"] == "release.delivered"
    assert opened.members["requester"] == ids.public(ids.REQUESTER, BANK)
    assert opened.members["hidden_until"] == millis(veil.until)


async def test_everybody_may_count_at_once(log: Log, veil: Veil, clock: FixedClock) -> None:
    """By authority and ground, from the moment it is recorded until it opens; and the ledger has as many."""
    person, _ = await log.person()
    await hide(log, person, veil)
    async with log.database.begin() as session:
        (count,) = await hidden.counts(session)
        assert (count.authority, count.ground, count.count) == (veil.authority, veil.ground, 1)
        assert count.first_until == count.last_until == veil.until
        assert await hidden.totals(session) == (1, 1)
    clock.move(WEEK)
    async with log.database.begin() as session:
        assert await hidden.counts(session) == []
        assert await hidden.totals(session) == (1, 1)


@pytest.mark.parametrize(
    "change",
    [
        "until = until + interval '1 year'",
        "authority = 'Nobody'",
        "ground = 'supervision'",
        "sealed = sealed || '\\x00'",
    ],
)
async def test_an_edited_row_is_refused(log: Log, veil: Veil, clock: FixedClock, change: str) -> None:
    """An administrator cannot put the day off, nor say that it was somebody else."""
    person, k_s = await log.person()
    await hide(log, person, veil)
    connection = await asyncpg.connect(log.admin_url)
    await connection.execute(f"UPDATE ledger_hidden SET {change}")
    await connection.close()
    clock.move(WEEK)
    with pytest.raises((Tampered, CannotOpen)):
        await lines(log, k_s, 1)


async def test_a_row_that_was_taken_away_is_noticed(log: Log, veil: Veil, clock: FixedClock) -> None:
    """The count falls short of the ledger's, and the line does not pretend to be nothing."""
    person, k_s = await log.person()
    await hide(log, person, veil)
    connection = await asyncpg.connect(log.admin_url)
    await connection.execute("DELETE FROM ledger_hidden")
    await connection.close()
    async with log.database.begin() as session:
        assert await hidden.totals(session) == (0, 1)
    clock.move(WEEK)
    with pytest.raises(Tampered):
        await lines(log, k_s, 1)


@pytest.mark.parametrize(
    ("ground", "days", "field"), [("because", 7, "ground"), ("supervision", 0, "until"), ("supervision", 2000, "until")]
)
async def test_nothing_is_hidden_without_a_ground_or_for_ever(
    log: Log, clock: FixedClock, ground: str, days: int, field: str
) -> None:
    """The ground is one that the law knows, and the day comes."""
    person, _ = await log.person()
    with pytest.raises(Invalid, match=field):
        await hide(log, person, Veil("Authority", ground, clock.now() + timedelta(days=days)))
    assert await log.waiting() == 0
