"""Who may have a vault erased: its person, with the password once more, who has a week to think again."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.erasure.world import WEEK, Erasures
from tests.powers.world import regulators
from tests.requesters.world import PASSWORD, cheap_doorway
from vault.accounts import create_test_person
from vault.db import Session
from vault.erasure import Held, call_off
from vault.erasure.carrying_out import carry_out
from vault.erasure.tables import Erasure
from vault.errors import Invalid, NotFound, Refused, Tampered, TooMany, VaultError
from vault.ids import new_uuid
from vault.ledger.subjects import key_and_count
from vault.powers import cases
from vault.signin import Holder, prepare


async def test_the_password_is_asked_for_once_more(erasures: Erasures) -> None:
    """An open browser is not enough; guessing is slowed down."""
    for wrong in ("", "not it", f"{PASSWORD} 2"):
        with pytest.raises(Invalid, match="present password"):
            await erasures.ask(present=wrong)
    tries = [await refusal(erasures) for _ in range(10)]
    assert tries[0] is Invalid
    assert tries[-1] is TooMany
    assert (await erasures.standing()).asked_at is None


async def refusal(erasures: Erasures) -> type[VaultError]:
    try:
        await erasures.ask(present="not it")
    except VaultError as error:
        return type(error)
    raise AssertionError("a wrong password was taken")


async def test_nothing_happens_for_a_week(erasures: Erasures) -> None:
    """The person is told, everything goes on, and the day stands in the entry."""
    token = await erasures.releases.token(await erasures.releases.given())
    asked = await erasures.ask()
    assert asked.due_at == erasures.releases.clock.now() + WEEK
    (entry,) = await erasures.releases.entries("erasure.asked")
    assert entry["until"] == int(asked.due_at.timestamp() * 1000)
    (notice,) = await erasures.administrator.rows("SELECT kind FROM notices WHERE person_id = $1", erasures.person)
    assert notice["kind"] == "erasure_asked"
    erasures.releases.clock.move(WEEK - timedelta(seconds=1))
    assert await erasures.carried_out() == 0
    assert await erasures.due() == []
    token = await erasures.releases.token(await erasures.releases.given())
    assert await erasures.releases.values(token)


async def test_it_can_be_called_off(erasures: Erasures) -> None:
    """Until it is done, also after its day; then nothing is carried out. Asked for anew, a new week begins."""
    await erasures.ask()
    erasures.releases.clock.move(WEEK)
    ((person, which),) = await erasures.due()
    await erasures.db.run(call_off, erasures.holder)
    assert not await erasures.db.run(carry_out, person, which)
    assert (await erasures.standing()).due_at is None
    with pytest.raises(NotFound):
        await erasures.db.run(call_off, erasures.holder)
    again = await erasures.ask()
    assert again.due_at == erasures.releases.clock.now() + WEEK
    assert await erasures.due() == []
    assert [entry["event"] for entry in await erasures.releases.entries("erasure.called_off")]


async def test_asking_twice_is_asking_once(erasures: Erasures) -> None:
    """Also at the same moment: one wish, one entry, one day."""
    first, second = await asyncio.gather(erasures.ask(), erasures.ask())
    assert first == second
    erasures.releases.clock.move(timedelta(days=3))
    assert (await erasures.ask()).due_at == first.due_at
    assert len(await erasures.releases.entries("erasure.asked")) == 1


async def test_nobody_asks_for_another_or_as_another(erasures: Erasures) -> None:
    """Officers and regulators have no vault; another's password opens nothing."""
    for staff in (erasures.lawful.officer, erasures.lawful.regulator):
        with pytest.raises((Refused, Invalid)):
            await erasures.ask(holder=staff)
    other = await erasures.lawful.world.person()
    with pytest.raises(Invalid):
        await erasures.ask(holder=other)
    await erasures.ask(holder=other, present=f"{PASSWORD} 2")
    assert (await erasures.standing()).asked_at is None
    with pytest.raises(NotFound):
        await erasures.db.run(call_off, erasures.holder)


async def test_a_made_up_person_does_not(erasures: Erasures) -> None:
    """The organisation gives it up by itself."""
    prepared = await prepare(cheap_doorway(erasures.db), PASSWORD)

    async def made(session: Session) -> Holder:
        bank = erasures.releases.consents.bank.requester
        assert bank is not None
        return (await create_test_person(session, bank, login="made.up", prepared=prepared, locale="en")).holder

    with pytest.raises(Refused):
        await erasures.ask(holder=await erasures.db.run(made), present=PASSWORD)


