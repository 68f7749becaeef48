"""What answers must not tell: who has a vault, whether a number is known, what a person keeps or refuses to give."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest_asyncio

from tests.attacks import forge
from tests.attacks.surface import form_token
from tests.attacks.world import GENERAL, PASSWORD, SENSITIVE, Browser, Person, World
from vault.accounts.numbers import check_character
from vault.crypto.canonical import unb64

_VARYING = {"date", "x-request-id", "set-cookie"}


def _shape(answer: httpx.Response) -> tuple[int, dict[str, str], Any]:
    """Everything a caller can tell two answers apart by, except what differs in any two: date and request id."""
    headers = {name: value for name, value in answer.headers.items() if name not in _VARYING}
    if "json" not in answer.headers.get("content-type", ""):
        return answer.status_code, headers, answer.text
    return answer.status_code, headers, {**answer.json(), "request_id": ""}


@pytest_asyncio.fixture(loop_scope="session")
async def browser(world: World) -> Browser:
    """Somebody nobody knows."""
    return await world.newcomer()


def _claim(world: World, **changes: Any) -> dict[str, Any]:
    number = changes.pop("number", None) or world.number()
    return {
        "name": "陈一",
        "national_id": {"scheme": "cn-ric", "number": number},
        "login": f"claim.{world.number()[14:17]}",
        "password": f"{PASSWORD} claim",
        "locale": "en",
    } | changes


def _refused_number(world: World) -> str:
    """A number for which the authority answers: no, that is somebody else."""
    first = world.number()[:14] + "999"
    return first + check_character(first)


async def test_registering_tells_nothing_of_a_number(world: World, browser: Browser) -> None:
    """Unknown, known, known with another name, a name that does not match: one answer, the same to the last byte."""
    claims = [
        _claim(world),
        _claim(world, number=world.anna.number),
        _claim(world, number=world.anna.number, name="别人"),
        _claim(world, number=_refused_number(world)),
        _claim(world, number=f" {world.anna.number[:6]} {world.anna.number[6:]}"),
    ]
    answers = [await browser.send("POST", "/v1/registrations", claim) for claim in claims]
    assert {answer.status_code for answer in answers} == {202}
    assert len({str(_shape(answer)) for answer in answers}) == 1
    assert not any("set-cookie" in answer.headers for answer in answers)


async def test_the_page_tells_nothing_of_a_number(world: World, browser: Browser) -> None:
    """The same on the form that people use."""
    answers = []
    for number in (world.number(), world.anna.number, _refused_number(world)):
        claim = _claim(world, number=number)
        form = {name: claim[name] for name in ("name", "login", "password")} | {"national_id.number": number}
        headers = {"X-CSRF-Token": form_token(browser), "Accept": "text/html", "Accept-Language": "en"}
        answers.append(await browser.http.post("/register", data=form, headers=headers))
    assert {answer.status_code for answer in answers} == {200}
    assert len({str(_shape(answer)) for answer in answers}) == 1


async def test_a_failing_source_tells_nothing_either(world: World, browser: Browser) -> None:
    """While the authority does not answer, known and unknown numbers are put off in the same words."""
    with _broken(world):
        claims = [_claim(world), _claim(world, number=world.anna.number), _claim(world, number=_refused_number(world))]
        answers = [await browser.send("POST", "/v1/registrations", claim) for claim in claims]
    assert {answer.status_code for answer in answers} == {503}
    assert len({str(_shape(answer)) for answer in answers}) == 1


async def test_a_taken_login_is_told_whatever_the_number(world: World, browser: Browser) -> None:
    """The one thing that is told, is told for known, unknown and unconfirmed numbers alike."""
    numbers = (world.number(), world.anna.number, _refused_number(world))
    claims = [_claim(world, number=number, login=world.bao.login) for number in numbers]
    answers = [await browser.send("POST", "/v1/registrations", claim) for claim in claims]
    assert {answer.status_code for answer in answers} == {409}
    assert len({str(_shape(answer)) for answer in answers}) == 1


async def test_only_the_holder_learns_of_it(world: World, browser: Browser) -> None:
    """Whoever has the number is told once, sees it in their own lines, and keeps vault and sign-in as they were."""
    holder = await world.person()
    for _ in range(3):
        await browser.send("POST", "/v1/registrations", _claim(world, number=holder.number))
    notices = (await holder.browser.get("/v1/me"))["notices"]
    assert [notice["kind"] for notice in notices] == ["registration_attempt"]
    await world.at.settled()
    events = [each["event"] for each in (await holder.browser.get("/v1/me/entries"))["entries"]]
    assert events.count("person.registration_refused") == 1
    assert (await holder.browser.get("/v1/me/sections/identity"))["document"]["name"] == holder.name


async def test_a_refused_registration_leaves_no_way_in(world: World, browser: Browser) -> None:
    """With a known number nobody gets in by the new login and password, and nothing says why."""
    claim = _claim(world, number=world.anna.number)
    await browser.send("POST", "/v1/registrations", claim)
    known = {"realm": "person", "login": claim["login"], "password": claim["password"]}
    unknown = known | {"login": "nobody.at.all"}
    answers = [await browser.send("POST", "/v1/sessions", body) for body in (known, unknown)]
    assert len({str(_shape(answer)) for answer in answers}) == 1
    assert answers[0].status_code == 401


async def test_signing_in_tells_nothing_of_a_login(world: World, browser: Browser) -> None:
    """A wrong password, a login nobody has, one that nobody may have, another realm's: the same answer."""
    attempts = [
        ("person", world.anna.login, "not the right password"),
        ("person", "nobody.at.all", "not the right password"),
        ("person", world.anna.login.upper(), f"{world.anna.password} "),
        ("person", "a", ""),
        ("officer", "first", "not the right password"),
        ("officer", world.anna.login, world.anna.password),
        ("regulator", "nobody.at.all", "x" * 300),
    ]
    bodies = [{"realm": realm, "login": login, "password": password} for realm, login, password in attempts]
    answers = [await browser.send("POST", "/v1/sessions", body) for body in bodies]
    assert {answer.status_code for answer in answers} == {401}
    assert len({str(_shape(answer)) for answer in answers}) == 1


