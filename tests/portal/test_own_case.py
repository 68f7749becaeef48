"""The applicant's own case on pages: questions answered, a refusal appealed against, nothing of others shown."""

from tests.api.edge import Edge, send
from tests.portal.visits import Desk, Page, Visitor
from tests.requesters.samples import application
from tests.vetting.confirming import confirming
from vault.ids import CaseId, new_uuid, parse
from vault.requesters.uscc import check_character
from vault.vetting.checking import run_checks

REASON = "The licence is missing."


async def handed_in(edge: Edge, visitor: Visitor, code: str) -> str:
    """An application, checked, whose token this browser keeps; the case's number without its prefix."""
    body = application(organisation__uscc=code + check_character(code))
    answer = (await visitor.client.post("/v1/applications", json=body)).json()
    form = (await visitor.go("/apply")).form("/apply/resume")
    told = await visitor.fill(form, application=answer["application"], token=answer["status_token"])
    assert told.status_code == 303, told.text
    await run_checks(edge.app.state.doors.database, confirming(), CaseId(parse("app", answer["application"])))
    return str(answer["application"][4:])


async def test_an_applicant_answers(edge: Edge, visitor: Visitor, staff: Desk) -> None:
    """What is asked, by nobody in particular; the answer stands in the officers' page."""
    case = await handed_in(edge, visitor, "91350100M00010077")
    page = await visitor.go("/apply/vetting")
    for shown in ("Business register", "Passed", "pivault-vetting=", "Risk score", "Nothing was asked."):
        assert shown in page.text
    assert "Evidence" not in page.text
    officer = staff.at["officer-1"].client
    question = {"question": "Which licence do you hold?"}
    assert (await send(officer, "POST", f"/v1/desk/cases/cas_{case}/questions", question)).status_code == 201
    page = await visitor.go("/apply/vetting")
    assert "Which licence do you hold?" in page.text
    assert "林海" not in page.html
    bad = Page(await visitor.fill(page.form("/apply/vetting/answer"), answer="?"))
    assert (bad.status, "must have 4 to 1000 characters" in bad.text) == (422, True)
    done = await visitor.fill(page.form("/apply/vetting/answer"), answer="Number 12 of 2024.")
    assert done.headers["location"] == "/apply/vetting?done=answered"
    assert "Number 12 of 2024." in (await staff.at["officer-1"].go(f"/desk/cases/cas_{case}")).text
    again = Page(await visitor.fill(page.form("/apply/vetting/answer"), answer="Number 13 of 2024."))
    assert again.status == 409


async def test_an_applicant_appeals(edge: Edge, visitor: Visitor, staff: Desk) -> None:
    """After a refusal, once; officers see what is said."""
    case = await handed_in(edge, visitor, "91350100M00010088")
    assert "/apply/vetting/appeal" not in [form.action for form in (await visitor.go("/apply/vetting")).forms]
    decision = {"decision": "refuse", "reason": REASON}
    path = f"/v1/desk/cases/cas_{case}/decisions"
    assert (await send(staff.at["officer-1"].client, "POST", path, decision)).status_code == 200
    page = await visitor.go("/apply/vetting")
    short = Page(await visitor.fill(page.form("/apply/vetting/appeal"), grounds="No!"))
    assert (short.status, 'id="e-grounds"' in short.html) == (422, True)
    grounds = "The licence was on page four of the document that we handed in."
    done = await visitor.fill(page.form("/apply/vetting/appeal"), grounds=grounds)
    assert done.headers["location"] == "/apply/vetting?done=appealed"
    assert grounds in (await visitor.go("/apply/vetting")).text
    twice = Page(await visitor.fill(page.form("/apply/vetting/appeal"), grounds=grounds))
    assert (twice.status, "An appeal is not possible" in twice.text) == (409, True)
    row = (await staff.at["officer-1"].client.get("/v1/desk/cases?kind=appeal")).json()["cases"][-1]
    assert grounds in (await staff.at["officer-1"].go(f"/desk/cases/{row['case']}")).text


async def test_without_a_token_there_is_no_case(edge: Edge, visitor: Visitor) -> None:
    """Nothing is shown, nothing is taken in: the browser is led to where one begins."""
    for cookie in ("", f"app_{new_uuid().hex}.x", "rubbish"):
        visitor.client.cookies.set("application", cookie)
        answer = await visitor.client.get("/apply/vetting")
        assert (answer.status_code, answer.headers["location"]) == (303, "/apply")


async def test_the_pages_of_vetting_are_whole(edge: Edge, visitor: Visitor, staff: Desk) -> None:
    """Nothing inline, every input labelled, in both languages."""
    case = await handed_in(edge, visitor, "91350100M00010099")
    question = {"question": "Which licence do you hold?"}
    await send(staff.at["officer-1"].client, "POST", f"/v1/desk/cases/cas_{case}/questions", question)
    for language, html in (("en", "en-GB"), ("zh-CN", "zh-Hans-CN")):
        visitor.client.headers["Accept-Language"] = language
        for path in ("/vetting", "/apply/vetting"):
            page = await visitor.go(path)
            assert (page.status, page.lang, page.inline) == (200, html, []), path
            assert page.inputs <= page.labelled, path
