"""Orders of regulators: what two do, what one may do for a day, who may not be the second, what never widens."""

from datetime import timedelta

import pytest

from tests.consent.world import ASKED, Consents
from tests.powers.world import Regulators, entries, measures_of
from tests.profile.world import Administrator, together
from vault.clock import FixedClock
from vault.consent import OverAsked
from vault.errors import Conflict, Invalid, NotFound, Refused, Tampered
from vault.ids import DeclarationId, RequesterId, new_uuid
from vault.powers import Target
from vault.powers.orders import ALONE, QUIET
from vault.powers.second import AnotherRegulator
from vault.registry.mandates import OutsideMandate
from vault.requesters import published, register, states
from vault.requesters.standing import State
from vault.requesters.two_officers import Order as OfficersOrder
from vault.requesters.two_officers import decide as officers_decide
from vault.requesters.two_officers import propose as officers_propose


def bank(consents: Consents) -> Target:
    assert consents.bank.requester is not None
    return Target("requester", consents.bank.requester)


async def declared(consents: Consents) -> Target:
    assert consents.bank.client_id is not None
    return Target("declaration", (await consents.db.run(register.client, consents.bank.client_id)).declaration_id)


async def state(consents: Consents) -> State:
    return await consents.db.run(states.state_of_requester, RequesterId(bank(consents).id))


async def test_two_suspend_a_grant_and_two_lift_it(consents: Consents, supervisors: Regulators) -> None:
    """Nothing happens before the second; every step is an entry with both names, and none with the words."""
    given = await consents.given()
    target = Target("grant", given.grant)
    row = await supervisors.order("suspend", target)
    assert (await consents.seen(given)).status == "active"
    await supervisors.decide(row)
    assert (await consents.seen(given)).status == "suspended"
    await supervisors.done("lift", target, reason_code="mended")
    assert (await consents.seen(given)).status == "active"
    said = await entries(consents.db, "power.proposed", "power.confirmed", "grant.suspended", "grant.restored")
    halves = ["power.proposed", "power.confirmed"]
    assert [each["event"] for each in said] == [*halves, "grant.suspended", *halves, "grant.restored"]
    first, second = f"reg_{supervisors.first.id.hex}", f"reg_{supervisors.second.id.hex}"
    assert (said[2]["actor"]["id"], said[2]["second"], said[2]["reason"]) == (second, first, "beyond-purpose")
    assert "advertisers" not in str(said)
    assert given.grant.hex not in str(said)


async def test_one_stops_for_a_day(consents: Consents, supervisors: Regulators, clock: FixedClock) -> None:
    """At once, until the day is over to the second; who did it unconfirmed does not do it again alone."""
    given = await consents.given()
    target = Target("grant", given.grant)
    row = await supervisors.order("suspend", target, is_urgent=True)
    assert (await consents.seen(given)).status == "suspended"
    clock.move(ALONE - timedelta(seconds=1))
    assert (await consents.seen(given)).status == "suspended"
    clock.move(timedelta(seconds=1))
    assert (await consents.seen(given)).status == "active"
    with pytest.raises(Conflict):
        await supervisors.decide(row)
    with pytest.raises(AnotherRegulator, match="lapsed"):
        await supervisors.order("suspend", target, is_urgent=True)
    clock.move(QUIET)
    other = await consents.given()
    await supervisors.decide(await supervisors.order("suspend", Target("grant", other.grant), is_urgent=True))
    clock.move(ALONE * 2)
    assert (await consents.seen(other)).status == "suspended"


async def test_one_stops_an_organisation_for_a_day(
    consents: Consents, supervisors: Regulators, clock: FixedClock
) -> None:
    """The standing says so at once; confirmed it does not lapse, and it is one measure."""
    row = await supervisors.order("suspend", bank(consents), is_urgent=True)
    assert await state(consents) is State.SUSPENDED
    await supervisors.decide(row)
    clock.move(ALONE * 2)
    assert await state(consents) is State.SUSPENDED
    assert await measures_of(consents.db, bank(consents).id) == [("suspend", "done")]
    await supervisors.done("lift", bank(consents), reason_code="unfounded")
    assert await state(consents) is State.ACTIVE


