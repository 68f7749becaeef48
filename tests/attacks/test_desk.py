"""Officers who try what takes two, what takes another role, or what takes another person."""

import asyncio

from tests.attacks.world import GENERAL, REASON, SENSITIVE, World
from vault.cli.story.bank import new_key


def _name(problem: dict[str, str]) -> str:
    return problem["type"].rpartition("/")[2]


async def test_one_officer_is_not_two(world: World) -> None:
    """The same officer again, with other words, on another connection, at the same moment: once, and recorded."""
    application = (await world.apply(new_key("twice"))).json()["application"]
    before = await world.entries("application.approval_refused")
    answers = await asyncio.gather(*(world.decide("first", application) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403]
    assert {_name(answer.json()) for answer in answers if answer.status_code == 403} == {"same-officer"}
    again = await world.sign_in("first", "officer", "correct horse battery staple first")
    path = f"/v1/desk/applications/{application}/decisions"
    assert (await again.send("POST", path, {"decision": "approve", "reason": REASON})).status_code == 403
    assert (await world.decide("first", application, "refuse")).status_code == 403
    seen = await world.staff["first"].get(f"/v1/desk/applications/{application}")
    assert (seen["status"], len(seen["decisions"])) == ("half_approved", 1)
    assert await world.entries("application.approval_refused") == before + 5


async def test_a_decided_application_stays_decided(world: World) -> None:
    """After a refusal nobody approves; after two approvals nobody refuses."""
    refused = (await world.apply(new_key("refused"))).json()["application"]
    assert (await world.decide("first", refused, "refuse")).status_code == 200
    assert (await world.decide("second", refused)).status_code == 409
    approved = (await world.apply(new_key("approved"))).json()["application"]
    for part in ("first", "second"):
        assert (await world.decide(part, approved)).status_code == 200
    assert (await world.decide("third", approved, "refuse")).status_code == 403


async def test_who_vetted_does_not_release(world: World) -> None:
    """An officer with both roles who let the bank in may not let data out to it; the attempt is recorded."""
    before = await world.entries("release.approval_refused")
    path = f"/v1/desk/releases/{world.waiting}/decisions"
    answer = await world.staff["second"].send("POST", path, {"decision": "approve", "reason": REASON})
    assert (answer.status_code, _name(answer.json())) == (403, "vetted-by-you")
    assert await world.entries("release.approval_refused") == before + 1
    assert (await world.token.release_state(f"/v1/releases/{world.waiting}")).json()["state"] == "waiting"


async def test_two_decisions_at_once(world: World) -> None:
    """Approve and refuse at the same moment: one of them stands, the other is told so."""
    bank = await world.granted(world.anna, world.harbour, GENERAL | SENSITIVE)
    waiting = (await bank.release(list(SENSITIVE), key="both")).json()["release"]
    path = f"/v1/desk/releases/{waiting}/decisions"
    officer = world.staff["third"]
    rulings = ({"decision": "approve", "reason": REASON}, {"decision": "refuse", "reason": REASON, "code": "too_much"})
    tries = [officer.send("POST", path, each) for each in rulings * 2]
    assert sorted(answer.status_code for answer in await asyncio.gather(*tries)) == [200, 409, 409, 409]


async def test_officers_see_neither_data_nor_person(world: World) -> None:
    """What waits is shown by organisation and item; no value, no person, and no page of a vault opens."""
    officer = world.staff["third"]
    shown = [
        await officer.http.get(path)
        for path in (f"/v1/desk/releases/{world.waiting}", f"/desk/releases/{world.waiting}")
    ]
    me = (await world.anna.browser.get("/v1/me"))["id"]
    for answer in shown:
        assert answer.status_code == 200
        for secret in (world.anna.name, world.anna.number, me, me[4:], world.anna.login, world.token.grant):
            assert secret not in answer.text


async def test_a_reason_is_one_line_for_the_record(world: World) -> None:
    """No decision without a reason, with one of several lines, or with a book."""
    for reason in ("", "   ", "ok", "a\nb\nc d", "x" * 501, "\u202eevil reason", "a\x7fb c d"):
        for path in (f"applications/{world.application}", f"releases/{world.waiting}"):
            officer = world.staff["first" if "applications" in path else "third"]
            answer = await officer.send("POST", f"/v1/desk/{path}/decisions", {"decision": "approve", "reason": reason})
            assert answer.status_code == 422, reason


async def test_a_regulator_is_no_officer(world: World) -> None:
    """Nor the other way round: with the right password, but at the wrong door, nobody comes in."""
    browser = await world.newcomer()
    for realm, login in (
        ("regulator", "first"),
        ("officer", "regulator"),
        ("person", "first"),
        ("person", "regulator"),
    ):
        body = {"realm": realm, "login": login, "password": f"correct horse battery staple {login}"}
        answer = await browser.send("POST", "/v1/sessions", body)
        assert (answer.status_code, answer.json()["detail"]) == (401, "The login name or the password is wrong.")
