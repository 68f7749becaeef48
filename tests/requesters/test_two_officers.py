"""One officer may stop; everything else takes two of different units, with a signature each."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests.requesters.registered import AGREED, Registered
from vault import ids
from vault.clock import FixedClock
from vault.db import Database, Session
from vault.errors import Conflict, Invalid, Refused, Tampered
from vault.ids import StaffId
from vault.registry.tables import Staff as StaffRow
from vault.requesters.measures import ALONE, Act, Order
from vault.requesters.standing import State
from vault.requesters.tables import Measure
from vault.requesters.two_officers import (
    OPEN,
    QUIET,
    AnotherOfficer,
    decide,
    decide_on_record,
    propose,
    propose_on_record,
)
from vault.signin import Holder


async def test_one_officer_cannot_go_on_stopping_alone(bank: Registered, clock: FixedClock) -> None:
    """What lapsed unconfirmed is not repeated by the same officer within thirty days; a colleague may."""
    await bank.propose("suspend")
    clock.move(ALONE)
    with pytest.raises(AnotherOfficer, match="lapsed because nobody confirmed"):
        await bank.propose("suspend")
    await bank.propose("suspend", bank.staff.second)
    clock.move(QUIET)
    await bank.propose("suspend")


@pytest.mark.parametrize("act", ["restore", "revoke", "shorten"])
async def test_one_officer_alone_changes_nothing_else(bank: Registered, clock: FixedClock, act: Act) -> None:
    """A proposal waits; by itself it does nothing, and after fourteen days it is over."""
    single = act == "shorten"
    until = clock.now() + timedelta(days=9) if single else None
    if act == "restore":
        await bank.done("suspend")
    before = await bank.rows()
    measure = await bank.propose(act, single=single, until=until)
    assert await bank.rows() == before
    with pytest.raises(Conflict):
        await bank.propose(act, bank.staff.second, single=single, until=until)
    clock.move(OPEN)
    with pytest.raises(Conflict):
        await bank.agree(measure)
    assert await bank.rows() == before


async def test_the_second_officer_is_somebody_else(bank: Registered) -> None:
    """Not the same one, nobody without the role, no regulator, no officer of the same unit; each try is recorded."""
    measure = await bank.propose("revoke")
    db, staff = bank.db, bank.staff
    with pytest.raises(AnotherOfficer) as refused:
        await decide_on_record(db, staff.first, measure, agree=True, reason=AGREED)
    assert refused.value.reason == "same-officer"
    for holder in (staff.third, staff.regulator):
        with pytest.raises(Refused):
            await decide_on_record(db, holder, measure, agree=True, reason=AGREED)
    await _move(db, staff.second, unit="一处")
    with pytest.raises(AnotherOfficer) as refused:
        await decide_on_record(db, staff.second, measure, agree=True, reason=AGREED)
    assert refused.value.reason == "same-unit"
    assert await bank.state() is State.ACTIVE
    tries = [e for e in await bank.entries() if e["event"] == "measure.attempt_refused"]
    assert [(e["reason"], e["outcome"], e["ref"]) for e in tries] == [
        ("same-officer", "revoke", ids.public(ids.MEASURE, measure)),
        ("same-unit", "revoke", ids.public(ids.MEASURE, measure)),
    ]


async def _move(db: Database, holder: Holder, **changes: Any) -> None:
    async def act(session: Session) -> None:
        row = await session.get_one(StaffRow, StaffId(holder.id))
        for name, value in changes.items():
            setattr(row, name, value)

    await db.run(act)


async def test_officers_of_the_organisation_itself_do_not_decide(bank: Registered) -> None:
    """Neither half."""
    measure = await bank.propose("revoke")
    await _move(bank.db, bank.staff.second, organisation="harbour bank ")
    with pytest.raises(AnotherOfficer, match="You belong"):
        await bank.agree(measure)
    with pytest.raises(AnotherOfficer, match="You belong"):
        await propose_on_record(bank.db, bank.staff.second, bank.order("suspend"))
    assert (await bank.entries())[-1]["reason"] == "own-organisation"


@pytest.mark.parametrize("change", [{"status": "left"}, {"roles": ["release"]}])
async def test_who_left_is_no_first_officer(bank: Registered, change: dict[str, Any]) -> None:
    """A proposal falls with the officer who made it."""
    measure = await bank.propose("revoke")
    await _move(bank.db, bank.staff.first, **change)
    with pytest.raises(Conflict, match="no longer an officer"):
        await bank.agree(measure)


async def test_a_second_officer_may_say_no(bank: Registered, clock: FixedClock) -> None:
    """The proposal is over; a suspension stays until its time, and nobody confirms it any more."""
    measure = await bank.propose("revoke")
    await bank.agree(measure, agree=False)
    with pytest.raises(Conflict):
        await bank.agree(measure)
    stop = await bank.propose("suspend")
    await bank.agree(stop, agree=False)
    assert await bank.state() is State.SUSPENDED
    with pytest.raises(Conflict):
        await bank.agree(stop)
    clock.move(ALONE)
    assert await bank.state() is State.ACTIVE


@pytest.mark.parametrize("reason", ["", "no", "x" * 501, "two\nlines here", "control \x07 here"])
async def test_a_reason_is_one_line(bank: Registered, reason: str) -> None:
    """Neither half goes without one."""
    with pytest.raises(Invalid):
        await bank.db.run(propose, bank.staff.first, Order("suspend", bank.requester, None, reason))
    measure = await bank.propose("revoke")
    with pytest.raises(Invalid):
        await bank.db.run(decide, bank.staff.second, measure, agree=True, reason=reason)


EDITS = [
    "UPDATE requesters SET status = 'active', suspended_until = NULL",
    "UPDATE requesters SET suspended_until = now() - interval '1 day'",
    "UPDATE measures SET state = 'proposed', act = 'restore', decided_at = NULL, second_id = NULL",
    "UPDATE measures SET actor_id = gen_random_uuid()",
]


@pytest.mark.parametrize("edit", EDITS)
async def test_a_status_edited_in_the_database_is_refused(bank: Registered, database_url: str, edit: str) -> None:
    """Neither a suspension nor half a measure is undone or made by whoever can write rows."""
    measure = await bank.propose("suspend")
    connection = await asyncpg.connect(database_url)
    await connection.execute(edit)
    await connection.close()
    asked = bank.agree(measure) if "measures" in edit else bank.state()
    with pytest.raises(Tampered):
        await asked


async def test_a_proposal_is_held_by_its_signature(bank: Registered) -> None:
    """Also whoever has the ring's MAC cannot make one officer's proposal another thing."""
    measure = await bank.propose("suspend", single=True)

    async def forge(session: Session) -> None:
        row = await session.get_one(Measure, measure)
        row.declaration_id = None

    await bank.db.run(forge)
    with pytest.raises(Tampered):
        await bank.agree(measure)
