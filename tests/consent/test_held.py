"""What a requester holds: grants in force, page by page, under its own names for people; never whose, never why not."""

from datetime import timedelta

import pytest

from tests.consent.world import Consents, declaration
from tests.profile.world import IDENTITY, Administrator
from tests.requesters.samples import application
from tests.requesters.world import let_in
from vault.clock import FixedClock
from vault.consent import held, withdraw
from vault.consent.records import pairwise
from vault.errors import NotFound, Tampered
from vault.ids import RequesterId
from vault.requesters.uscc import check_character


def _bank(consents: Consents) -> RequesterId:
    assert consents.bank.requester is not None
    return consents.bank.requester


async def test_a_grant_in_force_is_listed_by_the_pairwise_name(consents: Consents) -> None:
    """With its items, forms, limits and end; a person's id is nowhere in it."""
    await consents.world.write(consents.person, "identity", IDENTITY)
    given = await consents.given()
    (found,) = await consents.db.run(held.in_force, _bank(consents))
    assert found.id == given.grant
    assert found.subject == pairwise(consents.db.ring, _bank(consents), consents.person.id)
    assert {"item": "identity.name", "form": "raw"} in found.items
    assert (found.uses, found.window_uses) == (0, 0)
    assert consents.person.id.hex not in repr(found).replace("-", "")


async def test_what_has_ended_is_not_there(consents: Consents, clock: FixedClock) -> None:
    """Withdrawn and expired look the same as what never was."""
    await consents.world.write(consents.person, "identity", IDENTITY)
    first, second = await consents.given(), await consents.given()
    await consents.db.run(withdraw, consents.person, first.grant)
    assert [each.id for each in await consents.db.run(held.in_force, _bank(consents))] == [second.grant]
    clock.move(timedelta(days=31))
    assert await consents.db.run(held.in_force, _bank(consents)) == []
    assert (await consents.db.run(held.counted, _bank(consents))).by_declaration == []
    for grant in (first.grant, second.grant):
        with pytest.raises(NotFound):
            await consents.db.run(held.held, _bank(consents), grant)


async def test_pages_follow_each_other(consents: Consents) -> None:
    """Newest first, each once, whatever the size of a page."""
    await consents.world.write(consents.person, "identity", IDENTITY)
    made = [(await consents.given()).grant for _ in range(5)]
    seen, before = [], None
    while page := await consents.db.run(held.in_force, _bank(consents), before=before, limit=2):
        seen += [each.id for each in page]
        before = page[-1].id
    assert seen == made[::-1]
    counted = await consents.db.run(held.counted, _bank(consents))
    assert ([each.grants for each in counted.by_declaration], counted.is_all) == ([5], True)


async def test_another_requester_holds_none_of_it(consents: Consents) -> None:
    """Not in its list, not in its count, not by its address."""
    await consents.world.write(consents.person, "identity", IDENTITY)
    given = await consents.given()
    first = "91350100M00000077"
    body = application(declaration=declaration(), organisation__uscc=first + check_character(first))
    other = (await let_in(consents.db, consents.world.staff, body)).requester
    assert other is not None
    assert await consents.db.run(held.in_force, other) == []
    assert (await consents.db.run(held.counted, other)).by_declaration == []
    with pytest.raises(NotFound):
        await consents.db.run(held.held, other, given.grant)


async def test_an_edited_grant_is_refused(consents: Consents, administrator: Administrator) -> None:
    """A database administrator hands nobody another requester's grant."""
    await consents.world.write(consents.person, "identity", IDENTITY)
    await consents.given()
    await administrator.rows("UPDATE grants SET expires_at = expires_at + interval '1 day' RETURNING id")
    with pytest.raises(Tampered):
        await consents.db.run(held.in_force, _bank(consents))
