"""When deletion is ordered, until when, who is told, and who sees that nobody answered."""

from datetime import timedelta

import pytest

from tests.consent.world import choice
from tests.deletion.world import ITEMS, Deletions
from vault import deletion, ids
from vault.clock import FixedClock
from vault.consent import withdraw
from vault.consent.deletion import ask_deletion, order_at_the_end, order_deletion, order_deletions
from vault.errors import Conflict, Invalid, NotFound, Tampered
from vault.ids import RequesterId
from vault.ledger.events import PERSON, regulator


async def test_a_withdrawal_orders_the_deletion(deletions: Deletions, clock: FixedClock) -> None:
    """In the same act: an order with a time, an entry without the grant's id, an event with the order's."""
    grant = await deletions.withdrawn()
    (order,) = await deletions.orders()
    assert (order.grant, order.why, order.state) == (grant, "withdrawn", "open")
    assert order.due_at == clock.now() + timedelta(days=15)
    (entry,) = await deletions.entries("deletion.ordered")
    assert entry["ref"] == ids.public(ids.DELETION, order.id)
    assert grant.hex not in str(entry)
    (told,) = await deletions.told()
    assert told.about["order"] == ids.public(ids.DELETION, order.id)
    assert told.about["delete_by"].startswith("2026-12-07")


async def test_where_nothing_was_released_nothing_is_ordered(deletions: Deletions) -> None:
    """A grant that was never used leaves no copies."""
    given = await deletions.consents.given(choice(*ITEMS), items=ITEMS)
    await deletions.db.run(withdraw, deletions.consents.person, given.grant)
    assert await deletions.orders() == []
    assert await deletions.told() == []


async def test_who_does_not_want_it_may_ask_later(deletions: Deletions) -> None:
    """Nothing is ordered then; asked for it is; a grant in force must be stopped first, another's looks absent."""
    grant = await deletions.withdrawn(delete=False)
    assert await deletions.orders() == []
    db, person = deletions.db, deletions.consents.person
    await db.run(ask_deletion, person, grant)
    assert [each.why for each in await deletions.orders()] == ["withdrawn"]
    with pytest.raises(Conflict):
        await db.run(ask_deletion, person, (await deletions.used()).grant)
    with pytest.raises(NotFound):
        await db.run(ask_deletion, await deletions.consents.world.person(), grant)


@pytest.mark.parametrize("ended", ["expired", "withdrawn"])
async def test_when_the_time_is_over_it_is_ordered(deletions: Deletions, clock: FixedClock, ended: str) -> None:
    """As long after the end as the organisation said that it keeps it (30 days); once."""
    if ended == "expired":
        await deletions.used()
        clock.move(timedelta(days=30))
    else:
        await deletions.withdrawn(delete=False)
    clock.move(timedelta(days=30) - timedelta(seconds=1))
    assert await deletions.db.run(order_at_the_end) == 0
    clock.move(timedelta(seconds=1))
    assert await deletions.db.run(order_at_the_end) == 1
    assert await deletions.db.run(order_at_the_end) == 0
    (order,) = await deletions.orders()
    assert (order.why, order.due_at) == ("retention", clock.now() + timedelta(days=15))


async def test_unused_grants_are_not_ordered_at_the_end(deletions: Deletions, clock: FixedClock) -> None:
    """They are only forgotten."""
    await deletions.consents.given(choice(*ITEMS), items=ITEMS)
    clock.move(timedelta(days=300))
    assert await deletions.db.run(order_at_the_end) == 0
    assert await deletions.administrator.rows("SELECT FROM grant_retentions") == []


async def test_it_is_due_no_later_than_was_declared(deletions: Deletions, clock: FixedClock) -> None:
    """A week before the declared time ends there is a week."""
    grant = await deletions.withdrawn(delete=False)
    clock.move(timedelta(days=23))
    await deletions.db.run(ask_deletion, deletions.consents.person, grant)
    assert (await deletions.orders())[0].due_at == clock.now() + timedelta(days=7)