async def test_guessing_is_slowed_alike(world: World, browser: Browser) -> None:
    """A login that exists and one that does not are throttled at the same attempt; the holder's own device is not."""
    victim = await world.person()
    for attempt in range(8):
        answers = []
        for login in (victim.login, f"nobody.{victim.login[7:]}x"):
            body = {"realm": "person", "login": login, "password": f"guess number {attempt} of many"}
            answers.append(await browser.send("POST", "/v1/sessions", body))
        assert answers[0].status_code == answers[1].status_code, attempt
    assert answers[0].status_code == 429
    await victim.browser.sign_in("person", victim.login, victim.password)


async def _released(world: World, person: Person, leave: set[str]) -> dict[str, Any]:
    """What a bank receives when this person allows everything but that."""
    bank = world.twin(world.harbour)
    items = GENERAL | {"contact.email": "raw", "identity.nationality": "raw"}
    pushed, form = await world.asked(person, bank, items)
    yes = [(name, value) for name, value, _ in form.boxes if value not in leave]
    done = await person.browser.submit(form, [*yes, ("decision", "allow")])
    tokens = (await bank.redeem(done.headers["location"], pushed)).json()
    return {"tokens": tokens, "release": await bank.release(), "location": done.headers["location"], "bank": bank}


async def test_an_item_not_there_is_an_item_left_out(world: World) -> None:
    """Anna keeps no nationality and allows it; another has one and says no: the bank sees the same of both."""
    other = await world.person()
    etag = (await other.browser.http.get("/v1/me/sections/identity")).headers["ETag"]
    document = (await other.browser.get("/v1/me/sections/identity"))["document"] | {"nationality": "CN"}
    assert (await other.browser.send("PUT", "/v1/me/sections/identity", document, If_Match=etag)).status_code == 200
    absent = await _released(world, world.anna, set())
    denied = await _released(world, other, {"identity.nationality"})
    seen = []
    for given in (absent, denied):
        tokens, released = given["tokens"], given["release"]
        assert released.status_code == 200
        alone, among = [
            await given["bank"].release(items)
            for items in (["identity.nationality"], [*GENERAL, "identity.nationality"])
        ]
        others = [
            await given["bank"].release(accept=accept) for accept in ("application/dc+sd-jwt", "application/jose")
        ]
        seen.append(
            [
                [_shape(other)[:2] if other.status_code != 200 else _selective(other) for other in others],
                tokens["authorization_details"],
                sorted(tokens),
                sorted(released.json()),
                [each["item"] for each in released.json()["items"]],
                _shape(alone),
                _shape(among),
            ]
        )
    assert seen[0] == seen[1]


