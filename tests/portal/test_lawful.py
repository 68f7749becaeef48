"""Access by law on pages: proposed with its instrument, named by a court; what is wrong is said beside its field."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.portal.visits import Desk, Page, Visitor
from vault.crypto.canonical import b64
from vault.crypto.sealing import new_box_pair

INSTRUMENT = {"document": ("order.pdf", b"%PDF-1.7 the order", "application/pdf")}


def typed(person: Visitor, **changes: str) -> dict[str, Any]:
    """An emergency about this person, as somebody fills it in."""
    public, _ = new_box_pair()
    china = datetime.now(UTC) + timedelta(hours=8)
    return {
        "basis": "missing-person",
        "authority": "上海市公安局",
        "number": "(2026)沪公12号",
        "issued_on": "2026-01-20",
        "recipient": "Search team",
        "recipient_key": b64(public),
        "person": person.sent["national_id"]["number"],
        "item": ["contact.phone_number", "identity.name"],
        "form.contact.phone_number": "masked",
        "form.identity.name": "raw",
        "valid_until": f"{china + timedelta(hours=20):%Y-%m-%dT%H:%M}",
        "openings": "1",
        "reveal_at": f"{china + timedelta(days=10):%Y-%m-%d}",
        "sure": "yes",
        **changes,
    }


async def propose(visitor: Visitor, home: str, body: dict[str, Any], files: Any = INSTRUMENT) -> httpx.Response:
    """Fill in the form and send it, with its file."""
    page = await visitor.go(f"{home}/new")
    assert not page.inline
    token = dict(page.form(home).fields)["_csrf_token"]
    return await visitor.client.post(home, data=body | {"_csrf_token": token}, files=files)


async def test_from_the_instrument_to_the_court(person: Visitor, staff: Desk) -> None:
    """One proposes with the file, the other signs; both name the court's decision, and then it counts."""
    officer, regulator = staff.at["officer-1"], staff.at["regulator-1"]
    answer = await propose(regulator, "/oversight/lawful", typed(person))
    assert (answer.status_code, answer.headers.get("location")) == (303, "/oversight/lawful?done=proposed"), answer.text
    assert "The other authority must sign it too" in (await regulator.go("/oversight/lawful?done=proposed")).text
    found = (await officer.client.get("/v1/desk/lawful")).json()["orders"][0]
    assert (found["kind"], found["state"]) == ("emergency", "proposed")
    assert {(each["item"], each["form"]) for each in found["items"]} == {
        ("contact.phone_number", "masked"),
        ("identity.name", "raw"),
    }
    assert found["reveal_at"].endswith("16:00:00Z"), "midnight in China"
    desk, oversight = f"/desk/lawful/{found['order']}", f"/oversight/lawful/{found['order']}"
    document = await officer.client.get(f"/v1{desk}/document")
    assert document.content == INSTRUMENT["document"][1]
    assert (await officer.fill((await officer.go("/desk/lawful")).form(desk), act="sign")).status_code == 303
    decision = {"act": "court", "court_number": "(2026)沪01号", "digest": "ab" * 32}
    wrong = Page(await court(officer, "/desk/lawful", desk, decision | {"digest": "abc"}))
    assert (wrong.status, f'id="e-digest-{found["order"]}"' in wrong.html, "(2026)沪01号" in wrong.html) == (
        422,
        True,
        True,
    )
    assert (await court(officer, "/desk/lawful", desk, decision)).status_code == 303
    assert "Named so far: (2026)沪01号" in (await regulator.go("/oversight/lawful")).text
    assert (await court(regulator, "/oversight/lawful", oversight, decision)).status_code == 303
    confirmed = (await officer.client.get(f"/v1{desk}")).json()
    assert confirmed["court_confirmed_at"] is not None
    assert not any(
        ("act", "court") in each.buttons for each in (await officer.go("/desk/lawful")).forms if each.action == desk
    )


async def court(visitor: Visitor, home: str, path: str, body: dict[str, str]) -> httpx.Response:
    """Name a court's decision."""
    page = await visitor.go(home)
    form = next(each for each in page.forms if each.action == path and ("act", "court") in each.buttons)
    return await visitor.client.post(path, data=dict(form.fields) | body)


async def test_what_is_wrong_with_a_proposal_stands_beside_it(person: Visitor, staff: Desk) -> None:
    """Nothing is proposed; what was typed stays, but for the person's number, which is never shown again."""
    officer = staff.at["officer-1"]
    before = len((await officer.client.get("/v1/desk/lawful")).json()["orders"])
    far = f"{datetime.now(UTC) + timedelta(days=400):%Y-%m-%d}"
    for changes, where in (
        ({"sure": ""}, "sure"),
        ({"basis": "curiosity"}, "basis"),
        ({"issued_on": "soon"}, "issued_on"),
        ({"authority": ""}, "authority"),
        ({"recipient_key": "AAAA"}, "recipient_key"),
        ({"recipient_key": "not base64!"}, "recipient_key"),
        ({"person": "110101199001010010"}, "person"),
        ({"item": []}, "items"),
        ({"openings": "many"}, "openings"),
        ({"openings": "99"}, "openings"),
        ({"valid_until": "tomorrow"}, "valid_until"),
        ({"reveal_at": far}, "reveal_at"),
    ):
        page = Page(await propose(officer, "/desk/lawful", typed(person, recipient="Search team") | changes))
        assert (page.status, f'id="e-{where}"' in page.html) == (422, True), where
        assert 'value="Search team"' in page.html
        assert person.sent["national_id"]["number"] not in page.html
        assert "110101199001010010" not in page.html
    without = Page(
        await propose(officer, "/desk/lawful", typed(person), {"document": ("", b"", "application/octet-stream")})
    )
    assert (without.status, 'id="e-document"' in without.html) == (422, True)
    assert len((await officer.client.get("/v1/desk/lawful")).json()["orders"]) == before


async def test_only_the_two_roles_propose(person: Visitor, staff: Desk) -> None:
    """An officer without the role and a person get no form; without its token a form does nothing."""
    for path in ("/desk/lawful/new", "/desk/lawful"):
        assert (await staff.at["officer-2"].client.get(path)).status_code == 403
        assert (await person.client.get(path)).status_code in {303, 401}
    page = await staff.at["officer-2"].go("/desk")
    token = dict(page.form("/sign-out").fields)["_csrf_token"]
    refused = await staff.at["officer-2"].client.post(
        "/desk/lawful", data=typed(person) | {"_csrf_token": token}, files=INSTRUMENT
    )
    assert refused.status_code == 403
    for path, login in (("/desk/lawful", "officer-1"), ("/oversight/lawful", "regulator-1")):
        answer = await staff.at[login].client.post(path, data=typed(person), files=INSTRUMENT)
        assert answer.status_code == 403


async def test_the_form_says_what_cannot_be_changed_later(staff: Desk) -> None:
    """The day of telling is fixed; every input has its label, in both languages."""
    officer = staff.at["officer-1"]
    for language, html in (("en", "en-GB"), ("zh-CN", "zh-Hans-CN")):
        officer.client.headers["Accept-Language"] = language
        page = await officer.go("/desk/lawful/new")
        assert (page.status, page.lang, page.inline) == (200, html, [])
        unlabelled = page.inputs - page.labelled
        assert all(each.startswith("form-") for each in unlabelled), "forms of items name themselves"
    officer.client.headers["Accept-Language"] = "en"
    assert "it cannot be put off, and an order cannot be extended" in (await officer.go("/desk/lawful")).text
