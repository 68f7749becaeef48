"""Measures about standing: who may, how many it takes, what they change, and what each leaves in the ledger."""

from datetime import timedelta

import pytest

from tests.requesters.registered import AGREED, WHY, Registered
from tests.requesters.samples import application
from tests.requesters.world import let_in
from vault.clock import FixedClock
from vault.errors import Conflict, Invalid, NotFound
from vault.ids import DeclarationId, RequesterId, new_uuid
from vault.ledger.events import REGISTRY
from vault.ledger.events import officer as by_officer
from vault.ledger.events import requester as by_requester
from vault.requesters import register, states
from vault.requesters.hygiene import lift_lapsed_suspensions
from vault.requesters.liveness import NotLive
from vault.requesters.measures import ALONE, Act, Order, shorten, surrender, suspend
from vault.requesters.standing import Capability, State
from vault.requesters.two_officers import (
    decide,
    propose,
)


async def test_one_officer_stops_at_once_and_it_lapses(bank: Registered, clock: FixedClock) -> None:
    """It holds for the next question, until its 72 hours are over to the second; then all is as before."""
    await bank.propose("suspend")
    assert await bank.state() is State.SUSPENDED
    with pytest.raises(NotLive, match="requester-suspended"):
        await bank.db.run(register.client, bank.client_id)
    clock.move(ALONE - timedelta(seconds=1))
    assert await bank.state() is State.SUSPENDED
    clock.move(timedelta(seconds=1))
    assert await bank.state() is State.ACTIVE
    assert await bank.db.run(register.client, bank.client_id)


async def test_a_confirmed_suspension_does_not_lapse(bank: Registered, clock: FixedClock) -> None:
    """From the second officer's yes on it stands until two restore it."""
    await bank.done("suspend")
    clock.move(ALONE * 3)
    assert await bank.state() is State.SUSPENDED
    await bank.done("restore")
    assert await bank.state() is State.ACTIVE
    names = [entry["event"] for entry in await bank.entries()][-4:]
    assert names == ["requester.suspended", "requester.suspended", "measure.proposed", "requester.restored"]


async def test_tidying_writes_down_what_has_lapsed(bank: Registered, clock: FixedClock) -> None:
    """The row says what has held since, once, with an entry of the registry; not a moment earlier."""
    await bank.propose("suspend")
    await bank.propose("suspend", single=True)
    assert await bank.db.run(lift_lapsed_suspensions) == 0
    clock.move(ALONE)
    assert await bank.db.run(lift_lapsed_suspensions) == 2
    assert await bank.db.run(lift_lapsed_suspensions) == 0
    said = [(e["event"], e["reason"], e["actor"]["kind"]) for e in (await bank.entries())[-2:]]
    assert said == [
        ("requester.restored", "not-confirmed", "registry"),
        ("declaration.restored", "not-confirmed", "registry"),
    ]


@pytest.mark.parametrize(("act", "state"), [("revoke", "revoked"), ("surrender", "surrendered")])
async def test_the_end_reaches_everything_below(bank: Registered, act: Act, state: str) -> None:
    """Requester, declarations, permits, clients, in one act; nothing leads back."""
    if act == "revoke":
        await bank.done("revoke")
    else:
        await bank.db.run(surrender, bank.requester, reason="we close", by=by_requester(bank.requester))
    kept = {name: [state] for name in ("requester", "declaration", "permit")}
    assert await bank.rows() == kept | {"client": [state, state]}  # its sandbox too
    for again in ("suspend", "restore", "revoke"):
        with pytest.raises(Conflict):
            await bank.done(again)  # type: ignore[arg-type]  # each is an act


async def test_one_declaration_alone(bank: Registered) -> None:
    """The others go on; so does the organisation."""
    other = application(declaration__retention_days=7)
    second = Registered(bank.db, bank.staff, await let_in(bank.db, bank.staff, other))
    await bank.done("revoke", single=True)
    assert (await bank.state(), await bank.single(), await second.single()) == (
        State.ACTIVE,
        State.REVOKED,
        State.ACTIVE,
    )
    with pytest.raises(NotLive, match="declaration-revoked"):
        await bank.db.run(register.client, bank.client_id)
    assert await bank.db.run(register.client, second.client_id)
    said = (await bank.entries())[-1]
    assert (said["event"], said["outcome"], said["reason"]) == ("declaration.stopped", "revoke", "see-measure")


async def test_validity_is_only_ever_shortened(bank: Registered, clock: FixedClock) -> None:
    """Declaration and permit alike; not to the same end, not to a later one, not into the past."""
    now = clock.now()
    measure = await bank.propose("shorten", single=True, until=now + timedelta(days=30))
    await bank.agree(measure)
    for days, error in ((30, Conflict), (31, Conflict), (9000, Conflict), (-1, Invalid)):
        again = await bank.propose("shorten", single=True, until=now + timedelta(days=days))
        with pytest.raises(error):
            await bank.agree(again)
        await bank.agree(again, agree=False)
    found = await bank.db.run(register.declaration, bank.declaration)
    assert found.valid_until == now + timedelta(days=30)
    clock.move(timedelta(days=30))
    assert await bank.single() is State.EXPIRED


