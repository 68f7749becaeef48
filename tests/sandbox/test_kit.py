"""Kits: who gets one, what is in it, how many test persons there are, also when two ask at once."""

import asyncio

import pytest
import sqlalchemy as sa

from tests.organisations.world import Bank, opened_bank, recorded
from tests.requesters.world import Staff, cheap_doorway
from vault import ids
from vault.accounts import the_person
from vault.edge.sandbox import Asked, open_kit, sandbox
from vault.errors import Invalid, NotFound, Refused, Unauthenticated, VaultError
from vault.ledger.events import REGISTRY
from vault.organisations import changes
from vault.organisations.client_changes import REDIRECTS, vetted_origins
from vault.requesters.liveness import NotLive
from vault.requesters.measures import Order
from vault.requesters.owned import clients_of
from vault.requesters.sandboxes import sandbox_for
from vault.requesters.tables import Client
from vault.requesters.two_officers import decide, propose
from vault.sandbox.kit import Kit, Wanted, make_kit
from vault.sandbox.persons import MOST, TooManyTestPersons, fresh_login, persons
from vault.signin import Attempt, Holder, sign_in

LOOPBACK = "http://127.0.0.1:8931/sandbox"


async def _open(bank: Bank, holder: Holder, **how: int) -> Kit:
    asked = Asked(ids.public(ids.CLIENT, bank.client_id), **how)
    return await open_kit(bank.db, cheap_doorway(bank.db), holder, asked)


async def test_an_approval_makes_a_sandbox(bank: Bank) -> None:
    """Another client of the same declaration with the same keys and addresses; its sandbox is found by either id."""
    production, other = await bank.db.run(clients_of, bank.id)
    assert (production.sandbox_of, other.sandbox_of) == (None, bank.client_id)
    same = ("declaration_id", "jwks", "redirect_uris", "metadata", "status")
    assert all(getattr(production, name) == getattr(other, name) for name in same)
    for which in (production.id, other.id):
        assert (await bank.db.run(sandbox_for, which, by=REGISTRY)).id == other.id


async def test_a_client_without_one_gets_its_sandbox_once(bank: Bank) -> None:
    """As clients from before there were sandboxes; of two at once, one makes it."""
    async with bank.db.begin() as session:
        row = (await session.execute(sa.select(Client).where(Client.sandbox_of.is_not(None)))).scalar_one()
        row.sandbox_of = None
    both = await asyncio.gather(
        *(bank.db.run(sandbox_for, bank.client_id, by=REGISTRY) for _ in range(2)), return_exceptions=True
    )
    made = [each for each in both if not isinstance(each, BaseException)]
    assert len({each.id for each in made}) == 1
    assert len(await recorded(bank.db, "sandbox.made")) == 1


async def test_the_kit_holds_what_a_client_needs(bank: Bank) -> None:
    """Addresses, the sandbox's id, the declared items, a sign-in that works; recorded without the login's words."""
    kit = await _open(bank, await bank.member("declarations"))
    files = kit.files("https://vault.example")
    assert files["server.json"]["issuer"] == "https://vault.example"
    mine, person = files["client.json"], files["person.json"]
    assert mine["sandbox_of"] == ids.public(ids.CLIENT, bank.client_id) != mine["client_id"]
    assert mine["items"]
    assert {"item", "form", "required", "sensitive"} <= set(mine["items"][0])
    attempt = Attempt("person", person["login"], person["password"], "127.0.0.1")
    assert await sign_in(bank.db, cheap_doorway(bank.db), attempt)
    [made] = await recorded(bank.db, "test_person.made")
    assert person["login"] not in str(made)
    assert person["password"] not in repr(kit)


async def test_only_keys_and_declarations_open_one(bank: Bank) -> None:
    """An administrator or auditor does not; and nobody for another organisation's client."""
    for roles in (("administrator",), ("audit",)):
        with pytest.raises(Refused):
            await _open(bank, await bank.member(*roles))
    assert await bank.db.run(persons, bank.id) == []


