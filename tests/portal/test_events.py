"""Pages about events, standing approvals and deletion: for the organisation, the officer, the person, the regulator."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.api.edge import Edge
from tests.organisations.world import new_uscc
from tests.portal.test_organisation import Members
from tests.portal.visits import Desk, Page, Requester, Visitor

URL = "https://bank.example/events"
WHY = "Within the permit."


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def members(edge: Edge) -> AsyncIterator[Members]:
    """A bank of this file's own: its administrator, a member for keys, one who looks."""
    async with edge.client() as client:
        made = Members(edge, await Requester.vetted(edge, client, organisation__uscc=new_uscc()))
        await made.join("administrator", made.bank.application, made.bank.status_token)
        await made.invited("keys")
        await made.invited("audit")
        yield made
    for visitor in made.at.values():
        await visitor.client.aclose()


async def test_an_organisation_sets_its_address_and_tries_it(members: Members) -> None:
    """By whoever keeps the keys; who only looks sees it and changes nothing; what is no address is told."""
    keys = members.at["keys"]
    page = await keys.go("/organisation/events")
    form = next(each for each in page.forms if each.action.endswith("/event-endpoint"))
    wrong = Page(await keys.fill(form, url="http://bank.example/events"))
    assert (wrong.status, "must begin with https" in wrong.text) == (422, True)
    done = await keys.fill(form, url=URL)
    assert done.headers["location"] == "/organisation/events?done=made"
    page = await keys.go("/organisation/events")
    assert URL in page.text
    tried = await keys.fill(page.form("/organisation/events"))
    assert tried.headers["location"] == "/organisation/events?done=sent"
    assert "a test" in (await keys.go("/organisation/events?show=waiting")).text
    looking = await members.at["audit"].go("/organisation/events")
    assert URL in looking.text
    assert [each.action for each in looking.forms] == ["/sign-out"]
    assert (await keys.go("/organisation/deletion")).status == 200


async def test_from_approval_to_deletion(edge: Edge, bank: Requester, person: Visitor, staff: Desk) -> None:
    """An officer approves the permission as a whole, data leaves, the person stops and has it deleted, and sees it."""
    grant = await _shared(bank, person)
    waiting = await bank.bank.release(["identity.national_id"], key="standing")
    assert waiting.headers["retry-after"] == "60"
    path, officer = "/desk/releases/" + waiting.json()["release"], staff.at["officer-3"]
    page = await officer.go(path)
    unsure = Page(await officer.fill(page.form(path), ("decision", "refuse"), reason=WHY))
    assert (unsure.status, "Choose one to refuse." in unsure.text) == (422, True)
    allow = [each for each in page.forms if each.action == path][1]
    await officer.fill(allow, ceiling="2", days="3", reason=WHY)
    assert (await bank.bank.release(["identity.national_id"], key="standing")).status_code == 200
    desk = await officer.go("/desk")
    assert "1 of 2" in desk.text
    ending = next(each for each in desk.forms if each.action.startswith("/desk/standing/"))
    short = Page(await officer.fill(ending, reason="no"))
    assert (short.status, f'id="e-{ending.action.rpartition("/")[2]}"' in short.html) == (422, True)
    ended = await officer.fill(ending, reason=WHY)
    assert "The approval is ended." in (await officer.go(ended.headers["location"])).text
    assert (await bank.bank.release(["identity.national_id"], key="next")).status_code == 202
    stop = f"/grants/{grant}/withdraw"
    page = await person.go(f"{stop}?step=confirm")
    assert 'name="delete" value="yes" checked' in page.html
    await person.fill(page.form(stop), ("delete", "yes"), reason="")
    assert "It was ordered to delete" in (await person.go(f"{stop}?step=done")).text
    page = await person.go(f"/grants/{grant}")
    assert "Not answered yet" in page.text
    assert "Every order was answered in time." in (await staff.at["regulator-1"].go("/oversight/deletion")).text


async def _shared(bank: Requester, person: Visitor) -> str:
    address, pushed = await bank.ask()
    form = (await person.go(address)).form("/oauth/authorize")
    more = [("item", "identity.national_id"), ("sensitive_yes", "yes"), ("decision", "allow")]
    await bank.bank.redeem((await person.fill(form, *more)).headers["location"], pushed)
    page = await person.go("/grants")
    return next(link for link in page.links if link.startswith("/grants/gnt_")).split("/")[2]
