"""What two regulators order, and what two authorities open by law: walked through on the pages, each in their turn."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.api.edge import send
from tests.portal.visits import CONTACT, Desk, Requester, Visitor
from vault.crypto.canonical import b64, unb64
from vault.crypto.sealing import new_box_pair, unseal
from vault.lawful import BASES
from vault.ledger.hidden import GROUNDS
from vault.portal import power_words
from vault.portal.languages import languages
from vault.portal.reasons import reason
from vault.powers import ACTS, REASONS, cases
from vault.registry.candidates import ROLES
from vault.registry.mandates import POWERS


def order(person: Visitor, recipient: bytes) -> dict[str, Any]:
    """An order of a court about this person's telephone number."""
    now = datetime.now(UTC)
    return {
        "kind": "court",
        "basis": "criminal-evidence",
        "authority": "北京市第一中级人民法院",
        "number": "(2026)京01刑初88号",
        "issued_on": "2026-01-20",
        "document": b64(b"the order of the court"),
        "recipient": "First court",
        "recipient_key": b64(recipient),
        "person": person.sent["national_id"],
        "items": [{"item": "contact.phone_number", "form": "raw"}],
        "valid_until": (now + timedelta(days=3)).isoformat(),
        "openings": 1,
        "reveal_at": (now + timedelta(days=30)).isoformat(),
    }


async def test_two_people_open_what_the_law_orders(person: Visitor, staff: Desk) -> None:
    """Proposed by one, signed by the other, two steps; the file is the court's, and no page shows a value."""
    officer, regulator = staff.at["officer-1"], staff.at["regulator-1"]
    public, secret = new_box_pair()
    made = await send(officer.client, "POST", "/v1/desk/lawful", order(person, public))
    assert made.status_code == 201, made.text
    number = made.json()["order"]
    page = await regulator.go("/oversight/lawful")
    assert (await regulator.fill(page.form(f"/oversight/lawful/{number}"), act="sign")).status_code == 303
    page = await officer.go("/desk/lawful")
    assert (await officer.fill(page.form(f"/desk/lawful/{number}"), act="peel")).status_code == 303
    page = await regulator.go("/oversight/lawful")
    assert (await regulator.fill(page.form(f"/oversight/lawful/{number}"), act="open")).status_code == 303
    found = (await regulator.client.get(f"/v1/oversight/lawful/{number}")).json()
    assert ([each["state"] for each in found["made"]], found["used"]) == (["opened"], 1)
    answer = await regulator.client.get(f"/v1/oversight/openings/{found['made'][0]['opening']}")
    content = msgspec.json.decode(unseal(secret, unb64(answer.json()["content"])))
    assert [each["value"] for each in content["items"]] == [CONTACT["phone_number"]]
    for who, home in ((officer, "/desk/lawful"), (regulator, "/oversight/lawful")):
        shown = await who.go(home)
        assert "Over" in shown.text
        assert CONTACT["phone_number"] not in shown.text
        assert person.sent["national_id"]["number"] not in shown.text
    mine = (await person.client.get("/v1/me/entries")).json()["entries"]
    assert [each["event"] for each in mine[:3]] == ["access.hidden"] * 3
    figures = (await person.client.get("/v1/lawful-access/figures")).json()
    assert figures["orders"][0]["openings"] >= 1


def test_every_code_has_words() -> None:
    """Each legal basis, ground, role, power, decision and state that a page may show is said in words."""
    assert power_words.BASES.keys() == BASES.keys()
    assert power_words.GROUNDS.keys() == GROUNDS.keys()
    assert power_words.REASONS.keys() == REASONS.keys()
    assert power_words.DECISIONS.keys() == cases.DECISIONS.keys()
    assert set(power_words.ACTS) == set(ACTS)
    assert set(power_words.POWERS) == set(POWERS)
    assert set(power_words.ROLES) == {role for roles in ROLES.values() for role in roles}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("must be within 30 days, 0:00:00 from now", "must be within 30 days from now"),
        ("must be a moment within 1096 days from now", "must be within 1096 days from now"),
        ("is one of no-breach, mended", "must be one of those offered"),
        ("must be plain text of 10 to 2000 characters", "must be plain text of 10 to 2000 characters"),
        ("must be a grant: deletion is ordered of what was released under one", "must be a permission: deletion"),
    ],
)
def test_reasons_of_supervision_are_said_in_words(said: str, shown: str) -> None:
    """What the rooms say in their own terms is said in those of the page, from the catalogue."""
    assert reason(languages()["en"], said).startswith(shown)


async def test_who_lacks_the_role_sees_no_order(staff: Desk) -> None:
    """Neither the page nor what machines read."""
    other = staff.at["officer-2"]
    for path in ("/desk/lawful", "/v1/desk/lawful"):
        assert (await other.client.get(path)).status_code == 403


async def test_a_regulator_stops_a_permission_on_the_page(person: Visitor, bank: Requester, staff: Desk) -> None:
    """At once, for a day; the person sees it as paused; nobody confirms their own; what is wrong is said beside it."""
    grant = await person.allow(bank, "contact.email")
    regulator = staff.at["regulator-1"]
    page = await regulator.go("/oversight/powers")
    wrong = await regulator.fill(page.form("/oversight/powers"), target=grant, reason="short")
    assert wrong.status_code == 422
    reason = "a person complained about it"
    typed = {"act": "suspend", "target": grant, "reason_code": "complaint", "reason": reason}
    assert (await regulator.fill(page.form("/oversight/powers"), ("urgent", "yes"), **typed)).status_code == 303
    shown = await regulator.go("/oversight/powers?done=urgent")
    assert grant in shown.text
    assert "Confirm" not in shown.text.replace("must confirm", "")
    assert (await person.client.get(f"/v1/me/grants/{grant}")).json()["status"] == "suspended"
    assert "Paused" in (await person.go(f"/grants/{grant}")).text
