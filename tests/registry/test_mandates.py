"""A mandate says how far a regulator's role goes; two officers of different units give it, and nobody edits it."""

from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from tests.profile.world import World
from vault.clock import FixedClock
from vault.db import Database
from vault.errors import Conflict, Invalid, Refused, Tampered
from vault.ids import StaffId
from vault.registry import AnotherColleague, OutsideMandate, Terms, decide_mandate, mandated, mandates, propose_mandate
from vault.registry.granting import OPEN, decide_on_record
from vault.registry.mandates import FIGURES, FIRST_TERM, MEASURES, QUESTIONS


@pytest.fixture
async def world(database: Database) -> World:
    return await World.founded(database)


@pytest.fixture
def terms(world: World, clock: FixedClock) -> Terms:
    """Credit in Shanghai, for a year."""
    regulator = StaffId(world.staff.regulator.id)
    until = clock.now() + timedelta(days=365)
    return Terms(regulator, ["credit"], ["31"], [QUESTIONS], until, "Banks of the city.")


async def test_the_founding_gives_one_for_the_whole_system(world: World, clock: FixedClock) -> None:
    """Every power, everywhere, until a day; from that day on nothing at all."""
    db, regulator = world.db, world.staff.regulator
    _, mandate = await db.run(mandated, regulator, MEASURES)
    assert mandate.is_whole
    assert mandate.granted_by is None
    clock.move(FIRST_TERM)
    with pytest.raises(OutsideMandate, match="no mandate"):
        await db.run(mandated, regulator, MEASURES)


async def test_two_officers_of_different_units_give_another(world: World, terms: Terms) -> None:
    """It takes the place of the one before in the same moment, and what it leaves out is gone."""
    db, staff = world.db, world.staff
    proposed = await db.run(propose_mandate, staff.first, terms)
    assert (await db.run(mandated, staff.regulator, FIGURES))[1].is_whole
    given = await db.run(decide_mandate, staff.second, proposed.id, agree=True)
    _, mandate = await db.run(mandated, staff.regulator, QUESTIONS)
    assert mandate.id == given.id
    assert mandate.sectors == {"credit"}
    assert mandate.regions == {"31"}
    with pytest.raises(OutsideMandate, match="does not include"):
        await db.run(mandated, staff.regulator, FIGURES)
    assert [each.id for each in await db.run(mandates)] == [given.id]


async def test_nobody_gives_one_alone(world: World, terms: Terms) -> None:
    """Not whoever proposed it; the attempt is recorded. A refusal by the second leaves what was."""
    db, staff = world.db, world.staff
    proposed = await db.run(propose_mandate, staff.first, terms)
    with pytest.raises(AnotherColleague):
        await decide_on_record(db, staff.first, proposed.id, agree=True)
    await db.run(decide_mandate, staff.second, proposed.id, agree=False)
    assert (await db.run(mandated, staff.regulator, FIGURES))[1].is_whole
    with pytest.raises(Conflict):
        await db.run(decide_mandate, staff.second, proposed.id, agree=True)


async def test_no_powers_end_it(world: World, terms: Terms) -> None:
    """Two officers who agree on nothing but an end leave nothing in force."""
    db, staff = world.db, world.staff
    proposed = await db.run(propose_mandate, staff.first, replace(terms, powers=[]))
    await db.run(decide_mandate, staff.second, proposed.id, agree=True)
    with pytest.raises(OutsideMandate):
        await db.run(mandated, staff.regulator, QUESTIONS)


async def test_regulators_and_release_officers_give_none(world: World, terms: Terms) -> None:
    """Nobody stretches their own mandate."""
    for who in (world.staff.regulator, world.staff.third):
        with pytest.raises(Refused):
            await world.db.run(propose_mandate, who, terms)


async def test_a_proposal_does_not_wait_for_ever(world: World, terms: Terms, clock: FixedClock) -> None:
    """After two weeks it is proposed anew or not at all."""
    proposed = await world.db.run(propose_mandate, world.staff.first, terms)
    clock.move(OPEN)
    with pytest.raises(Conflict):
        await world.db.run(decide_mandate, world.staff.second, proposed.id, agree=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("powers", ["reading-sections"]),
        ("sectors", []),
        ("sectors", ["Credit"]),
        ("regions", ["3"]),
        ("regions", ["310"]),
        ("reason", ""),
        ("valid_until", timedelta(0)),
        ("valid_until", timedelta(days=9999)),
    ],
)
async def test_what_makes_no_mandate_is_refused(world: World, terms: Terms, field: str, value: object) -> None:
    """Unknown powers, codes that are none, no reason, no end."""
    if isinstance(value, timedelta):
        value = terms.valid_until - timedelta(days=365) + value
    with pytest.raises(Invalid, match=field):
        await world.db.run(propose_mandate, world.staff.first, replace(terms, **{field: value}))


@pytest.mark.parametrize(
    "change", ["valid_until = valid_until + interval '9 years'", "powers = '[]'", "sectors = '[]'"]
)
async def test_an_edited_mandate_is_refused(world: World, database_url: str, change: str) -> None:
    """A database administrator cannot stretch one, nor take one away unseen."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(f"UPDATE mandates SET {change}")
    await connection.close()
    with pytest.raises(Tampered):
        await world.db.run(mandated, world.staff.regulator, QUESTIONS)
