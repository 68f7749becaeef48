"""Denial looks like absence, in content and in time: the same answers, by the same statements, at the same moments."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from tests.authserver.bank import ITEMS, Bank
from tests.authserver.callcentre import CHOICE, CallCentre
from tests.profile.world import Administrator, World
from vault.accounts.tables import Person
from vault.authserver.announcing import announce
from vault.authserver.backchannel import Started
from vault.authserver.hints import new_code, shown
from vault.authserver.prompts import prompts
from vault.clock import FixedClock
from vault.consent import Choice
from vault.db import Session
from vault.signin import Holder

Way = Callable[[CallCentre, Holder], Awaitable[Started]]


async def unknown(centre: CallCentre, _: Holder) -> Started:
    """A hint of the right shape that nobody made."""
    return await centre.start(shown(new_code()))


async def used(centre: CallCentre, person: Holder) -> Started:
    """A hint that was used before."""
    hint = await centre.hint(person)
    await centre.start(hint)
    return await centre.start(hint)


async def refused(centre: CallCentre, person: Holder) -> Started:
    """The person says no."""
    started, prompt = await centre.asked(person)
    await centre.deny(person, prompt)
    return started


async def reported(centre: CallCentre, person: Holder) -> Started:
    """The person says that they did not ask for it."""
    started, prompt = await centre.asked(person)
    await centre.deny(person, prompt, reported=True)
    return started


async def unanswered(centre: CallCentre, person: Holder) -> Started:
    """The person does nothing."""
    return (await centre.asked(person))[0]


async def silenced(centre: CallCentre, person: Holder) -> Started:
    """After a no, the organisation is not heard."""
    await refused(centre, person)
    started = await centre.start(await centre.hint(person))
    await announce(centre.bank.db)
    assert [each.state for each in await centre.bank.db.run(prompts, person)] == ["withheld", "refused"]
    return started


async def suspended(centre: CallCentre, person: Holder) -> Started:
    """The vault is not active when the request comes."""
    hint = await centre.hint(person)

    async def act(session: Session) -> None:
        row = await session.get(Person, person.id)
        assert row is not None
        row.status = "suspended"

    await centre.bank.db.run(act)
    started = await centre.start(hint)
    await announce(centre.bank.db)
    return started


WAYS: tuple[Way, ...] = (unknown, used, refused, reported, unanswered, silenced, suspended)


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that goes to the database by either way."""
    seen: list[str] = []

    def by_engine(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    sa.event.listen(Engine, "before_cursor_execute", by_engine)
    try:
        yield seen
    finally:
        sa.event.remove(Engine, "before_cursor_execute", by_engine)


@pytest.fixture
async def logged(centre: CallCentre) -> list[str]:
    """Statements of the plain pool, as asyncpg's own query log gives them."""
    seen: list[str] = []
    pool = await centre.bank.db.pool()
    async with pool.acquire() as connection:
        connection.add_query_logger(lambda record: seen.append(record.query))
    return seen


@pytest.mark.parametrize("way", WAYS, ids=lambda each: each.__name__)
async def test_pending_to_the_end_then_denied(centre: CallCentre, person: Holder, clock: FixedClock, way: Way) -> None:
    """One answer before the request's end and one after it, to the last byte, whatever happened."""
    started = await way(centre, person)
    assert (started.expires_in, len(started.auth_req_id)) == (300, 43)
    pending = {
        "status": 400,
        "error": "authorization_pending",
        "error_description": "The person has not decided yet: ask again after interval seconds.",
    }
    for _ in range(5):
        assert await centre.answer(started) == pending
        clock.move(timedelta(seconds=59))
    clock.move(timedelta(seconds=4))
    assert await centre.answer(started) == pending
    clock.move(timedelta(seconds=1))
    assert (await centre.answer(started))["error"] == "slow_down"
    clock.move(timedelta(seconds=20))
    assert await centre.answer(started) == {"status": 400, "error": "access_denied"}


async def test_polls_take_the_same_statements(
    centre: CallCentre, world: World, logged: list[str], clock: FixedClock
) -> None:
    """Before and after the end, each poll sends the database the same statements in the same order."""
    before, after = set(), set()
    for way in WAYS:
        person = await world.person()
        started = await way(centre, person)
        await centre.answer(started)
        for kept, wait in ((before, timedelta(seconds=6)), (after, timedelta(minutes=6))):
            clock.move(wait)
            logged.clear()
            with statements() as seen:
                await centre.answer(started)
            assert any("backchannel_requests" in each for each in logged)
            kept.add((tuple(logged), tuple(seen)))
    assert (len(before), len(after)) == (1, 1)


async def test_starting_takes_the_same_statements(centre: CallCentre, person: Holder, logged: list[str]) -> None:
    """A hint that leads to somebody, one that was used, one that nobody made: one answer by the same statements."""
    good = await centre.hint(person)
    await centre.start(shown(new_code()))
    taken = set()
    for hint in (good, good, shown(new_code())):
        logged.clear()
        with statements() as seen:
            started = await centre.start(hint)
        taken.add((tuple(logged), tuple(seen), started.expires_in, tuple(started.body())))
    assert len(taken) == 1


async def test_a_no_leaves_the_clients_row_as_it_was(
    centre: CallCentre, person: Holder, administrator: Administrator
) -> None:
    """By construction: what is polled is not written when the person refuses or reports."""
    for reported in (False, True):
        _, prompt = await centre.asked(person)
        rows = await administrator.rows("SELECT * FROM backchannel_requests ORDER BY hash")
        await centre.deny(person, prompt, reported=reported)
        assert await administrator.rows("SELECT * FROM backchannel_requests ORDER BY hash") == rows
        centre.bank.db.clock.move(timedelta(minutes=2))  # type: ignore[attr-defined]  # a FixedClock in tests


async def test_the_clients_count_does_not_fall_with_a_no(bank: Bank, world: World) -> None:
    """Whether a request counts as under way says nothing of its decision; only one that was fetched does not count."""
    centre = await CallCentre.registered(bank)

    async def count() -> int:
        statement = "SELECT count(*) FROM backchannel_requests WHERE redeemed_at IS NULL"
        async with (await bank.db.pool()).acquire() as connection:
            return int(await connection.fetchval(statement))

    for act in (centre.deny, centre.allow):
        person = await world.person()
        _, prompt = await centre.asked(person)
        before = await count()
        await act(person, prompt)
        assert await count() == before


async def test_nothing_of_the_items_shows(centre: CallCentre, person: Holder) -> None:
    """Like the redirect, the token lists what was ticked and is there; the same whether it was refused or lacking."""
    started, prompt = await centre.asked(person)
    await centre.allow(person, prompt, choice=centre_choice("identity.name"))
    issued = await centre.poll(started)
    assert [each["item"] for each in issued.authorization_details[0]["items"]] == ["identity.name"]
    assert set(ITEMS) > {"identity.name"}
    assert "contact" not in str(issued.body())


def centre_choice(*ticked: str) -> Choice:
    """Yes to these items."""
    return replace(CHOICE, ticked=frozenset(ticked))
