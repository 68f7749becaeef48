"""Authorization requests: pushed by a client that may, within its declaration, opened by nobody else, decided once."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from tests.attacks import forge
from tests.attacks.world import GENERAL, SENSITIVE, World, decision_form
from tests.authserver.keys import Signer
from vault.cli.story.browser import Form

REDIRECTS = (
    "",
    "http://127.0.0.1:9/callback/",
    "http://127.0.0.1:9/callback?next=x",
    "http://127.0.0.1:9/callback#x",
    "http://127.0.0.1:9/Callback",
    "http://127.0.0.1:9/callback%2f..",
    "http://127.0.0.1:9/callback/../evil",
    "http://127.0.0.1:10/callback",
    "http://localhost:9/callback",
    "http://127.0.0.1:9@evil.example/callback",
    "http://127.0.0.1:9.evil.example/callback",
    "https://127.0.0.1:9/callback",
    "//127.0.0.1:9/callback",
    "javascript:alert(1)",
    "http://127.0.0.1:9/callback http://evil.example",
)


def _is_refused(answer: httpx.Response, error: str = "invalid_request") -> bool:
    return (answer.status_code, answer.json()["error"]) == (400, error) and "request_uri" not in answer.json()


@pytest.mark.parametrize("uri", REDIRECTS)
async def test_people_are_sent_back_to_registered_addresses_only(world: World, uri: str) -> None:
    """Compared character by character (RFC 9700 section 4.1.3): no prefix, no other port, no other spelling."""
    assert _is_refused(await forge.push(world.harbour, redirect_uri=uri))


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "no challenge": ({"code_challenge": None}, "invalid_request"),
    "plain": ({"code_challenge_method": "plain", "code_challenge": forge.VERIFIER}, "invalid_request"),
    "no method": ({"code_challenge_method": None}, "invalid_request"),
    "short challenge": ({"code_challenge": "A" * 42}, "invalid_request"),
    "challenge with padding": ({"code_challenge": "A" * 43 + "="}, "invalid_request"),
    "implicit": ({"response_type": "token"}, "unsupported_response_type"),
    "hybrid": ({"response_type": "code id_token"}, "unsupported_response_type"),
    "fragment": ({"response_mode": "fragment"}, "invalid_request"),
    "form post": ({"response_mode": "form_post"}, "invalid_request"),
    "a request of requests": ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
    "a request object": ({"request": "eyJ.e30."}, "invalid_request_object"),
    "a scope": ({"scope": "openid profile"}, "invalid_scope"),
    "endless state": ({"state": "x" * 4097}, "invalid_request"),
    "state with a line break": ({"state": "a\r\nLocation: x"}, "invalid_request"),
    "a key that is none": ({"dpop_jkt": "x"}, "invalid_request"),
    "another key than shown": ({"dpop_jkt": Signer.make().thumbprint}, "invalid_dpop_proof"),
}


@pytest.mark.parametrize(("changes", "error"), BROKEN.values(), ids=BROKEN)
async def test_what_cannot_be_pushed(world: World, changes: dict[str, Any], error: str) -> None:
    """PKCE with S256 or nothing, the code flow or nothing, one key or nothing."""
    assert _is_refused(await forge.push(world.harbour, **changes), error)


def _details(**changes: Any) -> str:
    items = [{"item": "identity.name", "form": "raw"}]
    good = {"type": "personal_information.v1", "items": items, "duration_days": 30}
    return msgspec.json.encode([good | changes]).decode()


DETAILS = (
    "",
    "null",
    "{}",
    "[]",
    "[[]]",
    "[" * 20_000,
    '[{"type":"payment_initiation"}]',
    _details(is_admin=True),
    _details(items=[]),
    _details(items=[{"item": "identity.name"}]),
    _details(items=[{"item": "identity.name", "form": "raw"}, {"item": "identity.name", "form": "masked"}]),
    _details(items=[{"item": "identity.name", "form": "raw"}] * 65),
    _details(items=[{"item": "' OR 1=1 --", "form": "raw"}]),
    _details(duration_days=0),
    _details(duration_days=-1),
    _details(duration_days=2**70),
    _details(duration_days="30"),
    _details(duration_days=30.5),
    _details(max_uses=0),
    _details(frequency={"per": "second", "count": 1}),
    _details(locations=["x" * 600]),
    _details().replace("30", "1e400"),
)


@pytest.mark.parametrize("details", DETAILS, ids=range(len(DETAILS)))
async def test_details_of_another_shape(world: World, details: str) -> None:
    """Unknown types and fields, wrong types, nothing asked, too much at once: invalid_authorization_details."""
    assert _is_refused(await forge.push(world.harbour, authorization_details=details), "invalid_authorization_details")


async def test_ten_thousand_details(world: World) -> None:
    """Lists without end are refused before anybody counts them."""
    details = _details(items=[{"item": "identity.name", "form": "raw"}] * 10_000)
    assert _is_refused(await forge.push(world.harbour, authorization_details=details))


async def test_asking_for_more_than_was_declared(world: World) -> None:
    """An item outside the declaration, an item in another form, one outside the catalogue: each named, and recorded."""
    before = await world.entries("consent.refused")
    for item, form in (("contact.address", "raw"), ("identity.national_id", "raw"), ("identity.soul", "raw")):
        items = [{"item": "identity.name", "form": "raw"}, {"item": item, "form": form}]
        answer = await forge.push(world.harbour, authorization_details=_details(items=items))
        assert _is_refused(answer, "invalid_authorization_details")
        assert answer.json()["items"] == [item]
    for limit in ({"duration_days": 91}, {"max_uses": 1001}, {"frequency": {"per": "hour", "count": 100}}):
        answer = await forge.push(world.harbour, authorization_details=_details(**limit))
        assert next(iter(limit)) in answer.json()["error_description"]
    assert await world.entries("consent.refused") == before + 6


async def test_a_request_of_another_client(world: World) -> None:
    """A request_uri opens with the client that pushed it; otherwise a page says so, and nobody is sent anywhere."""
    uri = (await forge.push(world.harbour)).json()["request_uri"]
    wrong = (world.valley.client_id, "cli_" + "0" * 32, "", "x' OR 1=1 --", world.harbour.client_id.upper())
    for client_id in wrong:
        await _nothing_to_decide(world, {"client_id": client_id, "request_uri": uri})
    for other in (
        "",
        uri[:-1],
        f"{uri}A",
        "urn:ietf:params:oauth:request_uri:x",
        "http://127.0.0.1:9/request",
        uri * 50,
    ):
        await _nothing_to_decide(world, {"client_id": world.harbour.client_id, "request_uri": other})
    plain = {
        "client_id": world.harbour.client_id,
        "response_type": "code",
        "redirect_uri": "http://127.0.0.1:9/callback",
    }
    await _nothing_to_decide(world, plain)


async def test_a_request_is_decided_once(world: World) -> None:
    """Sent twice at once and again later, by the same person and by another: one grant, one code."""
    pushed, form = await world.asked(world.anna, world.harbour, GENERAL)
    page = await world.bao.browser.page(world.harbour.authorize_url(pushed))
    before = len((await world.anna.browser.get("/v1/me/grants"))["grants"])
    tries = [world.anna.browser.submit(form, _yes(form)) for _ in range(4)]
    other = decision_form(page.text)
    answers = await asyncio.gather(*tries, world.bao.browser.submit(other, _yes(other)))
    assert sorted(answer.status_code for answer in answers) == [303, 400, 400, 400, 400]
    given = [person for person in (world.anna, world.bao) if await _has_new(person.browser, before)]
    assert len(given) <= 1
    late = await world.anna.browser.submit(form, _yes(form))
    assert late.status_code == 400
    assert "location" not in late.headers
    query = {"client_id": world.harbour.client_id, "request_uri": pushed.request_uri}
    await _nothing_to_decide(world, query)


async def test_the_form_cannot_be_bent(world: World) -> None:
    """More items than were asked, no separate yes, another notice, no decision: no grant comes of it."""
    items = GENERAL | SENSITIVE
    _, form = await world.asked(world.anna, world.harbour, items)
    before = await world.entries("grant.given")
    boxes = [(name, value) for name, value, _ in form.boxes]
    bent: list[tuple[Form, list[tuple[str, str]]]] = [
        (form, [*boxes, ("item", "contact.email"), ("decision", "allow")]),
        (form, [pair for pair in boxes if pair[0] != "sensitive_yes"] + [("decision", "allow")]),
        (form, [*boxes, ("decision", "allowed")]),
        (form, boxes),
        (Form(form.action, "post", form.hidden | {"notice": "0" * 64}), [*boxes, ("decision", "allow")]),
        (Form(form.action, "post", form.hidden | {"notice": ""}), [*boxes, ("decision", "allow")]),
    ]
    for changed, fields in bent:
        answer = await world.anna.browser.submit(changed, fields)
        assert answer.status_code in {200, 422}
        assert "location" not in answer.headers
    assert await world.entries("grant.given") == before


async def test_what_is_needed_cannot_be_left_out(world: World) -> None:
    """Nothing ticked gives the required items only; nothing optional and nothing sensitive rides along."""
    bank = world.twin(world.harbour)
    pushed, form = await world.asked(world.anna, bank, GENERAL | SENSITIVE)
    done = await world.anna.browser.submit(form, [("decision", "allow")])
    tokens = (await bank.redeem(done.headers["location"], pushed)).json()
    assert tokens["authorization_details"][0]["items"] == [{"item": "identity.name", "form": "raw"}]


async def _nothing_to_decide(world: World, query: dict[str, str]) -> None:
    """400 for a person who is signed in as for one who is not, and no way on."""
    for browser in (world.anna.browser, world.browser()):
        answer = await browser.http.get("/oauth/authorize", params=query)
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert 'value="allow"' not in answer.text


async def _has_new(browser: Any, before: int) -> bool:
    return len((await browser.get("/v1/me/grants"))["grants"]) > before


def _yes(form: Form) -> list[tuple[str, str]]:
    return [*((name, value) for name, value, _ in form.boxes), ("decision", "allow")]
