"""A person's pages: sections, sharing, who saw what."""

import re

import pytest

from tests.api.edge import Edge, send
from tests.portal.visits import CONTACT, Page, Requester, Visitor


async def test_home_shows_sections_sharing_and_events(person: Visitor) -> None:
    """What there is, who may see it, what happened."""
    await person.edge.recorded()
    page = await person.go("/home")
    assert {f"/sections/{name}" for name in ("identity", "contact", "health")} <= set(page.links)
    assert "Nobody. You have allowed nothing" in page.text
    assert "You changed your information" in page.text


async def test_a_section_is_changed_on_its_page(person: Visitor) -> None:
    """Shown, opened in a form, saved as a new version; the old one stays in the history."""
    form = (await person.go("/sections/contact?edit=yes")).form("/sections/contact")
    assert dict(form.fields)["contact.email"] == CONTACT["email"]
    saved = await person.fill(form, **{"contact.email": "new@example.com"})
    assert saved.headers["location"] == "/sections/contact?done=saved"
    page = await person.go(saved.headers["location"])
    assert "Saved." in page.text
    assert "new@example.com" in page.text
    earlier = await person.go("/sections/contact?version=1")
    assert CONTACT["email"] in earlier.text


async def test_a_first_version_is_filled_in_too(person: Visitor) -> None:
    """A section that was empty, with a group in it."""
    form = (await person.go("/sections/employment?edit=yes")).form("/sections/employment")
    await person.fill(form, **{"employment.employer": "海淀软件", "employment.monthly_income.amount": "23000"})
    document = (await person.client.get("/v1/me/sections/employment")).json()["document"]
    assert document == {"employer": "海淀软件", "monthly_income": {"amount": 23000, "currency": "CNY"}}


async def test_a_wrong_field_is_told_beside_it(person: Visitor) -> None:
    """Nothing is saved, everything typed is kept."""
    form = (await person.go("/sections/contact?edit=yes")).form("/sections/contact")
    page = Page(await person.fill(form, **{"contact.phone_number": "138", "contact.email": "kept@example.com"}))
    assert page.status == 422
    assert 'id="e-contact.phone_number"' in page.html
    assert dict(page.form("/sections/contact").fields)["contact.email"] == "kept@example.com"
    assert (await person.client.get("/v1/me/sections/contact")).headers["etag"] == '"1"'


async def test_two_windows_do_not_overwrite_each_other(person: Visitor) -> None:
    """Who saves second is told, and loses nothing."""
    first = (await person.go("/sections/contact?edit=yes")).form("/sections/contact")
    await person.fill(first, **{"contact.email": "first@example.com"})
    page = Page(await person.fill(first, **{"contact.email": "second@example.com"}))
    assert page.status == 412
    assert dict(page.form("/sections/contact").fields)["contact.email"] == "second@example.com"
    assert (await person.client.get("/v1/me/sections/contact")).json()["document"]["email"] == "first@example.com"


async def test_what_a_source_confirmed_says_so(person: Visitor) -> None:
    """Name and number, by whom and when."""
    page = await person.go("/sections/identity")
    assert "confirmed by register" in page.text


async def test_sharing_is_seen_and_stopped(person: Visitor, bank: Requester) -> None:
    """Review, confirm, done: from the card to the end by links and one form."""
    grant = await person.allow(bank)
    page = await person.go("/grants")
    assert bank.name in page.text
    assert "Full name · in full" in page.text
    details = await person.go(f"/grants/{grant}")
    assert "Nothing was read yet." in details.text
    review = await person.go(f"/grants/{grant}/withdraw")
    assert "The loan cannot be assessed." in review.text
    confirm = await person.go(f"/grants/{grant}/withdraw?step=confirm")
    assert f"Stop sharing with {bank.name}" in confirm.text
    done = await person.fill(confirm.form(f"/grants/{grant}/withdraw"), ("reason", "I moved elsewhere"))
    end = await person.go(done.headers["location"])
    assert "In effect since" in end.text
    assert "Stopped" in (await person.go("/grants?show=withdrawn")).text
    assert (await person.client.get(f"/v1/me/grants/{grant}")).json()["reason"] == "I moved elsewhere"


async def test_a_stopped_grant_is_not_stopped_again(person: Visitor, bank: Requester) -> None:
    """The pages of the flow lead to its end."""
    grant = await person.allow(bank)
    await send(person.client, "POST", f"/v1/me/grants/{grant}/withdrawal", {})
    assert "In effect since" in (await person.go(f"/grants/{grant}/withdraw?step=confirm")).text
    assert (await person.client.get(f"/grants/{grant}/withdraw?step=elsewhere")).status_code == 200


async def test_who_saw_what_can_be_verified(person: Visitor, bank: Requester) -> None:
    """Every line leads to its entry, and the page says whether its receipt holds."""
    await person.allow(bank)
    await person.edge.recorded()
    page = await person.go("/activity")
    assert "None is missing." in page.text
    assert "You allowed sharing" in page.text
    entry = await person.go(next(link for link in page.links if re.fullmatch(r"/activity/\d+", link)))
    assert "The receipt holds" in entry.text
    assert any(link.endswith("/receipt") for link in entry.links)


async def test_somebody_else_s_pages_are_absent(edge: Edge, person: Visitor, bank: Requester) -> None:
    """Grants and entries of others look like none."""
    grant = await person.allow(bank)
    await edge.recorded()
    index = (await person.client.get("/v1/me/entries")).json()["entries"][0]["index"]
    async with edge.client(Accept="text/html") as client:
        other = Visitor(edge, client)
        await other.settle()
        for path in (f"/grants/{grant}", f"/grants/{grant}/withdraw", f"/activity/{index}", "/activity/0"):
            assert (await other.client.get(path)).status_code == 404
        form = (await other.go("/home")).form("/sign-out")
        form.action = f"/grants/{grant}/withdraw"
        assert (await other.fill(form)).status_code == 404
    assert (await person.client.get(f"/v1/me/grants/{grant}")).json()["status"] == "active"


@pytest.mark.parametrize("query", ["before=x", "before=-1", "version=0", "version=x", "show=other"])
async def test_odd_queries_break_nothing(person: Visitor, query: str) -> None:
    """They are ignored or absent."""
    for path in ("/activity", "/sections/contact", "/grants"):
        assert (await person.client.get(f"{path}?{query}")).status_code in {200, 404}


async def test_every_page_of_a_person_is_whole(person: Visitor, bank: Requester) -> None:
    """Nothing inline, every input labelled, in both languages."""
    grant = await person.allow(bank)
    paths = ["/home", "/grants", f"/grants/{grant}", f"/grants/{grant}/withdraw?step=confirm", "/activity"]
    paths += [f"/sections/{name}?edit=yes" for name in ("identity", "finance", "health", "preferences")]
    for language, html in (("en", "en-GB"), ("zh-CN", "zh-Hans-CN")):
        person.client.headers["Accept-Language"] = language
        for path in paths:
            page = await person.go(path)
            assert (page.status, page.lang, page.inline) == (200, html, []), path
            assert page.inputs <= page.labelled, path