def _selective(answer: httpx.Response) -> tuple[int, list[str], int, list[str]]:
    """What an SD-JWT shows of what is in it: names of headers, number of digests, names of what can be disclosed."""
    signed, *disclosures = answer.text.split("~")[:-1]
    digests = json.loads(unb64(signed.split(".")[1]))["_sd"]
    assert len(digests) == len(disclosures)
    return answer.status_code, sorted(answer.headers), len(digests), [json.loads(unb64(d))[1] for d in disclosures]


async def test_an_item_taken_away_leaves_no_trace(world: World) -> None:
    """Granted, then deleted by the person: the release has the others, and not a word about the one that is gone."""
    person = await world.person()
    given = await _released(world, person, set())
    assert (await person.browser.send("PUT", "/v1/me/sections/contact", {}, If_Match='"1"')).status_code == 200
    answer, alone = await given["bank"].release(), await given["bank"].release(["contact.email"])
    assert {each["item"] for each in answer.json()["items"]} == {"identity.name", "identity.birthdate"}
    assert (alone.status_code, alone.json()["items"]) == (200, [])
    for told in (answer, alone):
        assert set(told.json()) == set(given["release"].json())


async def test_no_is_no_reason(world: World) -> None:
    """A bank that is told no learns access_denied and its own state, and nothing about vault or items."""
    bank = world.twin(world.harbour)
    pushed, form = await world.asked(world.anna, bank, GENERAL | SENSITIVE)
    done = await world.anna.browser.submit(form, [("decision", "deny")])
    query = httpx.URL(done.headers["location"]).params
    assert dict(query) == {"error": "access_denied", "state": pushed.state, "iss": bank.issuer}


async def test_the_way_back_is_the_same_whatever_was_ticked(world: World) -> None:
    """The redirect has a code, the state and the issuer; its length does not tell how much was allowed."""
    everything, little = await _released(world, world.anna, set()), await _released(world, world.bao, {"contact.email"})
    for given in (everything, little):
        assert set(httpx.URL(given["location"]).params) == {"code", "state", "iss"}
    assert len(everything["location"]) == len(little["location"])


async def test_a_bank_cannot_ask_whether_somebody_has_a_vault(world: World) -> None:
    """Before anybody signs in, a request opens the same door for everybody; no hint at a person is taken."""
    for hint in ("login_hint", "id_token_hint", "prompt", "sub"):
        pushed = await forge.push(world.harbour, **{hint: world.anna.login})
        assert pushed.status_code in {201, 400}
    uri = (await forge.push(world.harbour)).json()["request_uri"]
    query = {"client_id": world.harbour.client_id, "request_uri": uri}
    answers = [await world.browser().http.get("/oauth/authorize", params=query) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1


@contextmanager
def _broken(world: World) -> Iterator[None]:
    world.at.register.is_broken = True
    try:
        yield
    finally:
        world.at.register.is_broken = False
