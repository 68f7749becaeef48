"""A regulator's pages of cases: opened, filled from an answer, decided by two; and who may not."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio

from tests.api.edge import PASSWORD, Edge, send
from tests.portal.visits import Desk, Page, Requester, Visitor
from vault import ids
from vault.ids import StaffId
from vault.registry import Founder, Terms, add_regulator, decide_mandate, propose_mandate
from vault.registry.mandates import POWERS
from vault.signin import OFFICER, Attempt, Holder, prepare, sign_in

WHY = "as the attached entries show"
HOME = "/oversight/cases"


class Supervisors:
    """Two more regulators with browsers: one of another unit, one of the first one's; and how mandates are given."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.db = edge.app.state.doors.database
        self.doorway = edge.app.state.doors.doorway
        self.at: dict[str, Visitor] = {}

    async def officers(self) -> tuple[Holder, Holder]:
        """Two who may let a regulator in."""
        return (await self._signed_in("officer-1"), await self._signed_in("officer-2"))

    async def admit(self, login: str, unit: str) -> None:
        """A regulator of the office, signed in with a browser."""
        candidate = Founder(
            "regulator", login, "监督办公室", unit, ["oversight"], login, await prepare(self.doorway, PASSWORD)
        )
        await self.db.run(add_regulator, candidate, by=await self.officers())
        client = self.edge.client(**{"Accept": "text/html", "Accept-Language": "en"})
        body = {"realm": "regulator", "login": login, "password": PASSWORD}
        assert (await send(client, "POST", "/v1/sessions", body)).status_code == 201
        self.at[login] = Visitor(self.edge, client)

    async def narrow(self, login: str, **terms: list[str]) -> None:
        """Two officers narrow a regulator's mandate."""
        first, second = await self.officers()
        told = (await self.at[login].client.get("/v1/me")).json()
        who = StaffId(ids.parse(ids.REGULATOR, told["id"]))
        given = {"sectors": None, "regions": None} | terms
        until = self.db.clock.now() + timedelta(days=30)
        wanted = Terms(who, **given, powers=POWERS, valid_until=until, reason="As the law says.")
        proposed = await self.db.run(propose_mandate, first, wanted)
        await self.db.run(decide_mandate, second, proposed.id, agree=True)

    async def _signed_in(self, login: str) -> Holder:
        return (await sign_in(self.db, self.doorway, Attempt(OFFICER, login, PASSWORD, "127.0.0.1", None))).holder


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def supervisors(edge: Edge) -> AsyncIterator[Supervisors]:
    """Admitted once for this file."""
    made = Supervisors(edge)
    await made.admit("inquiry-second", "二处")
    await made.admit("inquiry-neighbour", "regulator-1")
    yield made
    for visitor in made.at.values():
        await visitor.client.aclose()


async def opened(regulator: Visitor, **typed: str) -> str:
    """The address of a new case."""
    page = await regulator.go(HOME)
    answer = await regulator.fill(page.form(HOME), **({"title": "Sold to advertisers"} | typed))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("?")[0]


async def requester_of(person: Visitor, bank: Requester) -> tuple[str, str]:
    """A grant and whose it is."""
    grant = await person.allow(bank)
    return grant, str((await person.client.get(f"/v1/me/grants/{grant}")).json()["requester"])


def acting(page: Page, path: str, act: str) -> dict[str, str]:
    """What the form of a case's page with this button sends, the button included."""
    form = next(each for each in page.forms if each.action == path and ("act", act) in each.buttons)
    return dict(form.fields) | {"act": act}


async def test_from_an_answer_to_a_decision(
    edge: Edge, person: Visitor, bank: Requester, staff: Desk, supervisors: Supervisors
) -> None:
    """Entries are ticked in an answer and attached with why; a note and a document too; one proposes, a colleague of
    the same unit is refused, one of another unit closes; a measure names the case."""
    first, second = staff.at["regulator-1"], supervisors.at["inquiry-second"]
    grant, requester = await requester_of(person, bank)
    await edge.recorded()
    case = await opened(first, requester=requester)
    answer = await first.go(f"/oversight?ask=yes&requester={requester}&event=grant.given")
    assert answer.inputs <= answer.labelled
    form = answer.form("/oversight/evidence")
    ticks = [box[:2] for box in form.boxes]
    assert ticks
    attached = await first.fill(form, *ticks[:2], ("case", case.rpartition("/")[2]), text="how it began")
    assert attached.headers["location"] == f"{case}?done=attached"
    digest = "ab" * 32
    for act, typed in (
        ("note", {"text": "They deny it."}),
        ("document", {"text": "contract.pdf", "digest": digest}),
        ("propose", {"decision": "warned", "text": WHY}),
    ):
        page = await first.go(case)
        assert page.inputs <= page.labelled | {f"{each}-text" for each in ("note", "document", "propose")}
        done = await first.client.post(case, data=acting(page, case, act) | typed)
        assert done.status_code == 303, done.text
    page = await first.go(case)
    assert all(words in page.text for words in ("how it began", "They deny it.", digest, "You proposed this decision"))
    assert not any(("act", "close") in each.buttons for each in page.forms)
    neighbour = supervisors.at["inquiry-neighbour"]
    alone = await neighbour.client.post(case, data=acting(await neighbour.go(case), case, "close"))
    assert alone.status_code == 403
    assert "You are of the same unit" in alone.text
    link = next(each for each in page.links if each.startswith("/oversight/powers?case="))
    ordering = (await first.go(link.replace("&amp;", "&"))).form("/oversight/powers")
    typed = {"act": "suspend", "target": grant, "reason_code": "complaint", "reason": WHY}
    assert (await first.fill(ordering, **typed)).status_code == 303
    assert "A grounded complaint" in (await second.go(case)).text
    closed = await second.client.post(case, data=acting(await second.go(case), case, "close"))
    assert closed.headers["location"] == f"{case}?done=closed"
    over = await first.go(f"{case}?done=closed")
    assert "The case is decided." in over.text
    assert not any(each.action == case for each in over.forms)
    assert "told to correct it" in (await first.go(HOME)).text


