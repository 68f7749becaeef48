"""The desks: officers decide with reasons, regulators ask and prove."""

from uuid import UUID

import httpx

from tests.api.edge import Edge
from tests.portal.visits import CONTACT, Desk, Page, Requester, Visitor
from tests.requesters.samples import application
from tests.vetting.confirming import confirming
from vault import ids
from vault.ids import CaseId
from vault.requesters.tables import Client
from vault.requesters.uscc import check_character
from vault.vetting.checking import run_checks
from vault.watching.tables import WatchFinding

REASON = "The papers are in order."


async def applied(edge: Edge, code: str) -> str:
    """The case of a fresh application, checked; ``code``: the first 17 characters of its social credit code."""
    async with edge.client() as client:
        wanted = application(organisation__uscc=code + check_character(code))
        answer = await client.post("/v1/applications", json=wanted)
        assert answer.status_code == 201, answer.text
        made = str(answer.json()["application"])
        await run_checks(edge.app.state.doors.database, confirming(), CaseId(UUID(hex=made[4:])))
        return f"cas_{made[4:]}"


async def case_path(edge: Edge, code: str) -> str:
    """The address of a fresh application's case."""
    return f"/desk/cases/{await applied(edge, code)}"


async def test_two_officers_let_a_requester_in(edge: Edge, staff: Desk) -> None:
    """Side by side with the catalogue; the same officer twice is refused on the page."""
    path = await case_path(edge, "91350100M00010011")
    first, second = staff.at["officer-1"], staff.at["officer-2"]
    page = await first.go(path)
    assert "Nobody has decided yet." in page.text
    assert "Full name" in page.text
    answer = await first.fill(page.form(path), ("decision", "approve"), reason=REASON)
    assert answer.headers["location"] == f"{path}?done=decided"
    again = Page(await first.fill(page.form(path), ("decision", "approve"), reason=REASON))
    assert (again.status, "You have decided this application already" in again.text) == (403, True)
    await second.fill((await second.go(path)).form(path), ("decision", "approve"), reason=REASON)
    assert "Approved" in (await second.go(path)).text


async def test_a_decision_needs_a_reason(edge: Edge, staff: Desk) -> None:
    """Told beside the field; nothing is decided."""
    path = await case_path(edge, "91350100M00010022")
    officer = staff.at["officer-1"]
    form = (await officer.go(path)).form(path)
    page = Page(await officer.fill(form, ("decision", "refuse"), reason="no"))
    assert (page.status, 'id="e-reason"' in page.html) == (422, True)
    assert "Nobody has decided yet." in (await officer.go(path)).text
    odd = Page(await officer.fill(form, ("decision", "maybe"), reason=REASON))
    assert odd.status == 422


async def test_one_refusal_is_enough(edge: Edge, staff: Desk) -> None:
    """The applicant reads the reason, and no second officer is asked."""
    path = await case_path(edge, "91350100M00010033")
    officer = staff.at["officer-2"]
    await officer.fill(
        (await officer.go(path)).form(path), ("decision", "refuse"), reason="The code is somebody else's."
    )
    page = await staff.at["officer-1"].go(path)
    assert "The code is somebody else's." in page.text
    assert [form.action for form in page.forms] == ["/sign-out"]


async def test_roles_decide_what_is_shown(staff: Desk) -> None:
    """Vetting and releases are different work; the pages of the other are refused."""
    assert "Vetting" in (await staff.at["officer-1"].go("/desk")).text
    desk = await staff.at["officer-3"].go("/desk")
    assert "Sensitive releases waiting" in desk.text
    assert "Vetting" not in desk.text
    assert (await staff.at["officer-1"].client.get("/desk/releases/rel_" + "0" * 32)).status_code == 403


async def test_a_sensitive_release_waits_for_its_officer(person: Visitor, bank: Requester, staff: Desk) -> None:
    """The officer sees who asks for what and why, and nothing of the person."""
    address, pushed = await bank.ask()
    form = (await person.go(address)).form("/oauth/authorize")
    more = [("item", "identity.national_id"), ("sensitive_yes", "yes"), ("decision", "allow")]
    answer = await person.fill(form, *more)
    await bank.bank.redeem(answer.headers["location"], pushed)
    waiting = await bank.bank.release(["identity.national_id"], key="pages")
    assert waiting.status_code == 202
    path = "/desk/releases/" + waiting.json()["release"]
    officer = staff.at["officer-3"]
    assert path in (await officer.go("/desk")).links
    page = await officer.go(path)
    for secret in (person.sent["name"], person.sent["national_id"]["number"], CONTACT["email"], "psn_", "gnt_"):
        assert secret not in page.html
    await officer.fill(page.form(path), ("decision", "approve"), reason=REASON)
    assert (await bank.bank.release(["identity.national_id"], key="pages")).status_code == 200


async def test_a_regulator_asks_and_proves(edge: Edge, person: Visitor, bank: Requester, staff: Desk) -> None:
    """By event and organisation; every entry leads to a receipt that holds."""
    await person.allow(bank)
    await edge.recorded()
    regulator = staff.at["regulator-1"]
    requester = (await person.client.get("/v1/me/grants")).json()["grants"][0]["requester"]
    page = await regulator.go(f"/oversight?ask=yes&event=grant.given&requester={requester}")
    assert "A person allowed sharing" in page.text
    assert bank.name in page.text
    entry = await regulator.go(next(link for link in page.links if link.startswith("/oversight/entries/")))
    assert "The receipt holds" in entry.text
    for secret in (person.sent["name"], "psn_", "gnt_"):
        assert secret not in page.html + entry.html