async def test_another_organisations_client_looks_absent(bank: Bank, staff: Staff) -> None:
    """Its sandbox too."""
    stranger = await (await opened_bank(bank.db, staff)).member("keys")
    for which in await bank.db.run(clients_of, bank.id):
        asked = Asked(ids.public(ids.CLIENT, which.id))
        with pytest.raises(NotFound):
            await open_kit(bank.db, cheap_doorway(bank.db), stranger, asked)


async def test_five_at_most_and_one_for_another(bank: Bank) -> None:
    """The sixth is refused; who is replaced can do nothing any more."""
    holder = await bank.member("keys")
    kit = await _open(bank, holder, persons=MOST)
    with pytest.raises(TooManyTestPersons):
        await _open(bank, holder)
    for wrong in ({"persons": 6}, {"persons": -1}, {"persons": 2, "replaces": 1}):
        with pytest.raises(Invalid):
            await _open(bank, holder, **wrong)
    old = kit.persons[1][1]
    again = await _open(bank, holder, replaces=2)
    assert again.persons[0][0].number == 2
    assert len(await bank.db.run(persons, bank.id)) == MOST
    attempt = Attempt("person", old.login, old.password, "127.0.0.1")
    gone = (await sign_in(bank.db, cheap_doorway(bank.db), attempt)).holder
    with pytest.raises((Refused, Unauthenticated)):
        await bank.db.run(the_person, gone)
    assert len(await recorded(bank.db, "test_person.ended")) == 1


async def test_two_kits_at_once_stay_within_five(bank: Bank) -> None:
    """Six wanted by two transactions at the same time: never more than five, and no place twice."""
    door = cheap_doorway(bank.db)

    async def opened() -> Kit | VaultError:
        logins = [await fresh_login(door) for _ in range(3)]
        try:
            return await bank.db.run(make_kit, Wanted(bank.client_id, bank.id), logins, by=REGISTRY)
        except VaultError as error:
            return error

    both = await asyncio.gather(opened(), opened())
    assert sorted(type(each).__name__ for each in both) == ["Kit", "TooManyTestPersons"]
    assert [each.number for each in await bank.db.run(persons, bank.id)] == [1, 2, 3]


async def test_a_suspended_requesters_sandbox_stops_too(bank: Bank, staff: Staff) -> None:
    """No kit, whoever asks: what the requester may not, its sandbox may not."""
    holder = await bank.member("keys")
    order = Order("suspend", bank.id, None, "the licence is gone")
    measure = (await bank.db.run(propose, staff.first, order)).id
    await bank.db.run(decide, staff.second, measure, agree=True, reason="seen and agreed")
    with pytest.raises(NotLive):
        await _open(bank, holder)
    with pytest.raises(NotLive):
        await bank.db.run(make_kit, Wanted(bank.client_id), [], by=REGISTRY)


async def test_a_sandbox_comes_back_to_loopback(bank: Bank) -> None:
    """Any loopback address without vetting, nothing else; and production gains nothing by it."""
    keys = await bank.member("keys")
    production, other = (await bank.db.run(sandbox, keys)).clients
    before = await bank.db.run(vetted_origins, bank.id)
    body = {"redirect_uris": [*other.redirect_uris, LOOPBACK, "http://[::1]/back"]}
    await bank.db.run(changes.propose, keys, REDIRECTS, other.id, body=body)
    assert LOOPBACK in (await bank.db.run(sandbox, keys)).clients[1].redirect_uris
    assert await bank.db.run(vetted_origins, bank.id) == before
    for client, uri in ((other, "https://elsewhere.example/back"), (production, "http://[::1]/back")):
        with pytest.raises(Invalid):
            await bank.db.run(changes.propose, keys, REDIRECTS, client.id, body={"redirect_uris": [uri]})
