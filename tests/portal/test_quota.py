"""The officers' page of a requester's quota: lowered by one, raised by two, told beside the field what is wrong."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.api.edge import Edge
from tests.organisations.world import new_uscc
from tests.portal.visits import Desk, Page, Requester, Visitor

WHY = "as their permit says"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own(edge: Edge) -> AsyncIterator[Requester]:
    """A requester of this file's own."""
    async with edge.client() as client:
        yield await Requester.vetted(edge, client, organisation__uscc=new_uscc())


async def address(officer: Visitor, bank: Requester, person: Visitor) -> str:
    """Where the quota of this requester stands, found by links alone."""
    grant = await person.allow(bank)
    told = (await person.client.get(f"/v1/me/grants/{grant}")).json()
    page = await officer.go(f"/desk/requesters/{told['requester']}")
    return next(each for each in page.links if each.endswith("/quota"))


async def test_a_quota_is_lowered_by_one_and_raised_by_two(own: Requester, person: Visitor, staff: Desk) -> None:
    """Above the default nobody agrees to their own; what is wrong stands beside its field and changes nothing."""
    first, second = staff.at["officer-1"], staff.at["officer-2"]
    path = await address(first, own, person)
    page = await first.go(path)
    assert page.inputs <= page.labelled
    assert "(the default)" in page.text
    form = page.form(path)
    for typed, where in (({"per_day": "many", "reason": WHY}, "per_day"), ({"per_day": "5", "reason": "x"}, "reason")):
        wrong = Page(await first.fill(form, ("act", "set"), **typed))
        assert (wrong.status, f'id="e-{where}"' in wrong.html) == (422, True)
    lowered = await first.fill(form, ("act", "set"), per_day="500", reason=WHY)
    assert lowered.headers["location"] == f"{path}?done=set"
    assert "500" in (await first.go(path)).text
    raised = await first.fill(form, ("act", "set"), per_day="900000000", reason=WHY)
    assert raised.headers["location"] == f"{path}?done=proposed"
    token = form.fields[:1]
    alone = Page(await first.client.post(path, data=dict(token) | {"act": "agree", "reason": WHY}))
    assert (alone.status, "Proposed: 900000000 a day" in alone.text) == (403, True)
    theirs = dict((await second.go(path)).form(path).fields) | {"act": "agree", "reason": "no"}
    short = Page(await second.client.post(path, data=theirs))
    assert (short.status, 'id="e-d-reason"' in short.html) == (422, True)
    agreed = await second.client.post(path, data=theirs | {"reason": WHY})
    assert agreed.headers["location"] == f"{path}?done=decided"
    assert "900000000" in (await second.go(path)).text
    assert (await second.client.post(path, data=theirs | {"reason": WHY})).status_code == 409
    assert (await second.client.post(path, data=theirs | {"act": "burn"})).status_code == 422


async def test_only_who_vets_sees_it(own: Requester, person: Visitor, staff: Desk) -> None:
    """Not the officer for releases, not a regulator; without the form's token nothing is set."""
    path = await address(staff.at["officer-1"], own, person)
    assert (await staff.at["officer-3"].client.get(path)).status_code == 403
    assert (await staff.at["regulator-1"].client.get(path)).status_code in {303, 401}
    body = {"act": "set", "per_day": "1", "reason": WHY}
    assert (await staff.at["officer-1"].client.post(path, data=body)).status_code == 403
