"""Software statements: by members with the role, for their own declarations, under vetted hosts."""

import msgspec
import pytest

from tests.organisations.proposing import taking_two
from tests.organisations.world import Bank, opened_bank, recorded
from tests.requesters.world import Staff
from vault import ids
from vault.db import Database
from vault.errors import Invalid, NotFound, Refused
from vault.ids import DeclarationId, new_uuid
from vault.ledger.events import REGISTRY
from vault.organisations.statements import TwoMembersDecideKeys, software_statement
from vault.requesters import statements
from vault.requesters.measures import suspend
from vault.requesters.owned import declarations_of
from vault.requesters.statements import Product
from vault.signin import Holder

ISSUER = "https://vault.example"
PRODUCT = Product(software_id="loans", client_name="Loans", redirect_uris=("https://harbour.example/loans",))


async def own(bank: Bank) -> DeclarationId:
    """The bank's declaration."""
    return (await bank.db.run(declarations_of, bank.id))[0].id


async def issue(bank: Bank, who: Holder, product: Product = PRODUCT, declaration: DeclarationId | None = None) -> str:
    """A member asks for a statement."""
    return await bank.db.run(
        software_statement, who, ids.public(ids.DECLARATION, declaration or await own(bank)), product, issuer=ISSUER
    )


async def test_a_member_issues_a_statement(bank: Bank) -> None:
    """It says what the member said of the product, is signed by the registry and stands in the ledger."""
    text = await issue(bank, await bank.member("keys"))
    read = statements.read(bank.db.ring, text, issuer=ISSUER, now=bank.db.clock.now())
    assert read.product == PRODUCT
    assert read.requester == bank.id
    assert len(await recorded(bank.db, "statement.issued")) == 1


@pytest.mark.parametrize("role", ["audit", "declarations"])
async def test_other_roles_issue_none(bank: Bank, role: str) -> None:
    """A statement lets keys in: it takes the role keys."""
    with pytest.raises(Refused):
        await issue(bank, await bank.member(role))


@pytest.mark.parametrize("uri", ["https://evil.example/back", "https://harbour.example.evil.example/", "http://x/"])
async def test_hosts_that_were_not_vetted(bank: Bank, uri: str) -> None:
    """A product cannot bring people to another host than those of the application."""
    product = msgspec.structs.replace(PRODUCT, redirect_uris=(uri,))
    with pytest.raises(Invalid):
        await issue(bank, await bank.member("keys"), product)


@pytest.mark.parametrize("name", ["Harbour\u200b Bank", "knaB\u202e", "Loans\nfrom us", " Loans", "L", "x" * 81])
async def test_a_name_hides_nothing(bank: Bank, name: str) -> None:
    """What a product is called is read by people: nothing in it is invisible or turned round."""
    with pytest.raises(Invalid):
        await issue(bank, await bank.member("keys"), msgspec.structs.replace(PRODUCT, client_name=name))


async def test_another_organisations_declaration_is_absent(database: Database, staff: Staff, bank: Bank) -> None:
    """As one that does not exist."""
    other = await own(await opened_bank(database, staff))
    who = await bank.member("keys")
    for declaration in (other, DeclarationId(new_uuid())):
        with pytest.raises(NotFound):
            await issue(bank, who, declaration=declaration)


async def test_where_two_members_decide_about_keys(bank: Bank) -> None:
    """One member's statement would bring keys that no second one has seen."""
    who, _ = await taking_two(bank.db, bank)
    with pytest.raises(TwoMembersDecideKeys):
        await issue(bank, who)


async def test_a_suspended_declaration_gives_none(bank: Bank) -> None:
    """What asks for nothing needs no clients."""
    who = await bank.member("keys")
    await bank.db.run(suspend, bank.id, reason="source-changed", by=REGISTRY)
    with pytest.raises(Refused):
        await issue(bank, who)
