"""The pages: the public register for everybody, the desk for officers; in both languages."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.portal.visits import Page, Visitor
from tests.register.world import Place

REASON = "the source says the licence is gone"


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(place: Place) -> AsyncIterator[Visitor]:
    """Anybody with a browser in English."""
    async with place.edge.client(**{"Accept": "text/html", "Accept-Language": "en"}) as client:
        yield Visitor(place.edge, client)


async def test_searching_and_reading(place: Place, visitor: Visitor) -> None:
    """From the search to the organisation to its declaration."""
    page = await visitor.go("/organisations?item=health.conditions")
    assert "Lotus 100% Insurance" in page.text
    assert "Active Bank" not in page.text
    lotus = place.banks["Insurer"]
    assert f"/organisations/{lotus.req}" in page.links
    one = await visitor.go(f"/organisations/{lotus.req}")
    assert "Insurance supervision of Shanghai" in one.text
    declared = await visitor.go(f"/organisations/{lotus.req}/declarations/{lotus.dcl}")
    assert "health.conditions" in declared.text
    assert f"/v1/register/declarations/{lotus.dcl}/certificate" in declared.links


async def test_what_ended_is_shown_as_such(place: Place, visitor: Visitor) -> None:
    """With its state, what was done, and without a certificate."""
    for name, word in (("Revoked", "Revoked"), ("Surrendered", "Surrendered by the organisation")):
        bank = place.banks[name]
        assert word in (await visitor.go(f"/organisations/{bank.req}")).text
        declared = await visitor.go(f"/organisations/{bank.req}/declarations/{bank.dcl}")
        assert not any(link.endswith("/certificate") for link in declared.links)


async def test_another_organisations_declaration_is_not_there(place: Place, visitor: Visitor) -> None:
    """The address says whose it is, and that must be so."""
    path = f"/organisations/{place.banks['Active'].req}/declarations/{place.banks['Insurer'].dcl}"
    assert (await visitor.go(path)).status == 404


@pytest.mark.parametrize(
    "query", ["status=nonsense", "name=%3Cscript%3Ealert(1)%3C/script%3E", "item=' OR 1=1", "name=" + "x" * 500]
)
async def test_odd_questions_break_nothing(visitor: Visitor, query: str) -> None:
    """Shown again as text, found as nothing."""
    page = await visitor.go(f"/organisations?{query}")
    assert (page.status, page.inline) == (200, [])
    assert "<script>alert" not in page.html


async def test_every_page_is_whole(place: Place, visitor: Visitor) -> None:
    """Nothing inline, every input labelled, in both languages."""
    bank = place.banks["Suspended"]
    async with place.officer("lin.hai") as client:
        officer = Visitor(place.edge, client)
        visits = [(visitor, f"/organisations{path}") for path in ("", "/statuses", f"/{bank.req}")]
        visits += [(visitor, f"/organisations/{bank.req}/declarations/{bank.dcl}")]
        visits += [(officer, "/desk/requesters"), (officer, f"/desk/requesters/{bank.req}")]
        for who, path in visits:
            for language, html in (("en", "en-GB"), ("zh-CN", "zh-Hans-CN")):
                who.client.headers["Accept-Language"] = language
                page = await who.go(path)
                assert (page.status, page.lang, page.inline) == (200, html, []), path
                assert page.inputs <= page.labelled, path
    visitor.client.headers["Accept-Language"] = "en"


async def test_two_officers_on_the_pages(place: Place) -> None:
    """One suspends, sees that a colleague must confirm, and cannot do it; the colleague does."""
    bank = await place.bank("Paged Bank")
    path = f"/desk/requesters/{bank.req}"
    async with place.officer("lin.hai") as one, place.officer("ada.wong") as two:
        first, second = Visitor(place.edge, one), Visitor(place.edge, two)
        form = (await first.go(path)).form(f"{path}/measures")
        done = await first.fill(form, act="suspend", reason=REASON)
        assert done.headers["location"] == f"{path}?done=suspend"
        page = await second.go(path)
        assert "Suspended by one officer" in page.text
        assert REASON in page.text
        own = next(form for form in (await first.go(path)).forms if "/measures/msr_" in form.action)
        again = Page(await first.fill(own, ("decision", "agree"), reason="I agree with me"))
        assert (again.status, "Another officer must decide this" in again.text) == (403, True)
        decision = next(form for form in page.forms if "/measures/msr_" in form.action)
        await second.fill(decision, ("decision", "agree"), reason="seen it too")
        assert "seen it too" in (await first.go(path)).text
    assert str(await bank.state()) == "suspended"


async def test_a_form_that_is_wrong(place: Place) -> None:
    """Told beside the field, what was typed is kept, the language can be changed; nothing is done."""
    bank = await place.bank("Typo Bank")
    path = f"/desk/requesters/{bank.req}"
    async with place.officer("lin.hai") as client:
        officer = Visitor(place.edge, client)
        form = (await officer.go(path)).form(f"{path}/measures")
        for typed, field in (
            ({"act": "suspend", "reason": "no"}, "reason"),
            ({"act": "shorten", "reason": REASON, "until": "soon", "declaration": bank.dcl}, "until"),
            ({"act": "shorten", "reason": REASON, "until": "2027-01-01"}, "declaration"),
            ({"act": "abolish", "reason": REASON}, "act"),
        ):
            page = Page(await officer.fill(form, **typed))
            assert (page.status, f'id="e-{field}"' in page.html) == (422, True), typed
            assert typed["reason"] in page.html
            assert any(f"next=%2Fdesk%2Frequesters%2F{bank.req}" in link for link in page.links)
    assert str(await bank.state()) == "active"


async def test_only_vetting_officers_have_the_page(place: Place) -> None:
    """Another role is refused, another realm is sent to its door."""
    bank = place.banks["Active"]
    async with place.officer("zhou.min") as client:
        assert (await client.get(f"/desk/requesters/{bank.req}")).status_code == 403
    anonymous: httpx.AsyncClient
    async with place.edge.client(Accept="text/html") as anonymous:
        assert (await anonymous.get("/desk/requesters")).status_code in {303, 401}
