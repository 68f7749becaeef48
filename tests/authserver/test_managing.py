"""Grant management at the authorization endpoints: which grant a request may be about, what becomes of old tokens."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from tests.authserver.bank import ITEMS, Bank
from tests.authserver.recorded import refusals
from tests.consent.world import asked
from tests.profile.world import World
from vault.authserver.errors import OAuthError
from vault.authserver.issuing import Issued
from vault.authserver.managing import NotTheirs
from vault.authserver.tokens import open_access_token
from vault.clock import FixedClock
from vault.consent import GrantMoved, for_person, withdraw
from vault.consent.standing import standing
from vault.db import Session
from vault.ids import GRANT, GrantId, PersonId, parse
from vault.signin import Holder

WIDER = ITEMS | {"employment.monthly_income": "band"}


def details(items: dict[str, str]) -> str:
    return msgspec.json.encode(asked(items)).decode()


@pytest.fixture
async def issued(bank: Bank, person: Holder) -> Issued:
    return await bank.redeem(await bank.code(person))


async def changed(bank: Bank, person: Holder, issued: Issued, how: str, items: dict[str, str] | None = None) -> str:
    """The code of a change that the person allowed as it was asked."""
    wanted = items or WIDER
    pushed = await bank.push(
        grant_management_action=how, grant_id=issued.grant_id, authorization_details=details(wanted)
    )
    return await bank.allow(person, pushed, *wanted)


def items_of(issued: Issued) -> dict[str, str]:
    return {each["item"]: each["form"] for each in issued.authorization_details[0]["items"]}


async def refused(bank: Bank, **parameters: str | None) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        await bank.push(**parameters)
    return caught.value


@pytest.mark.parametrize(
    ("parameters", "check"),
    [
        ({"grant_management_action": "delete"}, "grant-action"),
        ({"grant_management_action": "query", "grant_id": "ours"}, "grant-action"),
        ({"grant_management_action": "update", "grant_id": "ours"}, "grant-action"),
        ({"grant_id": "ours"}, "grant-action"),
        ({"grant_management_action": "create", "grant_id": "ours"}, "grant-action-id"),
        ({"grant_management_action": "merge"}, "grant-action-id"),
        ({"grant_management_action": "replace"}, "grant-action-id"),
    ],
)
async def test_what_the_draft_calls_invalid(bank: Bank, issued: Issued, parameters: dict[str, str], check: str) -> None:
    """Section 5.4: an action without its grant, a grant without an action, an action that there is not."""
    given: dict[str, str | None] = {
        name: issued.grant_id if value == "ours" else value for name, value in parameters.items()
    }
    error = await refused(bank, **given)
    assert (error.error, error.check) == ("invalid_request", check)
    assert (await refusals(bank.db))[-1]["reason"] == check


async def test_a_grant_that_is_not_this_client_s(
    world: World, bank: Bank, person: Holder, issued: Issued, clock: FixedClock
) -> None:
    """Unknown, malformed, another client's, withdrawn, expired: invalid_grant_id in the same words."""
    other = await Bank.let_in(world, bank.server, uscc="91110000802100433B")
    ended = await bank.redeem(await bank.code(person))
    await bank.db.run(withdraw, person, parse(GRANT, ended.grant_id), None)
    said = set()
    for who, named in ((bank, "gnt_" + "0" * 32), (bank, "x"), (bank, ended.grant_id), (other, issued.grant_id)):
        error = await refused(who, grant_management_action="merge", grant_id=named)
        said.add((error.error, error.check, error.description))
    clock.move(timedelta(days=31))
    error = await refused(bank, grant_management_action="replace", grant_id=issued.grant_id)
    said.add((error.error, error.check, error.description))
    assert len(said) == 1
    assert said.pop()[:2] == ("invalid_grant_id", "grant-known")


async def test_create_makes_another_grant(bank: Bank, person: Holder, issued: Issued) -> None:
    """As without the parameter."""
    pushed = await bank.push(grant_management_action="create")
    second = await bank.redeem(await bank.allow(person, pushed))
    assert second.grant_id != issued.grant_id
    assert await bank.refresh(issued.refresh_token)


@pytest.mark.parametrize("how", ["merge", "replace"])
async def test_the_tokens_before_are_dead(bank: Bank, person: Holder, issued: Issued, how: str) -> None:
    """The same grant, new tokens; the refresh token of before gives nothing, and tells nothing of what holds now."""
    second = await bank.redeem(await changed(bank, person, issued, how))
    assert second.grant_id == issued.grant_id
    assert items_of(second) == WIDER
    with pytest.raises(OAuthError) as caught:
        await bank.refresh(issued.refresh_token)
    assert (caught.value.error, caught.value.check) == ("invalid_grant", "refresh-share")
    assert "income" not in str(caught.value.body())
    assert items_of(await bank.refresh(second.refresh_token)) == WIDER


