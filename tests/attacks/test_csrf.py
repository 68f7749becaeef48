"""A foreign page cannot act for whoever is signed in: every endpoint that a cookie opens wants the form token."""

import pytest

from tests.attacks.bodies import BODIES, FORMS
from tests.attacks.surface import APPLICANT, CHANGING, ENDPOINTS, Endpoint, form_token
from tests.attacks.world import Browser, World

GUARDED = [each for each in ENDPOINTS if each.method in CHANGING and each.needs_form_token]
OTHERS = {
    "POST /v1/applications",
    "POST /v1/applications/drafts",
    "POST /v1/releases",
    "POST /v1/releases/batch",
    "POST /v1/relay/calls",
    "POST /v1/relay/messages",
    "POST /v1/deletion-orders/{deletion}/statements",
}
OPEN = {
    each.name
    for each in ENDPOINTS
    if each.method in CHANGING and (each.realm == APPLICANT or each.name in OTHERS or each.is_for_clients)
}
"""Nobody's cookie counts here: an organisation without account, and clients with their keys."""


def test_every_change_is_guarded_or_takes_no_cookie() -> None:
    """An endpoint that changes something wants the token, unless no cookie opens it."""
    assert {each.name for each in ENDPOINTS if each.method in CHANGING} - {each.name for each in GUARDED} == OPEN
    assert {each.name for each in ENDPOINTS if each.method in CHANGING} == BODIES.keys() | FORMS.keys()


@pytest.mark.parametrize("endpoint", GUARDED, ids=lambda each: each.name)
async def test_without_the_token_nothing_happens(world: World, endpoint: Endpoint) -> None:
    """Missing, empty, made up, or somebody else's: 403 by name, and the sign-in stays as it was."""
    browser, path = _signed_in(world, endpoint), endpoint.path(world)
    real = form_token(browser)
    for token in (None, "", "0" * 128, real[:-1] + "-", real + "0", form_token(world.bao.browser), "ü" * 20):
        answer = await endpoint.send(browser, path, token=token)
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (403, "form-token"), token
    assert (await browser.http.get("/v1/me")).status_code == 200


@pytest.mark.parametrize("endpoint", GUARDED, ids=lambda each: each.name)
async def test_a_token_without_its_cookie_is_nothing(world: World, endpoint: Endpoint) -> None:
    """The header alone, without the cookie it must match, opens nothing."""
    browser = world.browser()
    session = next(c for c in _signed_in(world, endpoint).http.cookies.jar if c.name == "session")
    browser.http.cookies.set("session", session.value or "", domain="127.0.0.1")
    answer = await endpoint.send(browser, endpoint.path(world), token=form_token(world.anna.browser))
    assert answer.status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_form_elsewhere_cannot_pose_as_json(world: World, kind: str) -> None:
    """The three types that a foreign form can send without asking are no JSON, even with the right token."""
    path = f"/v1/me/grants/{world.token.grant}/withdrawal"
    headers = {"Content-Type": kind, "X-CSRF-Token": form_token(world.anna.browser)}
    for sent in (headers, {"Content-Type": kind}):
        answer = await world.anna.browser.http.post(path, content=b'{"reason": "x"}', headers=sent)
        assert answer.status_code in {400, 403, 415}
    assert (await world.anna.browser.get(f"/v1/me/grants/{world.token.grant}"))["status"] == "active"


async def test_looking_changes_nothing(world: World) -> None:
    """Every page and document can be fetched by GET, and afterwards sign-in, grant and queues are as they were."""
    for endpoint in ENDPOINTS:
        if endpoint.method == "GET":
            await _signed_in(world, endpoint).http.get(endpoint.path(world))
    assert (await world.anna.browser.get(f"/v1/me/grants/{world.token.grant}"))["status"] == "active"
    waiting = await world.staff["third"].get("/v1/desk/releases")
    assert world.waiting in [each["release"] for each in waiting["releases"]]
    for browser in (world.anna.browser, *world.staff.values()):
        assert (await browser.http.get("/v1/me")).status_code == 200


@pytest.mark.parametrize("endpoint", GUARDED, ids=lambda each: each.name)
async def test_changes_are_not_made_by_get(world: World, endpoint: Endpoint) -> None:
    """Where GET is answered at all, fields in its query decide nothing."""
    fields = {"decision": "approve", "reason": "by address", "login": "person.001", "expected": "1", "step": "confirm"}
    answer = await _signed_in(world, endpoint).http.get(endpoint.path(world), params=fields)
    assert answer.status_code in {200, 303, 400, 401, 404, 405}
    assert (await world.anna.browser.get(f"/v1/me/grants/{world.token.grant}"))["status"] == "active"


def _signed_in(world: World, endpoint: Endpoint) -> Browser:
    staff = {"officer": world.staff["third"], "regulator": world.staff["regulator"]}
    staff["member"] = world.members["auditor"]
    if endpoint.takes_vetting:
        staff["officer"] = world.staff["first"]
    return staff.get(endpoint.realm, world.anna.browser)