async def test_an_unconfirmed_stop_of_an_organisation_lapses(
    consents: Consents, supervisors: Regulators, clock: FixedClock
) -> None:
    """Declined or not: it is over after a day, and not before."""
    row = await supervisors.order("suspend", bank(consents), is_urgent=True)
    await supervisors.decide(row, agree=False)
    assert await state(consents) is State.SUSPENDED
    clock.move(ALONE)
    assert await state(consents) is State.ACTIVE


@pytest.mark.parametrize(("who", "why"), [("first", "same-regulator"), ("neighbour", "same-unit")])
async def test_the_second_is_somebody_else(consents: Consents, supervisors: Regulators, who: str, why: str) -> None:
    """Neither oneself nor one's own unit; the attempt is recorded, the order stays open."""
    row = await supervisors.order("suspend", bank(consents))
    with pytest.raises(AnotherRegulator) as refused:
        await supervisors.decide(row, by=getattr(supervisors, who))
    assert refused.value.reason == why
    (said,) = await entries(consents.db, "power.attempt_refused")
    assert (said["reason"], said["actor"]["id"]) == (why, f"reg_{getattr(supervisors, who).id.hex}")
    assert await state(consents) is State.ACTIVE
    await supervisors.decide(row)
    assert await state(consents) is State.SUSPENDED


async def test_officers_do_not_order_and_do_not_undo(consents: Consents, supervisors: Regulators) -> None:
    """The registry's officers have no such power, and what regulators stopped only regulators let go on."""
    staff = consents.world.staff
    with pytest.raises(Refused):
        await supervisors.order("suspend", bank(consents), by=staff.first)
    await supervisors.done("suspend", bank(consents))
    order = OfficersOrder("restore", RequesterId(bank(consents).id), None, "we would rather have it back")
    measure = await consents.db.run(officers_propose, staff.first, order)
    with pytest.raises(Conflict, match="regulators what regulators stopped"):
        await consents.db.run(officers_decide, staff.second, measure.id, agree=True, reason="yes please")
    assert await state(consents) is State.SUSPENDED


async def test_regulators_hold_what_officers_would_let_go(consents: Consents, supervisors: Regulators) -> None:
    """What the registry stopped regulators do not lift; made theirs, it is lifted by regulators alone."""
    staff = consents.world.staff
    stop = OfficersOrder("suspend", RequesterId(bank(consents).id), None, "papers are missing")
    await consents.db.run(officers_propose, staff.first, stop)
    row = await supervisors.order("lift", bank(consents))
    with pytest.raises(Conflict):
        await supervisors.decide(row)
    await supervisors.decide(row, agree=False)
    await supervisors.done("suspend", bank(consents), reason_code="complaint")
    order = OfficersOrder("restore", RequesterId(bank(consents).id), None, "papers have come")
    measure = await consents.db.run(officers_propose, staff.first, order)
    with pytest.raises(Conflict):
        await consents.db.run(officers_decide, staff.second, measure.id, agree=True, reason="yes they have")
    await supervisors.done("lift", bank(consents), reason_code="mended")
    assert await state(consents) is State.ACTIVE


