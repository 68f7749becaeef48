"""Nobody becomes an officer alone: one founding ceremony, then two sponsors, each with their own keys."""

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from tests.signin.people import STAFF, enter, founded, founder, person
from vault import ids
from vault.crypto.bundles import Bundle
from vault.db import Database
from vault.errors import CannotOpen, Invalid, Refused, Tampered
from vault.ledger.tables import OutboxRow
from vault.registry import (
    add_officer,
    add_regulator,
    found,
    hand_on,
    is_founded,
    officer,
    role_public,
    role_secret,
    staff_member,
)
from vault.registry.tables import RoleKeyHolder, Staff
from vault.signin import Holder, LoginTaken


async def entries(database: Database) -> list[dict[str, Any]]:
    """What was appended to the ledger so far, sign-ins left out."""
    async with database.begin() as session:
        drafts = (await session.execute(sa.select(OutboxRow.draft).order_by(OutboxRow.id))).scalars()
        every = [msgspec.json.decode(draft) for draft in drafts]
    return [entry for entry in every if not entry["event"].startswith("sign_in.")]


async def test_the_ceremony_makes_the_first_people(database: Database) -> None:
    """Everybody can sign in, has the keys of their roles, and stands in the ledger's first entries."""
    assert not await database.run(is_founded)
    staff = await founded(database)
    assert await database.run(is_founded)
    async with database.begin() as session:
        for login, role in (
            ("release", "release"),
            ("vetter-a", "recovery-registry"),
            ("regulator", "recovery-supervisor"),
        ):
            number, public = await role_public(session, role)
            assert len(await role_secret(session, staff[login], role, number)) == 32 == len(public)
            assert (await officer(session, staff[login], role)).name == f"Name of {login}"
    first, *rest, mandate = await entries(database)
    assert mandate["event"] == "mandate.granted"
    assert (first["event"], first["count"], first["actor"]) == ("registry.founded", 4, {"kind": "registry"})
    assert [entry["event"] for entry in rest] == ["officer.added"] * 3 + ["regulator.added"]
    assert rest[2]["ref"] == ids.public(ids.STAFF, staff["release"].id)
    assert rest[3]["ref"] == ids.public(ids.REGULATOR, staff["regulator"].id)
    assert [entry["roles"] for entry in rest] == [sorted(roles) for _, _, roles in STAFF.values()]


async def test_the_ceremony_takes_place_once(database: Database) -> None:
    """A second one is refused, whoever holds it."""
    await founded(database)
    founders = [await founder(database.ring, login) for login in STAFF]
    again = [replace(one, login=f"new-{one.login}") for one in founders]
    with pytest.raises(Refused, match="founded already"):
        await database.run(found, again)


