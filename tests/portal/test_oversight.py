"""A regulator's pages of numbers, exports and one person; what everybody may know; a person's references."""

import asyncio
import re

from tests.portal.visits import Desk, Requester, Visitor


async def recorded(person: Visitor) -> None:
    """Everything about this person is in the tree."""
    async with asyncio.timeout(30):
        while (await person.client.get("/v1/me/entries")).json()["waiting"]:
            await asyncio.sleep(0.02)


async def test_figures_are_counted_on_request(staff: Desk, person: Visitor, bank: Requester) -> None:
    """The form is there without a question; the answer is a table with its numbers in words."""
    await person.allow(bank)
    await recorded(person)
    regulator = staff.at["regulator-1"]
    page = await regulator.go("/oversight/figures")
    assert page.status == 200
    assert "Answer" not in page.text
    page = await regulator.go("/oversight/figures?ask=yes&per=day&from=2026-01-01&to=2026-12-31")
    assert page.status == 200
    assert "A person allowed sharing" in page.text
    assert not page.inline
    assert page.inputs <= page.labelled | {"f-within"}
    wrong = await regulator.go("/oversight/figures?ask=yes&from=yesterday")
    assert wrong.status == 422
    assert "must be a day" in wrong.text


async def test_reach_needs_an_organisation(staff: Desk, person: Visitor, bank: Requester) -> None:
    """And says who, what and what to tell them; nobody where there was nothing."""
    await person.allow(bank)
    await recorded(person)
    regulator = staff.at["regulator-1"]
    assert (await regulator.go("/oversight/reach?ask=yes")).status == 422
    found = await regulator.go("/oversight?ask=yes&event=grant.given")
    requester = re.search(r"req_[0-9a-f]{32}", found.html)
    assert requester
    page = await regulator.go(f"/oversight/reach?ask=yes&requester={requester[0]}&from=2020-01-01&to=2020-12-31")
    assert page.status == 200
    assert "Nobody was reached in this period." in page.text


async def test_an_export_is_ordered_and_fetched(staff: Desk) -> None:
    """From the page; what is not there yet shows how far it is."""
    regulator = staff.at["regulator-1"]
    page = await regulator.go("/oversight/exports")
    answer = await regulator.fill(page.form("/oversight/exports"), event="registry.founded", format="csv")
    assert answer.status_code == 303
    async with asyncio.timeout(30):  # the worker makes it
        while not any(each.endswith("/content") for each in page.links):
            await asyncio.sleep(0.02)
            page = await regulator.go("/oversight/exports")
    link = next(each for each in page.links if each.endswith("/content"))
    content = await regulator.client.get(link)
    assert content.status_code == 200
    assert b"registry.founded" in content.content
    rest = await regulator.client.get(link, headers={"Range": "bytes=10-"})
    assert rest.status_code == 206
    assert rest.content == content.content[10:]
    assert rest.headers["content-range"] == f"bytes 10-{len(content.content) - 1}/{len(content.content)}"
    some = await regulator.client.get(link, headers={"Range": "bytes=3-9"})
    assert (some.status_code, some.content) == (206, content.content[3:10])
    for range_ in ("bytes=9-3", "bytes=0-1,5-6", "bytes=-5", "lines=1-2", "bytes=x-"):
        assert (await regulator.client.get(link, headers={"Range": range_})).status_code == 422, range_
    wrong = await regulator.fill(page.form("/oversight/exports"), requester="bank", format="csv")
    assert wrong.status_code == 422


async def test_a_person_hands_out_a_reference(staff: Desk, person: Visitor) -> None:
    """It is shown once, leads a regulator to the person's entries, and ends when the person says so."""
    regulator = staff.at["regulator-1"]
    await recorded(person)
    page = await person.go("/references")
    answer = await person.fill(page.form("/references"), ("act", "make"))
    code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", answer.text)
    assert code
    assert code[0] not in (await person.go("/references")).html
    asking = (await regulator.go("/oversight/person")).form("/oversight/person")
    found = await regulator.fill(asking, reference=code[0])
    assert found.status_code == 200
    assert "A vault was opened" in found.text
    assert (await person.fill(page.form("/references"), ("act", "end"))).status_code == 200
    gone = await regulator.fill(asking, reference=code[0])
    assert gone.status_code == 422
    assert "There is no such reference" in gone.text


async def test_the_mandate_is_shown(staff: Desk) -> None:
    """What it covers and until when."""
    page = await staff.at["regulator-1"].go("/oversight/mandate")
    assert page.status == 200
    for words in ("The whole system", "Everywhere", "Export answers", "At the founding of the registry"):
        assert words in page.text


async def test_everybody_sees_what_is_hidden_and_how_much(visitor: Visitor) -> None:
    """Without signing in, as a page and for programs."""
    page = await visitor.go("/transparency")
    assert page.status == 200
    told = (await visitor.client.get("/v1/transparency")).json()
    assert told["unexplained"] == 0
    assert ("Nothing is hidden from anybody now." in page.text) == (told["hidden"] == [])
    assert all(each["authority"] in page.text for each in told["hidden"])
    assert len(told["months"]) == 12
    assert all(count is None or count == 0 or count >= 10 for each in told["series"] for count in each["counts"])


async def test_two_officers_give_a_mandate_on_their_page(staff: Desk) -> None:
    """The first proposes, may not agree alone, and a colleague may; what is missing is said beside the field."""
    first, second = staff.at["officer-1"], staff.at["officer-2"]
    page = await first.go("/desk/mandates")
    assert page.inputs <= page.labelled
    form = page.form("/desk/mandates")
    regulator = re.search(r"reg_[0-9a-f]{32}", page.html)
    assert regulator
    given = {"regulator": regulator[0], "reason": "The whole system for another year.", "valid_until": "2027-11-01"}
    wrong = await first.fill(form, ("power", "questions"), **(given | {"valid_until": "soon"}))
    assert wrong.status_code == 422
    every = [("power", code) for code in ("questions", "figures", "reach", "exports", "references", "measures")]
    assert (await first.fill(form, *every, **given)).status_code == 303
    page = await first.go("/desk/mandates")
    deciding = next(each for each in page.forms if each.action.startswith("/desk/mandates/mnd_"))
    alone = await first.fill(deciding, ("decision", "agree"))
    assert alone.status_code == 403
    assert "Somebody else must decide this" in alone.text
    theirs = (await second.go("/desk/mandates")).form(deciding.action)
    answer = await second.fill(theirs, ("decision", "decline"))
    assert answer.status_code == 303