async def test_what_is_wrong_stands_beside_its_field(staff: Desk) -> None:
    """Of a case's title and number, of what is attached, of a decision; nothing is lost of what was typed."""
    first = staff.at["regulator-1"]
    form = (await first.go(HOME)).form(HOME)
    for typed, where in (({"title": "No"}, "title"), ({"title": "Sold on", "requester": "bank"}, "requester")):
        page = Page(await first.fill(form, **typed))
        assert (page.status, f'id="e-{where}"' in page.html, typed["title"] in page.html) == (422, True, True)
    case = await opened(first)
    page = await first.go(case)
    for act, typed, where in (
        ("document", {"text": "contract.pdf", "digest": "abc"}, "e-document-digest"),
        ("propose", {"decision": "warned", "text": "short"}, "e-propose-text"),
        ("propose", {"decision": "guilty", "text": WHY}, "e-decision"),
        ("note", {"text": ""}, "e-note-text"),
    ):
        wrong = Page(await first.client.post(case, data=acting(page, case, act) | typed))
        assert (wrong.status, f'id="{where}"' in wrong.html) == (422, True), act
    early = await first.client.post(case, data=acting(page, case, "note") | {"act": "close"})
    assert early.status_code == 409
    assert (await first.client.post(case, data=acting(page, case, "note") | {"act": "burn"})).status_code == 404


async def test_nothing_is_attached_by_halves(edge: Edge, staff: Desk) -> None:
    """Without a tick, a case or a reason the page says so; the ticks stay."""
    first = staff.at["regulator-1"]
    case = (await opened(first)).rpartition("/")[2]
    await edge.recorded()
    form = (await first.go("/oversight?ask=yes")).form("/oversight/evidence")
    nothing = Page(await first.fill(form, ("case", case), text=WHY))
    assert (nothing.status, "Tick at least one entry." in nothing.text) == (422, True)
    for more, where in (((("entry", "0"),), "e-case"), ((("entry", "0"), ("case", case)), "e-text")):
        page = Page(await first.fill(form, *more, text=""))
        assert (page.status, f'id="{where}"' in page.html) == (422, True)
        assert ("entry", "0", True) in page.form("/oversight/evidence").boxes
    assert "Nothing is attached yet." in (await first.go(f"{HOME}/{case}")).text


async def test_a_mandate_bounds_the_pages_too(
    edge: Edge, person: Visitor, bank: Requester, staff: Desk, supervisors: Supervisors
) -> None:
    """A case about an organisation beyond the sectors is neither opened nor listed nor shown nor changed."""
    first, second = staff.at["regulator-1"], supervisors.at["inquiry-second"]
    _, requester = await requester_of(person, bank)
    case = await opened(first, requester=requester, title="Beyond the sectors")
    await supervisors.narrow("inquiry-second", sectors=["health"])
    page = await second.go(HOME)
    assert "Beyond the sectors" not in page.text
    refused = Page(await second.fill(page.form(HOME), title="Mine too", requester=requester))
    assert (refused.status, "no sector of your mandate" in refused.text) == (403, True)
    assert (await second.client.get(case)).status_code == 403
    body = acting(await first.go(case), case, "note") | {"text": "what we saw"}
    body["_csrf_token"] = dict(page.form(HOME).fields)["_csrf_token"]
    assert (await second.client.post(case, data=body)).status_code == 403
    await edge.recorded()
    found = await first.client.get("/v1/oversight/entries?event=inquiry.attempt_refused&limit=50")
    assert found.text.count("other_sector") >= 3
    await supervisors.narrow("inquiry-second")


async def test_cases_are_for_regulators(staff: Desk, person: Visitor) -> None:
    """Officers and persons are led to another door; without the form's token nothing happens."""
    case = await opened(staff.at["regulator-1"])
    for visitor in (staff.at["officer-1"], person):
        assert (await visitor.client.get(case)).status_code in {303, 401, 403}
    for path in (HOME, case, "/oversight/evidence"):
        answer = await staff.at["regulator-1"].client.post(path, data={"act": "note", "text": "no token"})
        assert answer.status_code == 403
    assert re.search("No[a-z]* is attached yet", (await staff.at["regulator-1"].go(case)).text)
