"""Getting past vetting from outside: by lies to the registers, by the registry's own feet, by somebody else's case."""

import pytest

from tests.attacks.world import REASON, World, case_of
from tests.requesters.samples import application
from vault.cli.story.bank import new_key
from vault.ids import new_uuid
from vault.requesters.uscc import check_character

PRIVATE = [
    "127.0.0.2",
    "10.0.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[::ffff:10.0.0.1]",
]


def code(world: World, pattern: str) -> str:
    """A credit code for which the simulated registers say something else."""
    first = f"91350100M{next(world._numbers):05}{pattern}"
    return first + check_character(first)


async def handed_in(world: World, pattern: str = "000", **changes: object) -> tuple[str, dict[str, str]]:
    """An application of that code, and the header that opens it."""
    wanted = {"client__redirect_uris": ["http://127.0.0.1:9/callback"]} | changes
    body = application(organisation__uscc=code(world, pattern), **wanted)
    answer = (await world.staff["first"].http.post("/v1/applications", json=body)).json()
    return answer["application"], {"Application-Token": answer["status_token"]}


def name(problem: dict[str, str]) -> str:
    return problem["type"].rpartition("/")[2]


@pytest.mark.parametrize(
    ("pattern", "refusal", "check"),
    [
        ("999", "check-failed", "business-register"),
        ("998", "check-outstanding", "business-register"),
        ("997", "check-failed", "business-register"),
        ("996", "check-failed", "business-register"),
        ("995", "check-failed", "business-register"),
        ("994", "check-failed", "dishonesty-list"),
    ],
)
async def test_what_the_registers_say_cannot_be_approved_away(
    world: World, pattern: str, refusal: str, check: str
) -> None:
    """Over HTTP, against a real simulator: the refusal names the check and is recorded."""
    applied, _ = await handed_in(world, pattern)
    assert (await world.check(applied)).status_code == 200
    before = await world.entries("application.approval_refused")
    answer = await world.decide("first", applied)
    assert (answer.status_code, name(answer.json())) == (409, refusal)
    assert check in answer.json()["checks"]
    assert await world.entries("application.approval_refused") == before + 1


@pytest.mark.parametrize("host", PRIVATE)
async def test_the_registry_goes_nowhere_private(world: World, host: str) -> None:
    """A return address inside the registry's own network is looked up, never connected to, and fails its check."""
    applied, token = await handed_in(world, client__redirect_uris=[f"https://{host}/callback"])
    found = (await world.check(applied)).json()["checks"]
    (domain,) = [each for each in found if each["name"] == "domain-control"]
    assert (domain["result"], domain["reasons"]) == ("failed", ["private-address"])
    assert set(domain["evidence"]) == {"url"}
    own = (await world.staff["first"].http.get(f"/v1/applications/{applied}/case", headers=token)).json()
    assert all(each["evidence"] is None for each in own["checks"])
    assert name((await world.decide("first", applied)).json()) == "check-failed"


async def test_nobody_speaks_in_anothers_case(world: World) -> None:
    """The token of one application opens neither the case, the questions nor the appeal of another."""
    mine, token = await handed_in(world)
    theirs, _ = await handed_in(world)
    path = f"/v1/desk/cases/{case_of(theirs)}/questions"
    asked = (await world.staff["first"].send("POST", path, {"question": "Which licence do you hold?"})).json()
    http, answer = world.staff["first"].http, {"question": asked["question"], "answer": "It is mine."}
    for application_id, header in ((theirs, token), (mine, token), (theirs, {"Application-Token": "x"})):
        given = await http.post(f"/v1/applications/{application_id}/answers", json=answer, headers=header)
        assert given.status_code == 404
    assert (await http.get(f"/v1/applications/{theirs}/case", headers=token)).status_code == 404
    grounds = {"grounds": "The refusal rests on a mistake about our licence."}
    for header in (token, {"Application-Token": "x"}):
        appealed = await http.post(f"/v1/applications/{theirs}/appeal", json=grounds, headers=header)
        assert appealed.status_code == 404
    shown = await world.staff["first"].get(f"/v1/desk/cases/{case_of(theirs)}")
    assert [each["answer"] for each in shown["questions"]] == [None]


async def test_an_appeal_is_not_for_who_refused(world: World) -> None:
    """Once, with one's own token; the officer who refused is told that others decide."""
    applied, token = await handed_in(world)
    await world.check(applied)
    assert (await world.decide("first", applied, "refuse")).status_code == 200
    http, path = world.staff["first"].http, f"/v1/applications/{applied}/appeal"
    grounds = {"grounds": "The refusal rests on a mistake about our licence."}
    opened = await http.post(path, json=grounds, headers=token)
    assert (opened.status_code, opened.json()["kind"]) == (200, "appeal")
    assert (await http.post(path, json=grounds, headers=token)).status_code == 409
    case = f"/v1/desk/cases/{opened.json()['case']}"
    assert (await world.staff["first"].send("POST", f"{case}/checks", {})).status_code == 200
    decision = {"decision": "approve", "reason": REASON}
    refused = await world.staff["first"].send("POST", f"{case}/decisions", decision)
    assert (refused.status_code, name(refused.json())) == (403, "refused-before")
    assert (await world.staff["second"].send("POST", f"{case}/decisions", decision)).status_code == 200


async def test_cases_are_for_vetting_officers(world: World) -> None:
    """Other roles, realms and strangers see no case, and run no checks."""
    applied = (await world.apply(new_key("case"))).json()["application"]
    path = f"/v1/desk/cases/{case_of(applied)}"
    for part, status in (("third", 403), ("regulator", 401)):
        browser = world.staff[part]
        assert (await browser.http.get(path)).status_code == status
        assert (await browser.send("POST", f"{path}/checks", {})).status_code == status
    stranger = await world.newcomer()
    assert (await stranger.http.get(path)).status_code == 401
    absent = await world.staff["first"].http.get(f"/v1/desk/cases/cas_{new_uuid().hex}")
    assert absent.status_code == 404


async def test_the_rules_are_there_for_anybody(world: World) -> None:
    """Every check and every factor with its weight; the weights add up to one hundred."""
    stranger = await world.newcomer()
    rules = await stranger.get("/v1/vetting/factors")
    assert sum(factor["weight"] for factor in rules["factors"]) == 100
    assert {check["name"] for check in rules["checks"]} >= {"business-register", "domain-control", "key-strength"}
    assert (await stranger.http.get("/vetting")).status_code == 200
