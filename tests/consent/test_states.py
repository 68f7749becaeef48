"""The published table of a grant's states: every transition it allows, and every one it forbids, tried."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import product

import pytest

from tests.conftest import NOW
from tests.consent.changing import FIRST, before, changed
from tests.consent.measuring import ordered
from tests.consent.world import Consents, choice
from vault.clock import FixedClock
from vault.consent import Given, Offer, give_back, measures, withdraw
from vault.consent.standing import end_tokens, standing
from vault.consent.states import RULES, Act, State, allows, published
from vault.db import Session
from vault.errors import Conflict, NotFound, Refused
from vault.ids import PersonId

Try = Callable[[Consents, Given], Awaitable[object]]
LIVING = (State.ACTIVE, State.SUSPENDED, State.EXPIRED, State.WITHDRAWN)


async def _withdraw(consents: Consents, given: Given) -> object:
    return await consents.db.run(withdraw, consents.person, given.grant, None)


async def _give_back(consents: Consents, given: Given) -> object:
    async def act(session: Session) -> None:
        offer: Offer = await consents.offer(session)
        await give_back(session, offer.client, PersonId(consents.person.id), given.grant)

    return await consents.db.run(act)


async def _revoke(consents: Consents, given: Given) -> object:
    return await consents.db.run(end_tokens, PersonId(consents.person.id), given.grant)


async def _use(consents: Consents, given: Given) -> object:
    """What issuing, releasing and querying ask first."""
    held = await consents.db.run(standing, PersonId(consents.person.id), given.grant)
    if held.lapse is not None:
        raise Refused
    return held


async def _merge(consents: Consents, given: Given) -> object:
    return await changed(consents, "merge", await before(consents, given.grant), FIRST)


async def _replace(consents: Consents, given: Given) -> object:
    return await changed(consents, "replace", await before(consents, given.grant), FIRST)


async def _suspend(consents: Consents, given: Given) -> object:
    return await consents.db.run(measures.suspend, given.grant, ordered(), until=None)


async def _stop_for_now(consents: Consents, given: Given) -> object:
    return await consents.db.run(measures.suspend, given.grant, ordered(), until=NOW + timedelta(days=1))


async def _lift(consents: Consents, given: Given) -> object:
    return await consents.db.run(measures.lift, given.grant, ordered())


async def _narrow(consents: Consents, given: Given) -> object:
    cut = measures.Cut(frozenset({next(iter(FIRST))}))
    return await consents.db.run(measures.narrow, given.grant, ordered(), cut)


TRIED: dict[Act, Try] = {
    Act.MERGE: _merge,
    Act.REPLACE: _replace,
    Act.WITHDRAW: _withdraw,
    Act.GIVE_BACK: _give_back,
    Act.REVOKE_TOKENS: _revoke,
    Act.SUSPEND: _suspend,
    Act.LIFT: _lift,
    Act.NARROW: _narrow,
    Act.ISSUE_TOKEN: _use,
    Act.RELEASE: _use,
    Act.QUERY: _use,
}


def test_every_act_is_tried() -> None:
    """Giving makes one, time ends one; everything else is below."""
    assert set(TRIED) | {Act.GIVE, Act.EXPIRE} == set(Act) == set(RULES)


async def in_state(consents: Consents, clock: FixedClock, state: State) -> Given:
    """A grant that has come to this state."""
    given = await consents.given(choice(*FIRST), items=FIRST)
    if state is State.EXPIRED:
        clock.move(timedelta(days=31))
    if state is State.WITHDRAWN:
        await _withdraw(consents, given)
    if state is State.SUSPENDED:
        await _stop_for_now(consents, given)
    assert (await consents.seen(given)).status == state
    return given


@pytest.mark.parametrize(("act", "state"), list(product(TRIED, LIVING)))
async def test_the_table_holds(consents: Consents, clock: FixedClock, act: Act, state: State) -> None:
    """What the table allows leads where it says; what it does not allow is refused and changes nothing."""
    given = await in_state(consents, clock, state)
    was = await consents.seen(given)
    if allows(act, state):
        await TRIED[act](consents, given)
        assert (await consents.seen(given)).status == RULES[act].leads[state]
        if state is State.ACTIVE:
            is_raised = (await consents.seen(given)).token_epoch > was.token_epoch
            assert is_raised == (RULES[act].tokens == "die")
    else:
        with pytest.raises((NotFound, Refused, Conflict)):
            await TRIED[act](consents, given)
        assert await consents.seen(given) == was


async def test_who_gave_it_back_is_said(consents: Consents) -> None:
    """The person sees that the requester ended it; what they sign is theirs alone."""
    given = await consents.given(choice(*FIRST), items=FIRST)
    await _give_back(consents, given)
    seen = await consents.seen(given)
    assert (seen.status, seen.ended_by) == ("withdrawn", "requester")
    other = await consents.given(choice(*FIRST), items=FIRST)
    await _withdraw(consents, other)
    assert (await consents.seen(other)).ended_by == "person"


def test_what_is_published() -> None:
    """Every cell, as data."""
    table = published()
    assert set(table["acts"]) == {str(act) for act in Act}
    assert all(set(row["leads_to"]) == set(table["states"]) for row in table["acts"].values())
    assert table["acts"]["give_back"]["leads_to"]["withdrawn"] is None