async def test_a_declaration_is_narrowed_and_never_widened(consents: Consents, supervisors: Regulators) -> None:
    """Item, form and frequency are gone for whoever asks next; digest and permit are those that were signed."""
    target = await declared(consents)
    before = await consents.db.run(published.declaration, DeclarationId(target.id))
    cut = {"without": ["identity.national_id"], "forms": {"identity.name": ["raw"]}}
    await supervisors.done("narrow", target, cut=cut | {"frequency": {"per": "day", "count": 2}})
    with pytest.raises(OverAsked) as refused:
        await consents.given()
    assert refused.value.members["items"] == ["identity.name", "identity.national_id"]
    left = {item: form for item, form in ASKED.items() if item not in refused.value.members["items"]}
    with pytest.raises(OverAsked, match="frequency"):
        await consents.given(items=left, frequency={"per": "day", "count": 3})
    after = await consents.db.run(published.declaration, DeclarationId(target.id))
    assert (after.digest, after.permit, after.body) == (before.digest, before.permit, before.body)
    assert "identity.national_id" not in {each["item"] for each in after.brief.items}
    for wider in ({"frequency": {"per": "day", "count": 9}}, {"without": ["identity.national_id"]}, {}):
        row = await supervisors.order("narrow", target, cut=wider)
        with pytest.raises((Invalid, Conflict)):
            await supervisors.decide(row)
        await supervisors.decide(row, agree=False)
    await supervisors.done("narrow", target, cut={"without": ["health.conditions"]})
    last = await consents.db.run(published.declaration, DeclarationId(target.id))
    assert last.narrowed == cut | {
        "without": ["health.conditions", "identity.national_id"],
        "frequency": {"per": "day", "count": 2},
    }


async def test_an_organisation_is_narrowed_in_all_it_declared(consents: Consents, supervisors: Regulators) -> None:
    """The cut is taken off each declaration that has any of it; where none has, nothing is done."""
    await supervisors.done("narrow", bank(consents), cut={"without": ["health.conditions", "health.allergies"]})
    found = await consents.db.run(published.declaration, DeclarationId((await declared(consents)).id))
    assert found.narrowed == {"without": ["health.conditions"]}
    with pytest.raises(Conflict, match="Nothing would change"):
        await supervisors.done("narrow", bank(consents), cut={"without": ["health.conditions"]})


@pytest.mark.parametrize(
    "more",
    [
        {"reason_code": "because"},
        {"reason": "short"},
        {"is_urgent": True, "act": "lift"},
        {"cut": {"without": []}},
        {"act": "narrow"},
        {"act": "narrow", "cut": {"with": ["everything"]}},
        {"act": "revoke"},
    ],
)
async def test_what_is_no_order(consents: Consents, supervisors: Regulators, more: dict[str, object]) -> None:
    """A reason that is none, a lift in a hurry, a cut where none belongs or none that can be read."""
    wanted = {"act": "suspend"} | more
    with pytest.raises(Invalid):
        await supervisors.order(str(wanted.pop("act")), bank(consents), **wanted)
    with pytest.raises(NotFound):
        await supervisors.order("suspend", Target("grant", new_uuid()))


async def test_an_order_edited_by_hand_is_refused(
    consents: Consents, supervisors: Regulators, administrator: Administrator
) -> None:
    """Who edits the row before the second signs is found out."""
    row = await supervisors.order("suspend", bank(consents))
    await administrator.execute("UPDATE power_orders SET act = 'lift'")
    with pytest.raises(Tampered):
        await supervisors.decide(row)


async def test_two_at_once(consents: Consents, supervisors: Regulators) -> None:
    """Of two proposals one stands; of two decisions one counts."""
    target = bank(consents)
    made = await together(
        lambda: supervisors.order("suspend", target),
        lambda: supervisors.order("suspend", target, by=supervisors.second),
    )
    rows = [each for each in made if not isinstance(each, BaseException)]
    assert len(rows) == 1
    assert [type(each) for each in made if isinstance(each, BaseException)] == [Conflict]
    other = supervisors.second if rows[0].proposed_by == supervisors.first.id else supervisors.first
    decided = await together(
        lambda: supervisors.decide(rows[0], by=other), lambda: supervisors.decide(rows[0], by=other, agree=False)
    )
    assert sorted(isinstance(each, Conflict) for each in decided) == [False, True]


async def test_without_a_mandate_nobody_orders(consents: Consents, supervisors: Regulators, clock: FixedClock) -> None:
    """A mandate that ended opens nothing, also not the second half."""
    row = await supervisors.order("suspend", bank(consents))
    clock.move(timedelta(days=731))
    with pytest.raises(OutsideMandate):
        await supervisors.decide(row)
    with pytest.raises(OutsideMandate):
        await supervisors.order("lift", bank(consents))
