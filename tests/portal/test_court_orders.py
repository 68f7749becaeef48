"""Orders of courts on the regulators' page: filed by one, confirmed by another unit, the reference shown once."""

import re
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.api.edge import Edge
from tests.portal.test_inquiries import Supervisors
from tests.portal.test_oversight import recorded
from tests.portal.visits import Desk, Page, Visitor

HOME = "/oversight/orders"
CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")
NOBODYS = "110101199001010015"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def supervisors(edge: Edge) -> AsyncIterator[Supervisors]:
    """Two more regulators for this file."""
    made = Supervisors(edge)
    await made.admit("orders-second", "二处")
    await made.admit("orders-neighbour", "regulator-1")
    yield made
    for visitor in made.at.values():
        await visitor.client.aclose()


async def filed(regulator: Visitor, number: str, instrument: str, **more: str) -> str:
    """The address at which a filed order is confirmed."""
    form = (await regulator.go(HOME)).form(HOME)
    typed = {"instrument": instrument, "ground": "supervision", "number": number} | more
    answer = await regulator.fill(form, **typed)
    assert (answer.status_code, answer.headers.get("location")) == (303, f"{HOME}?done=yes"), answer.text
    return instrument


def confirming(page: Page) -> list[str]:
    """Where the orders that this regulator may confirm go."""
    return [each.action for each in page.forms if each.action.startswith(f"{HOME}/ord_")]


async def test_two_units_turn_an_order_into_a_reference(person: Visitor, staff: Desk, supervisors: Supervisors) -> None:
    """Not oneself, not one's own unit; the code is shown once and leads to the person's entries; no number is."""
    first, second = staff.at["regulator-1"], supervisors.at["orders-second"]
    await recorded(person)
    number = person.sent["national_id"]["number"]
    await filed(first, number, "(2026) 京监 7")
    mine = await first.go(f"{HOME}?done=yes")
    assert "(2026) 京监 7" in mine.text
    assert confirming(mine) == []
    neighbour = supervisors.at["orders-neighbour"]
    theirs = await neighbour.go(HOME)
    refused = Page(await neighbour.fill(theirs.form(confirming(theirs)[0])))
    assert (refused.status, "Another regulator must confirm this order" in refused.text) == (403, True)
    page = await second.go(HOME)
    assert page.inputs <= page.labelled
    shown = Page(await second.fill(page.form(confirming(page)[0])))
    code = CODE.search(shown.text)
    assert code
    assert number not in mine.html + page.html + shown.html
    assert not CODE.search((await second.go(HOME)).text.replace("(2026)", ""))
    found = await second.fill((await second.go("/oversight/person")).form("/oversight/person"), reference=code[0])
    assert "A vault was opened" in found.text
    again = Page(await second.fill(page.form(confirming(page)[0])))
    assert again.status == 409


async def test_an_order_about_nobody_looks_the_same(staff: Desk, supervisors: Supervisors) -> None:
    """It is filed and confirmed like any other, and the reference finds nothing."""
    first, second = staff.at["regulator-1"], supervisors.at["orders-second"]
    await filed(first, NOBODYS, "(2026) 京监 8", hidden_until="2027-03-01")
    page = await second.go(HOME)
    assert "Hidden from the person until 1 March 2027." in page.text
    code = CODE.search(Page(await second.fill(page.form(confirming(page)[0]))).text)
    assert code
    asking = (await second.go("/oversight/person")).form("/oversight/person")
    assert "No entry fits this question." in (await second.fill(asking, reference=code[0])).text


async def test_what_is_wrong_with_an_order_stands_beside_it(staff: Desk) -> None:
    """Nothing is filed; the number is not shown again."""
    first = staff.at["regulator-1"]
    form = (await first.go(HOME)).form(HOME)
    sound = {"instrument": "(2026) 京监 9", "ground": "supervision", "number": NOBODYS, "hidden_until": ""}
    for changes, where in (
        ({"instrument": "7"}, "instrument"),
        ({"ground": "curiosity"}, "ground"),
        ({"number": "110101199001010010"}, "number"),
        ({"hidden_until": "soon"}, "hidden_until"),
        ({"hidden_until": "2036-01-01"}, "hidden_until"),
    ):
        page = Page(await first.fill(form, **(sound | changes)))
        assert (page.status, f'id="e-{where}"' in page.html) == (422, True), where
        assert NOBODYS not in page.html
    assert "(2026) 京监 9" not in (await first.go(HOME)).text
    assert (await first.client.post(HOME, data=sound)).status_code == 403
    assert (await staff.at["officer-1"].client.get(HOME)).status_code in {303, 401, 403}