async def test_of_two_ceremonies_at_once_one_takes_place(database: Database) -> None:
    """The other finds nothing of its own left behind."""
    first = [await founder(database.ring, login) for login in STAFF]
    second = [replace(one, login=f"other-{one.login}") for one in first]
    outcomes = await asyncio.gather(database.run(found, first), database.run(found, second), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Refused", "list"]
    async with database.begin() as session:
        assert len((await session.execute(sa.select(Staff.id))).all()) == len(STAFF)


@pytest.mark.parametrize(
    ("changes", "left_out", "why"),
    [
        ({}, ["vetter-b", "release"], "two officers"),
        ({}, ["release"], "release"),
        ({}, ["regulator"], "recovery-supervisor"),
        ({"vetter-b": {"name": "name of VETTER-A"}}, [], "different people"),
        ({"release": {"roles": ["release", "release"]}}, [], "each once"),
        ({"release": {"roles": ["release", "oversight"]}}, [], "roles"),
        ({"release": {"roles": []}}, [], "roles"),
        ({"release": {"realm": "person"}}, [], "realm"),
        ({"release": {"name": " "}}, [], "name"),
        ({"release": {"name": "x" * 101}}, [], "name"),
        ({"release": {"unit": "a\0b"}}, [], "unit"),
        ({"release": {"login": "13800000013"}}, [], "login"),
    ],
)
async def test_not_everybody_can_found_a_registry(
    database: Database, changes: dict[str, dict[str, Any]], left_out: list[str], why: str
) -> None:
    """One officer alone, a role key without holder, one person twice, roles of the other realm: refused whole."""
    founders = [
        replace(await founder(database.ring, login), **changes.get(login, {}))
        for login in STAFF
        if login not in left_out
    ]
    with pytest.raises(Invalid, match=why):
        await database.run(found, founders)
    assert not await database.run(is_founded)


async def test_supervisors_are_of_another_organisation(database: Database) -> None:
    """However its name is spelled, nobody supervises their own house: neither at the founding nor later."""
    founders = [await founder(database.ring, login) for login in STAFF]
    mixed = [replace(one, organisation="ＲＥＧＩＳＴＲＹ") if one.realm == "regulator" else one for one in founders]
    with pytest.raises(Refused, match="different organisations"):
        await database.run(found, mixed)
    staff = await founded(database)
    both = (staff["vetter-a"], staff["vetter-b"])
    insider = await founder(database.ring, "insider", realm="regulator", roles=["oversight"], organisation="registry")
    with pytest.raises(Refused, match="different organisations"):
        await database.run(add_regulator, insider, by=both)
    mole = await founder(database.ring, "mole", organisation="Supervisor")
    with pytest.raises(Refused, match="different organisations"):
        await database.run(add_officer, mole, by=both)


async def test_two_officers_let_a_third_in(database: Database) -> None:
    """The new officer signs in with their own keys, has the secret a sponsor had, and an entry names both sponsors."""
    staff = await founded(database)
    sponsors = (staff["vetter-b"], staff["release"])
    candidate = await founder(database.ring, "newcomer", roles=["release", "vetting"])
    made = await database.run(add_officer, candidate, by=sponsors)
    newcomer = (await enter(database, "officer", "newcomer")).holder
    async with database.begin() as session:
        assert (await officer(session, newcomer, "vetting")).roles == ("release", "vetting")
        old = await role_secret(session, staff["release"], "release", 1)
        assert await role_secret(session, newcomer, "release", 1) == old
        assert (await staff_member(session, made)).signing_public == newcomer.bundle.signing_public
    entry = (await entries(database))[-1]
    assert (entry["event"], entry["ref"]) == ("officer.added", ids.public(ids.STAFF, made))
    assert entry["actor"] == {"kind": "officer", "id": ids.public(ids.STAFF, sponsors[0].id)}
    assert entry["second"] == ids.public(ids.STAFF, sponsors[1].id)


async def test_two_officers_let_a_regulator_in(database: Database) -> None:
    """Their role's key comes from a colleague, since no officer has it."""
    staff = await founded(database)
    candidate = await founder(
        database.ring,
        "inspector",
        realm="regulator",
        organisation="Supervisor",
        roles=["oversight", "recovery-supervisor"],
    )
    made = await database.run(add_regulator, candidate, by=(staff["vetter-a"], staff["vetter-b"]))
    inspector = (await enter(database, "regulator", "inspector")).holder
    async with database.begin() as session:
        assert (await officer(session, inspector, "oversight")).realm == "regulator"
        with pytest.raises(CannotOpen):
            await role_secret(session, inspector, "recovery-supervisor", 1)
    assert await database.run(hand_on, staff["regulator"], "recovery-supervisor", to=made) == 1
    assert await database.run(hand_on, staff["regulator"], "recovery-supervisor", to=made) == 0
    async with database.begin() as session:
        mine = await role_secret(session, inspector, "recovery-supervisor", 1)
        assert mine == await role_secret(session, staff["regulator"], "recovery-supervisor", 1)
    added, _, handed = (await entries(database))[-3:]
    assert (added["event"], added["ref"]) == ("regulator.added", ids.public(ids.REGULATOR, made))
    assert (handed["event"], handed["key"], handed["ref"]) == (
        "key.handed_on",
        "role.recovery-supervisor.1",
        added["ref"],
    )


async def test_one_officer_is_not_two(database: Database) -> None:
    """The same officer twice, even from two sign-ins, sponsors nobody."""
    await founded(database)
    one = (await enter(database, "officer", "vetter-a")).holder
    again = (await enter(database, "officer", "vetter-a")).holder
    candidate = await founder(database.ring, "newcomer")
    for by in ((one, one), (one, again)):
        with pytest.raises(Refused, match="Two different officers"):
            await database.run(add_officer, candidate, by=by)


async def test_nobody_sponsors_themselves(database: Database) -> None:
    """A second identity for a sponsor is refused, however the name is spelled; a taken login anyway."""
    staff = await founded(database)
    by = (staff["vetter-a"], staff["vetter-b"])
    for name in ("Name of vetter-a", "ＮＡＭＥ of Vetter-B"):
        with pytest.raises(Refused, match="themselves"):
            await database.run(add_officer, await founder(database.ring, "second-self", name=name), by=by)
    with pytest.raises(LoginTaken):
        await database.run(add_officer, await founder(database.ring, "Vetter-A", name="Somebody"), by=by)


async def test_only_officers_sponsor(database: Database) -> None:
    """Regulators and persons do not, whichever place they take; nor for regulators."""
    staff = await founded(database)
    alice = (await person(database, "alice")).holder
    candidate = await founder(database.ring, "newcomer")
    inspector = await founder(
        database.ring, "inspector", realm="regulator", organisation="Supervisor", roles=["oversight"]
    )
    for outsider in (staff["regulator"], alice):
        for by in ((staff["vetter-a"], outsider), (outsider, staff["vetter-a"])):
            with pytest.raises(Refused):
                await database.run(add_officer, candidate, by=by)
            with pytest.raises(Refused):
                await database.run(add_regulator, inspector, by=by)


async def test_a_sponsor_shows_their_own_keys(database: Database) -> None:
    """An officer's id with anybody else's keys is no officer."""
    staff = await founded(database)
    real = staff["vetter-b"]
    forged = Holder("officer", real.id, Bundle.generate(), real.sign_in)
    with pytest.raises(Tampered):
        await database.run(add_officer, await founder(database.ring, "newcomer"), by=(staff["vetter-a"], forged))


async def test_a_suspended_officer_sponsors_nobody(database: Database) -> None:
    """The status counts now, not when the sign-in began."""
    staff = await founded(database)
    async with database.begin() as session:
        (await session.get_one(Staff, staff["vetter-b"].id)).status = "suspended"
    with pytest.raises(Refused, match="no longer"):
        await database.run(
            add_officer, await founder(database.ring, "newcomer"), by=(staff["vetter-a"], staff["vetter-b"])
        )


async def test_the_wrong_door(database: Database) -> None:
    """A regulator is not added as an officer, nor the other way round."""
    staff = await founded(database)
    by = (staff["vetter-a"], staff["vetter-b"])
    with pytest.raises(Invalid):
        await database.run(add_regulator, await founder(database.ring, "newcomer"), by=by)
    with pytest.raises(Invalid):
        await database.run(add_officer, await founder(database.ring, "regulator"), by=by)


async def test_a_refused_admission_leaves_nothing(database: Database) -> None:
    """No row, no login name, no entry: the login is free for the next attempt."""
    staff = await founded(database)
    before = await entries(database)
    candidate = await founder(database.ring, "newcomer", roles=["release"])
    with pytest.raises(Refused):
        await database.run(add_officer, candidate, by=(staff["vetter-a"], staff["vetter-a"]))
    assert await entries(database) == before
    made = await database.run(add_officer, candidate, by=(staff["vetter-a"], staff["vetter-b"]))
    async with database.begin() as session:
        held = (await session.execute(sa.select(RoleKeyHolder).where(RoleKeyHolder.staff_id == made))).all()
    assert held == []