async def test_a_question_that_makes_no_sense_is_told(staff: Desk) -> None:
    """Beside its field."""
    regulator = staff.at["regulator-1"]
    for query, field in (("requester=psn_1", "requester"), ("from=yesterday", "from"), ("to=99999-01-01T00:00", "to")):
        answer = await regulator.client.get(f"/oversight?ask=yes&{query}")
        assert (answer.status_code, f'id="e-{field}"' in answer.text) == (422, True)
    nothing = await regulator.go("/oversight?ask=yes&purpose=no.such.purpose")
    assert "No entry fits this question." in nothing.text


async def test_every_question_is_an_entry(edge: Edge, staff: Desk) -> None:
    """Asking leaves a trace, also when nothing is found."""
    regulator = staff.at["regulator-1"]

    async def asked() -> int:
        await edge.recorded()
        found = await regulator.client.get("/v1/oversight/entries?event=query.made&limit=500")
        return len(found.json()["entries"])

    before = await asked()
    await regulator.go("/oversight?ask=yes&purpose=nothing")
    assert await asked() > before


async def test_staff_pages_are_whole(edge: Edge, staff: Desk) -> None:
    """Nothing inline, every input labelled, in both languages."""
    application_path = await case_path(edge, "91350100M00010044")
    visits = [("officer-1", "/desk"), ("officer-1", application_path), ("regulator-1", "/oversight?ask=yes")]
    for login, path in visits:
        for language, html in (("en", "en-GB"), ("zh-CN", "zh-Hans-CN")):
            client: httpx.AsyncClient = staff.at[login].client
            client.headers["Accept-Language"] = language
            page = await staff.at[login].go(path)
            assert (page.status, page.lang, page.inline) == (200, html, []), path
            assert page.inputs <= page.labelled, path


async def test_a_case_is_worked_on_at_the_desk(edge: Edge, staff: Desk) -> None:
    """Checks with their evidence, a question that stops approval, and the queue by kind."""
    path = await case_path(edge, "91350100M00010055")
    first = staff.at["officer-1"]
    page = await first.go(path)
    for shown in ("Business register", "Passed", "Evidence", "Exempt", "Risk score", "Nothing was asked."):
        assert shown in page.text
    checked = await first.fill(page.form(f"{path}/checks"))
    assert checked.headers["location"] == f"{path}?done=checked"
    bad = Page(await first.fill(page.form(f"{path}/questions"), question="?"))
    assert (bad.status, 'id="e-question"' in bad.html) == (422, True)
    await first.fill(page.form(f"{path}/questions"), question="Which licence do you hold?")
    waiting = Page(await first.fill(page.form(path), ("decision", "approve"), reason=REASON))
    assert (waiting.status, "A question to the applicant is still open" in waiting.text) == (409, True)
    assert "Which licence do you hold?" in waiting.text
    assert path in (await first.go("/desk?kind=application")).links
    assert path not in (await first.go("/desk?kind=renewal")).links
    assert "No cases here." in (await first.go("/desk?kind=appeal&show=decided")).text


async def test_an_address_of_an_application_leads_to_its_case(edge: Edge, staff: Desk) -> None:
    """What was linked before still leads somewhere."""
    path = await case_path(edge, "91350100M00010066")
    answer = await staff.at["officer-1"].client.get(f"/desk/applications/app_{path[-32:]}")
    assert (answer.status_code, answer.headers["location"]) == (303, path)


async def test_what_the_watcher_found_is_looked_into(edge: Edge, staff: Desk, bank: Requester) -> None:
    """The page explains its rules, shows who, why and with which figures, and takes what came of it."""
    officer = staff.at["officer-1"]
    assert "Nothing was found." in (await officer.go("/desk/watch")).text
    database = edge.app.state.doors.database
    async with database.begin() as session:
        client = await session.get(Client, ids.parse(ids.CLIENT, bank.bank.client_id))
        finding = WatchFinding(
            requester_id=client.requester_id,
            id=ids.new_uuid(),
            score=80,
            outcome="throttled",
            findings=[{"rule": "sequential-guesses", "points": 30, "figures": {"guesses_last_hour": 25}}],
            at=session.now,
        )
        session.add(finding)
    requester = ids.public(ids.REQUESTER, finding.requester_id)
    page = await officer.go("/desk/watch")
    assert all(words in page.text for words in ("Slowed down", "80 points", "Guesses", "25 guesses in an hour"))
    path = f"/desk/requesters/{requester}/watch/{ids.public(ids.FINDING, finding.id)}"
    wrong = Page(await officer.fill(page.form(path), reason="no"))
    assert (wrong.status, f'aria-describedby="e-{ids.public(ids.FINDING, finding.id)}"' in wrong.html) == (422, True)
    answer = await officer.fill(page.form(path), reason="Their new client was being tried.")
    assert answer.headers["location"] == "/desk/watch?done=yes"
    assert "Nothing was found." in (await officer.go("/desk/watch")).text
    assert "Their new client was being tried." in (await officer.go("/desk/watch?show=closed")).text