async def test_a_code_of_before_is_dead(bank: Bank, person: Holder) -> None:
    """A consent that was replaced before its code was redeemed gives no token."""
    early = await bank.code(person)
    late = await bank.redeem(await bank.code(person))
    grants = await bank.db.run(_grants_of, person)
    first = next(grant for grant in grants if f"gnt_{grant.hex}" != late.grant_id)
    pushed = await bank.push(grant_management_action="replace", grant_id=f"gnt_{first.hex}")
    await bank.allow(person, pushed)
    with pytest.raises(OAuthError) as caught:
        await bank.redeem(early)
    assert caught.value.check == "grant-epoch"


async def _grants_of(session: Session, person: Holder) -> list[GrantId]:
    return [view.id for view in await for_person(session, PersonId(person.id))]


async def test_somebody_else_cannot_decide_it(world: World, bank: Bank, issued: Issued) -> None:
    """For another person there is no such request; nothing is changed."""
    other = await world.person()
    pushed = await bank.push(grant_management_action="merge", grant_id=issued.grant_id)
    with pytest.raises(NotTheirs):
        await bank.allow(other, pushed)
    assert await bank.refresh(issued.refresh_token)


async def test_redeeming_during_a_replacement(bank: Bank, person: Holder) -> None:
    """Whoever comes first, the code of before ends up with nothing that works."""
    for _ in range(3):
        base = await bank.redeem(await bank.code(person))
        early = await changed(bank, person, base, "merge", ITEMS)
        pushed = await bank.push(
            grant_management_action="replace", grant_id=base.grant_id, authorization_details=details(WIDER)
        )
        first, code = await asyncio.gather(
            bank.redeem(early), bank.allow(person, pushed, *WIDER), return_exceptions=True
        )
        assert isinstance(code, str), code
        if isinstance(first, Issued):
            assert items_of(first) == ITEMS
            with pytest.raises(OAuthError):
                await bank.refresh(first.refresh_token)
            await _is_stale(bank, first)
        assert items_of(await bank.redeem(code)) == WIDER


async def _is_stale(bank: Bank, issued: Issued) -> None:
    """What the release path compares: the token's version with the grant's."""
    now = bank.db.clock.now()
    access = open_access_token(bank.server.keys, bank.server.ring, issued.access_token, now, issuer=bank.server.issuer)
    held = await bank.db.run(standing, access.person, access.grant)
    assert access.epoch < held.token_epoch


async def test_refreshing_during_a_replacement(bank: Bank, person: Holder, issued: Issued) -> None:
    """No refresh, before or after, gets a token that lists what only the new consent allows."""
    pushed = await bank.push(
        grant_management_action="replace", grant_id=issued.grant_id, authorization_details=details(WIDER)
    )
    many = [bank.refresh(issued.refresh_token) for _ in range(4)]
    *outcomes, code = await asyncio.gather(*many, bank.allow(person, pushed, *WIDER), return_exceptions=True)
    assert isinstance(code, str)
    for outcome in outcomes:
        assert isinstance(outcome, OAuthError | Issued)
        assert isinstance(outcome, OAuthError) or items_of(outcome) == ITEMS
    with pytest.raises(OAuthError):
        await bank.refresh(issued.refresh_token)


async def test_two_merges_at_once(bank: Bank, person: Holder, issued: Issued) -> None:
    """One of them is agreed to, the other has to be read anew; only one set of tokens lives."""
    both = [
        await bank.push(
            grant_management_action="merge", grant_id=issued.grant_id, authorization_details=details(ITEMS | more)
        )
        for more in ({"employment.monthly_income": "band"}, {"identity.birthdate": "predicate:over_18"})
    ]
    outcomes = await asyncio.gather(*(bank.allow(person, each) for each in both), return_exceptions=True)
    codes = [each for each in outcomes if isinstance(each, str)]
    assert codes
    answers = [(await asyncio.gather(bank.redeem(code), return_exceptions=True))[0] for code in codes]
    alive = [each for each in answers if isinstance(each, Issued)]
    assert len(alive) == 1
    assert all(each.check == "grant-epoch" for each in answers if isinstance(each, OAuthError))
    assert all(isinstance(each, str | GrantMoved) for each in outcomes)
    grant = GrantId(parse(GRANT, alive[0].grant_id))
    held = await bank.db.run(standing, PersonId(person.id), grant)
    assert {each.item: each.form for each in held.items} == items_of(alive[0])