async def test_a_regulator_may_order_it_and_sooner(deletions: Deletions, clock: FixedClock) -> None:
    """Of one grant one order is open: a second one brings it forward, never back."""
    order = await deletions.ordered()
    by, soon = regulator(deletions.consents.world.staff.regulator.id), clock.now() + timedelta(days=2)
    for due_at in (soon, soon + timedelta(days=90)):
        which = await deletions.db.run(order_deletion, order.grant, "regulator", by=by, due_at=due_at)
        assert which == order.id
    (same,) = await deletions.orders()
    assert (same.due_at, same.why) == (soon, "withdrawn")
    assert [each["reason"] for each in await deletions.entries("deletion.ordered")] == [
        "withdrawn",
        "regulator",
        "regulator",
    ]
    with pytest.raises(NotFound):
        await deletions.db.run(order_deletion, ids.new_uuid(), "regulator", by=by)


async def test_an_erasure_orders_everything_that_was_released(deletions: Deletions) -> None:
    """Of every grant ever used, to whom it went; not of those never used."""
    grants = {(await deletions.used()).grant for _ in range(2)}
    await deletions.consents.given(choice(*ITEMS), items=ITEMS)
    db, person = deletions.db, deletions.person
    assert await db.run(order_deletions, person, "erasure", by=PERSON, requester=RequesterId(ids.new_uuid())) == []
    assert len(await db.run(order_deletions, person, "erasure", by=PERSON)) == 2
    assert {each.grant for each in await deletions.orders()} == grants


async def test_what_nobody_answers_is_overdue_for_everybody(deletions: Deletions, clock: FixedClock) -> None:
    """From its time on, decided when reading: for the person, the organisation, and who watches over it."""
    order = await deletions.ordered()
    db = deletions.db
    assert await db.run(deletion.overdue) == []
    assert await db.run(deletion.counts, deletions.requester) == (1, 0)
    clock.move(timedelta(days=15))
    assert [each.state for each in await deletions.orders()] == ["overdue"]
    assert [each.id for each in await db.run(deletion.overdue)] == [order.id]
    assert [each.state for each in await db.run(deletion.of_requester, deletions.requester)] == ["overdue"]
    assert await db.run(deletion.counts, deletions.requester) == (1, 1)
    await deletions.say(order.id)
    assert await db.run(deletion.overdue) == []


async def test_overdue_orders_of_one_moment_are_all_paged(deletions: Deletions, clock: FixedClock) -> None:
    """An erasure makes many that are due at the same moment: page by page each is seen once."""
    grants = {(await deletions.used()).grant for _ in range(5)}
    await deletions.db.run(order_deletions, deletions.person, "erasure", by=PERSON)
    clock.move(timedelta(days=15))
    seen, after = list[deletion.Order](), None
    while page := await deletions.db.run(deletion.overdue, after=after, limit=2):
        seen, after = seen + page, page[-1].place
    assert len({each.due_at for each in seen}) == 1
    assert [each.grant for each in seen if each.grant in grants] == [each.grant for each in seen]
    assert len(seen) == 5
    assert deletion.Place.read(seen[2].place.public()) == seen[2].place


@pytest.mark.parametrize(
    "text", ["", "2026-11-22T08:30:00Z", "1.2", f"-1.{'0' * 32}", f"{'9' * 17}.{'0' * 32}", "1." + "g" * 32]
)
def test_a_place_that_no_page_gave_is_refused(text: str) -> None:
    """What an address says is read whole or not at all."""
    with pytest.raises(Invalid):
        deletion.Place.read(text)


async def test_another_organisations_orders_look_absent(deletions: Deletions) -> None:
    """And another person's."""
    await deletions.ordered()
    other = RequesterId(ids.new_uuid())
    assert await deletions.db.run(deletion.of_requester, other) == []
    assert await deletions.db.run(deletion.counts, other) == (0, 0)


EDITS = {
    "put off": "UPDATE deletion_orders SET due_at = due_at + interval '1 year'",
    "answered by hand": "UPDATE deletion_orders SET state = 'answered', outcome = 'deleted', answered_at = now()",
}


@pytest.mark.parametrize("edit", EDITS)
async def test_an_edited_order_is_refused(deletions: Deletions, edit: str) -> None:
    """An administrator cannot make an organisation look better."""
    await deletions.ordered()
    await deletions.administrator.execute(EDITS[edit])
    with pytest.raises(Tampered):
        await deletions.orders()
