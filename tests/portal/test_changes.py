"""A consent page about a grant in force: what would change, compared with what was ticked; and who may see it."""

from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest

from tests.api.edge import Edge
from tests.portal.visits import Page, Requester, Visitor
from vault.cli.story.bank import Pushed
from vault.consent import records
from vault.errors import Tampered

FIRST = {"identity.name": "raw", "contact.phone_number": "masked", "contact.email": "raw"}
LATER = {"identity.name": "raw", "contact.phone_number": "masked", "identity.national_id": "masked"}
FORM = "/oauth/authorize"


async def asked(bank: Requester, items: dict[str, str], **manage: str) -> tuple[str, Pushed]:
    """Push; where the person goes."""
    wanted = [{"item": item, "form": form} for item, form in items.items()]
    answer, pushed = await bank.bank.push(wanted, manage=manage or None, duration_days=60, max_uses=20)
    assert answer.status_code == 201, answer.text
    return bank.bank.authorize_url(pushed), pushed


async def first(person: Visitor, bank: Requester) -> str:
    """A grant of everything in FIRST; its id."""
    address, pushed = await asked(bank, FIRST)
    form = (await person.go(address)).form(FORM)
    answer = await person.fill(form, ("decision", "allow"), ("item", "contact.email"))
    return str((await bank.bank.redeem(answer.headers["location"], pushed)).json()["grant_id"])


def back(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 303, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def granted(person: Visitor, grant: str) -> dict[str, str]:
    items = (await person.client.get(f"/v1/me/grants/{grant}")).json()["items"]
    return {each["item"]: each["form"] for each in items}


async def test_the_page_compares(person: Visitor, bank: Requester) -> None:
    """What is new, what goes, what stays, how long; the earlier ticks are there, the sensitive yes is not."""
    grant = await first(person, bank)
    page = await person.go((await asked(bank, LATER, grant_management_action="replace", grant_id=grant))[0])
    for said in ("What would change", "takes the place of the permission", "No longer shared", "E-mail"):
        assert said in page.text, said
    assert page.form(FORM).boxes == [("item", "identity.national_id", False), ("sensitive_yes", "yes", False)]
    page = await person.go((await asked(bank, LATER, grant_management_action="merge", grant_id=grant))[0])
    assert "This adds to the permission" in page.text
    assert ("item", "contact.email", True) in page.form(FORM).boxes


async def test_a_merge_by_its_page(person: Visitor, bank: Requester) -> None:
    """Allowed as the page stands and with a tick more: one grant with both, new tokens; both receipts verify."""
    grant = await first(person, bank)
    address, pushed = await asked(bank, LATER, grant_management_action="merge", grant_id=grant)
    form = (await person.go(address)).form(FORM)
    ticked = [("item", "contact.email"), ("item", "identity.national_id"), ("sensitive_yes", "yes")]
    answer = await person.fill(form, ("decision", "allow"), *ticked)
    token = (await bank.bank.redeem(answer.headers["location"], pushed)).json()
    assert token["grant_id"] == grant
    assert await granted(person, grant) == FIRST | LATER
    detail = (await person.client.get(f"/v1/me/grants/{grant}")).json()
    (kept,) = detail["earlier"]
    for receipt in (detail["receipt"], kept["receipt"]):
        records.verify_receipt(receipt)
        assert msgspec.json.decode(msgspec.json.encode(receipt["notice"]))[2]["purpose"] == bank.purpose
    shown = await person.go(f"/grants/{grant}")
    assert "What you agreed to before" in shown.text


async def test_an_edited_notice_is_not_what_was_agreed(person: Visitor, bank: Requester) -> None:
    """The text in a receipt is held by the digest that the person signed."""
    grant = await first(person, bank)
    receipt = (await person.client.get(f"/v1/me/grants/{grant}")).json()["receipt"]
    receipt["notice"][2]["purpose"] = "something else"
    with pytest.raises(Tampered):
        records.verify_receipt(receipt)


async def test_saying_no_leaves_it_as_it_is(person: Visitor, bank: Requester) -> None:
    """The permission in force and its tokens stay."""
    grant = await first(person, bank)
    address, _ = await asked(bank, LATER, grant_management_action="replace", grant_id=grant)
    assert back(await person.fill((await person.go(address)).form(FORM), ("decision", "deny")))["error"]
    assert await granted(person, grant) == FIRST


async def test_a_page_that_was_overtaken(person: Visitor, bank: Requester) -> None:
    """Two pages about one grant: after the first decision the second must be read again."""
    grant = await first(person, bank)
    pages = [await asked(bank, LATER, grant_management_action="merge", grant_id=grant) for _ in range(2)]
    forms = [(await person.go(address)).form(FORM) for address, _ in pages]
    assert back(await person.fill(forms[0], ("decision", "allow"), ("item", "contact.email")))["code"]
    again = Page(await person.fill(forms[1], ("decision", "allow"), ("item", "contact.email")))
    assert again.status == 422
    assert "What is asked has changed" in again.text
    assert back(await person.fill(again.form(FORM), ("decision", "allow")))["code"]


async def test_somebody_else_sees_nothing_of_it(person: Visitor, bank: Requester, edge: Edge) -> None:
    """Another person who follows the link learns nothing; whatever they press, the requester hears a bare no."""
    grant = await first(person, bank)
    async with edge.client(**{"Accept": "text/html", "Accept-Language": "en"}) as client:
        other = Visitor(edge, client)
        await other.settle()
        for decision in ("deny", "allow"):
            address, _ = await asked(bank, LATER, grant_management_action="merge", grant_id=grant)
            page = await other.go(address)
            assert "a permission that you have not given" in page.text
            assert "E-mail" not in page.text
            form = page.form(FORM)
            assert form.buttons == [("decision", "deny")]
            assert set(back(await other.fill(form, ("decision", decision)))) == {"error", "state", "iss"}
    assert await granted(person, grant) == FIRST