async def test_the_organisation_itself_may_shorten(bank: Registered, clock: FixedClock) -> None:
    """Its own act, with its own name; never longer either."""
    by, until = by_requester(bank.requester), clock.now() + timedelta(days=2)
    await bank.db.run(shorten, bank.declaration, until=until, reason="campaign-over", by=by)
    with pytest.raises(Conflict):
        await bank.db.run(shorten, bank.declaration, until=until + timedelta(days=1), reason="campaign-on", by=by)
    said = (await bank.entries())[-1]
    assert (said["outcome"], said["reason"], said["actor"]["kind"]) == ("shorten", "campaign-over", "requester")


async def test_who_is_suspended_cannot_leave_by_surrendering(bank: Registered) -> None:
    """Surrender leads back in by a new application, revocation does not: the registry decides first."""
    await bank.propose("suspend")
    with pytest.raises(Conflict, match="the registry decides"):
        await bank.db.run(surrender, bank.requester, reason="we close", by=by_requester(bank.requester))
    assert await bank.state() is State.SUSPENDED


async def test_who_surrendered_may_come_back_and_finds_nothing(bank: Registered) -> None:
    """A new application is taken; the old declaration, its clients and so its grants stay dead. Revoked: not at all."""
    await bank.db.run(surrender, bank.requester, reason="we close", by=by_requester(bank.requester))
    back = Registered(bank.db, bank.staff, await let_in(bank.db, bank.staff))
    assert (back.requester, await bank.state()) == (bank.requester, State.ACTIVE)
    assert await bank.db.run(register.client, back.client_id)
    with pytest.raises(NotLive, match="declaration-surrendered"):
        await bank.db.run(register.client, bank.client_id)
    await back.done("revoke")
    with pytest.raises(NotLive, match="requester-revoked"):
        await let_in(bank.db, bank.staff)


async def test_the_registry_suspends_by_itself(bank: Registered, clock: FixedClock) -> None:
    """What a source says stands until two officers restore it; the code stands in the entry."""
    await bank.db.run(suspend, bank.requester, reason="licence-withdrawn", by=REGISTRY)
    clock.move(ALONE * 2)
    assert await bank.state() is State.SUSPENDED
    with pytest.raises(Conflict):
        await bank.db.run(suspend, bank.requester, reason="licence-withdrawn", by=by_officer(bank.staff.first.id))
    assert (await bank.entries())[-1]["reason"] == "licence-withdrawn"
    await bank.done("restore")


async def test_a_bare_suspension_by_an_officer_lapses_too(bank: Registered, clock: FixedClock) -> None:
    """Whichever way it is called, one officer's word holds for 72 hours."""
    await bank.db.run(suspend, bank.requester, reason="urgent-matter", by=by_officer(bank.staff.first.id))
    clock.move(ALONE)
    assert await bank.state() is State.ACTIVE


async def test_what_makes_no_sense_is_refused(bank: Registered, clock: FixedClock) -> None:
    """Unknown things, surrender by an officer, an end without shorten and shorten without an end."""
    run, first = bank.db.run, bank.staff.first
    for nobody in (Order("revoke", RequesterId(new_uuid()), None, WHY),):
        with pytest.raises(NotFound):
            await run(propose, first, nobody)
    with pytest.raises(NotFound):
        await bank.db.run(decide, bank.staff.second, new_uuid(), agree=True, reason=AGREED)
    with pytest.raises(NotFound):
        await run(propose, first, Order("suspend", bank.requester, DeclarationId(new_uuid()), WHY))
    for broken in (
        bank.order("surrender"),
        bank.order("shorten", until=clock.now()),
        bank.order("shorten", single=True),
        bank.order("revoke", until=clock.now()),
    ):
        with pytest.raises(Invalid):
            await run(propose, first, broken)
    with pytest.raises(Conflict):
        await bank.done("restore")


async def test_what_may_be_done_is_asked_by_id(bank: Registered) -> None:
    """For rooms that know a requester by its id only."""
    await bank.db.run(states.check_may, bank.requester, Capability.KEYS)
    await bank.done("revoke")
    with pytest.raises(NotLive, match="requester-revoked"):
        await bank.db.run(states.check_may, bank.requester, Capability.KEYS)
    await bank.db.run(states.check_may, bank.requester, Capability.DELETION)
    with pytest.raises(NotFound):
        await bank.db.run(states.check_may, RequesterId(new_uuid()), Capability.DELETION)