@pytest.mark.parametrize("how", ["moved", "forged", "hurried"])
async def test_an_edited_wish_erases_nothing(erasures: Erasures, how: str) -> None:
    """A row written by the database's administrator, or turned to another person, or brought forward."""
    await erasures.ask()
    person, other = erasures.person, (await erasures.lawful.world.person()).id
    changes = {
        "moved": ("UPDATE erasures SET person_id = $2 WHERE person_id = $1", person, other),
        "forged": ("UPDATE erasures SET signature = signature || $2 WHERE person_id = $1", person, b"x"),
        "hurried": (
            "UPDATE erasures SET due_at = $2 WHERE person_id = $1",
            person,
            erasures.releases.clock.now() + timedelta(minutes=1),
        ),
    }
    await erasures.administrator.execute(*changes[how])
    erasures.releases.clock.move(WEEK)
    for each in await erasures.due():
        with pytest.raises(Tampered):
            await erasures.db.run(carry_out, *each)
    assert await erasures.lawful.world.read(erasures.holder, "identity")


async def test_a_wish_that_the_person_did_not_sign_erases_nothing(erasures: Erasures) -> None:
    """Whoever holds the running server can write its MACs, and still not the person's signature."""
    await erasures.ask()
    other = await erasures.lawful.world.person()

    async def turned(session: Session) -> None:
        row = (await session.scalars(sa.select(Erasure))).one()
        session.add(
            Erasure(
                person_id=other.id,
                id=row.id,
                asked_at=row.asked_at,
                due_at=row.due_at,
                state="asked",
                ended_at=None,
                signature=row.signature,
            )
        )

    await erasures.db.run(turned)
    erasures.releases.clock.move(WEEK)
    with pytest.raises(Tampered):
        await erasures.db.run(carry_out, other.id, (await erasures.due())[0][1])
    assert await erasures.db.run(key_and_count, other.id)


async def test_an_unknown_wish_is_nothing(erasures: Erasures) -> None:
    """A number that somebody made up."""
    assert not await erasures.db.run(carry_out, erasures.person, new_uuid())
    await erasures.ask()
    assert not await erasures.db.run(carry_out, erasures.person, new_uuid())


async def test_an_order_by_law_holds_the_vault(erasures: Erasures) -> None:
    """Before its day the person learns what they see anyway: that an access is hidden. Then that it is an order, while
    it is in force. A wish that was there before waits, and is carried out when nothing holds the vault any more."""
    await erasures.ask()
    clock = erasures.releases.clock
    days = {"valid_until": clock.now() + timedelta(days=28), "reveal_at": clock.now() + timedelta(days=15)}
    await erasures.lawful.in_force(erasures.lawful.order(**days))
    clock.move(WEEK)
    assert await erasures.carried_out() == 0
    assert (await erasures.standing()).holds == ("hidden-access",)
    await erasures.db.run(call_off, erasures.holder)
    with pytest.raises(Held) as refused:
        await erasures.ask()
    assert refused.value.members == {"holds": ["hidden-access"]}
    clock.move(timedelta(days=10))
    with pytest.raises(Held) as refused:
        await erasures.ask()
    assert refused.value.members == {"holds": ["lawful-order"]}
    clock.move(timedelta(days=20))
    await erasures.erased()


async def test_an_open_case_holds_the_vault(erasures: Erasures) -> None:
    """While an authority's case rests on an entry about this person; a case about others' entries does not."""
    supervisors = await regulators(erasures.db, erasures.lawful.world.staff)
    releases = erasures.releases
    await releases.values(await releases.token(await releases.given()))
    other = await erasures.lawful.world.person()
    await releases.settled()
    case = (await erasures.db.run(cases.open_case, supervisors.first, "Sold to advertisers", None)).id
    await cases.attach_entry(erasures.db, supervisors.first, case, 0, "how it began")
    await erasures.ask()
    await erasures.db.run(call_off, erasures.holder)
    (row,) = await erasures.administrator.rows("SELECT idx FROM ledger_bodies WHERE event = 'release.delivered'")
    await cases.attach_entry(erasures.db, supervisors.first, case, row["idx"], "what was sold")
    with pytest.raises(Held) as refused:
        await erasures.ask()
    assert refused.value.members == {"holds": ["open-case"]}
    await erasures.ask(holder=other, present=f"{PASSWORD} 2")
    await erasures.db.run(cases.propose_closing, supervisors.first, case, "warned", "they are to stop selling it")
    await erasures.db.run(cases.close, supervisors.second, case)
    await erasures.ask()
