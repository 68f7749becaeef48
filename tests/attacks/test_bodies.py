"""Bodies that are no good: too large, not JSON, of another shape, or made to hurt the parser."""

import asyncio
import copy
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.attacks import wire
from tests.attacks.bodies import BODIES, BODILESS, FORMS
from tests.attacks.surface import CHANGING, ENDPOINTS, Endpoint, form_token
from tests.attacks.world import Browser, World
from vault.api import is_back_channel

MEGABYTE = 1_048_576
LARGE = 10 * MEGABYTE
TAKERS = [
    each
    for each in ENDPOINTS
    if each.method in CHANGING
    and each.template not in {"/sign-out", "/v1/sessions/current"}
    and each.name not in BODILESS
]
"""Everything that reads a body; signing out does not."""
JSON_TAKERS = [each for each in TAKERS if each.name in BODIES]
TOKENED = ("/v1/releases", "/v1/releases/batch", "/v1/relay/calls", "/v1/relay/messages")
PARSED = [each for each in JSON_TAKERS if each.template not in TOKENED and not is_back_channel(each.template)]
"""Where a body is parsed for whoever is let in by cookie or by nothing; releases have a file of their own."""
NASTY: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**53,
    2**63,
    1e308,
    0.1,
    "",
    "x" * 100_001,
    "a\x00b",
    "' OR 1=1; --",
    [],
    ["x"] * 10_000,
    {},
    {"$ne": None},
    json.loads("[" * 40 + "]" * 40),
)


@pytest.mark.parametrize("endpoint", TAKERS, ids=lambda each: each.name)
async def test_ten_megabytes_are_refused_by_their_length(world: World, endpoint: Endpoint) -> None:
    """A Content-Length beyond the limit is answered 413 before the body is sent; without a token even sooner, 401."""
    for kind in _kinds(endpoint):
        head = _head(world, endpoint, [f"Content-Type: {kind}", f"Content-Length: {LARGE}"])
        reply = await wire.send(world.at.port, head)
        assert (reply.status, reply.taken) == (401 if endpoint.template in TOKENED else 413, 0), kind
        assert reply.headers["x-frame-options"] == "DENY"
    assert await _is_well(world)


@pytest.mark.parametrize("endpoint", TAKERS, ids=lambda each: each.name)
async def test_a_body_without_length_is_cut_off(world: World, endpoint: Endpoint) -> None:
    """Chunks without end are answered once the limit is passed, long before ten megabytes."""
    for kind in _kinds(endpoint):
        head = _head(world, endpoint, [f"Content-Type: {kind}", "Transfer-Encoding: chunked"])
        reply = await wire.send(world.at.port, head, b'{"a": "' + b"x" * 16_000, chunked=True, most=LARGE)
        assert reply.status in ({401} if endpoint.template in TOKENED else {400, 413}), kind
        assert reply.taken < 3 * MEGABYTE
    assert await _is_well(world)


async def test_headers_without_end_are_cut_off(world: World) -> None:
    """A request whose head does not end is given up long before it fills the memory."""
    taken, said = await wire.endless_head(world.at.port, most=4 * LARGE)
    assert taken < LARGE
    assert said == b"" or said.startswith(b"HTTP/1.1 400")
    assert await _is_well(world)


async def test_a_form_of_many_parts_is_cut_off(world: World) -> None:
    """Multipart forms have the same limit, and a bound on their parts."""
    http, token = world.bao.browser.http, form_token(world.bao.browser)
    many = {f"field{number}": "x" for number in range(3_000)}
    parts: list[dict[str, Any]] = [
        {"files": {"notes": b"x" * LARGE}},
        {"data": many},
        {"files": {name: (None, value) for name, value in many.items()}},
    ]
    for content in parts:
        answer = await http.post("/sections/preferences", headers={"X-CSRF-Token": token}, **content)
        assert answer.status_code in {400, 413, 422}
    file = await http.post("/sections/preferences", headers={"X-CSRF-Token": token}, files={"notes": ("a.txt", b"x")})
    assert file.status_code == 422


@pytest.mark.parametrize("endpoint", JSON_TAKERS, ids=lambda each: each.name)
async def test_what_is_not_json_is_named_so(world: World, endpoint: Endpoint) -> None:
    """Cut off, in another encoding, with a byte order mark, doubled, deep as a well: 400 or 422, and nothing more."""
    good = json.dumps(BODIES[endpoint.name])
    broken = [
        b"",
        good[:-1].encode(),
        good.encode("utf-16"),
        b"\xef\xbb\xbf" + good.encode(),
        good.encode() + good.encode(),
        b"\xff\xfe{}",
        b"{'single': 'quotes'}",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": 01}',
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"a": "\\x00"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"null",
        b"[]",
        b'"text"',
        b"1" * 5_000,
    ]
    for body in broken:
        answer = await _put(world, endpoint, body)
        assert answer.status_code in {400, 401, 422}, body[:40]
        assert "Traceback" not in answer.text
    assert await _is_well(world)


@pytest.mark.parametrize("endpoint", PARSED, ids=lambda each: each.name)
async def test_every_member_may_be_of_any_wrong_type(world: World, endpoint: Endpoint) -> None:
    """Each member in turn becomes null, a number, a text, a list, an object, 10,000 elements: refused, never 500."""
    for place, body in _spoiled(BODIES[endpoint.name]):
        answer = await _put(world, endpoint, json.dumps(body).encode())
        assert answer.status_code < 500, place
        assert len(answer.content) < 20_000, place
    assert await _is_well(world)


@pytest.mark.parametrize("endpoint", PARSED, ids=lambda each: each.name)
async def test_unknown_members_are_refused_by_name(world: World, endpoint: Endpoint) -> None:
    """A member that nobody documented, at any depth, is refused and named; so is a member too few."""
    for where in _objects(BODIES[endpoint.name]):
        body = copy.deepcopy(BODIES[endpoint.name])
        _at(body, where)["is_admin"] = True
        answer = await _put(world, endpoint, json.dumps(body).encode())
        # What keys hold is looked at last, after who may send them.
        assert answer.status_code in ({422, 403} if "jwks" in where else {422}), where
        assert "jwks" in where or "is_admin" in answer.text, where


@pytest.mark.parametrize("endpoint", [e for e in TAKERS if e.name in FORMS], ids=lambda each: each.name)
async def test_forms_are_bounded_too(world: World, endpoint: Endpoint) -> None:
    """NUL, broken UTF-8, surrogates, doubled names, 10,000 fields and long texts: refused or ignored, never 500."""
    browser = _sender(world, endpoint)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-CSRF-Token": form_token(browser)}
    good = "&".join(f"{name}={value}" for name, value in FORMS[endpoint.name].items() if name != "decision")
    for odd in (
        "x=%00",
        "%00=x",
        "x=%FF%FE",
        "x=%ED%A0%80",
        "&".join(f"x{number}=1" for number in range(10_000)),
        "&".join(["item=identity.name"] * 10_000),
        f"x={'y' * 200_000}",
        "&" * 50_000,
        "=" * 50_000,
        "%" * 999,
        ";".join(["a=b"] * 1000),
    ):
        answer = await browser.http.post(endpoint.path(world), content=f"{good}&{odd}", headers=headers)
        assert answer.status_code < 500, odd[:20]
    assert await _is_well(world)


@pytest.mark.parametrize("endpoint", JSON_TAKERS, ids=lambda each: each.name)
async def test_only_json_is_read_as_json(world: World, endpoint: Endpoint) -> None:
    """Another media type, none, or a compressed body is refused unread."""
    browser = _sender(world, endpoint)
    body = json.dumps(BODIES[endpoint.name]).encode()
    for kind in ("text/plain", "application/xml", "application/x-msgpack", "x" * 300, ""):
        headers = {"Content-Type": kind, **_shown(world, browser)}
        answer = await browser.http.request(endpoint.method, endpoint.path(world), content=body, headers=headers)
        assert answer.status_code in {401, 415, 422}, kind


async def _put(world: World, endpoint: Endpoint, body: bytes) -> httpx.Response:
    browser = _sender(world, endpoint)
    headers = {"Content-Type": "application/json", **_shown(world, browser)}
    return await browser.http.request(endpoint.method, endpoint.path(world), content=body, headers=headers)


def _sender(world: World, endpoint: Endpoint) -> Browser:
    """Who is let in but may not do it to this thing: so that a body that turns out to be good changes nothing."""
    if endpoint.realm == "officer":
        return world.staff["third" if endpoint.takes_vetting else "second"]
    if endpoint.realm == "member":
        return world.members["auditor"]
    return world.bao.browser


def _shown(world: World, browser: Browser) -> dict[str, str]:
    """What a caller shows to be let in."""
    token = world.application_token
    return {"X-CSRF-Token": form_token(browser), "If-Match": '"1"', "Application-Token": token}


def _kinds(endpoint: Endpoint) -> tuple[str, ...]:
    """The media types that are read there."""
    if endpoint.name in BODIES:
        return ("application/json",)
    forms = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=b")
    return forms[:1] if endpoint.realm == "requester" else forms


def _head(world: World, endpoint: Endpoint, more: list[str]) -> list[str]:
    browser = _sender(world, endpoint)
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.http.cookies.jar)
    return [
        f"{endpoint.method} {endpoint.path(world)} HTTP/1.1",
        f"Host: 127.0.0.1:{world.at.port}",
        f"Cookie: {cookies}",
        *(f"{name}: {value}" for name, value in _shown(world, browser).items()),
        *more,
    ]


async def _is_well(world: World) -> bool:
    """The server answers somebody else meanwhile."""
    answer = await asyncio.wait_for(world.anna.browser.http.get("/health/ready"), 5)
    return answer.status_code == 200


def _spoiled(good: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every value at every place of a small body; in a large one each place gets four, other ones than the last did."""
    places = list(_places(good))
    for number, place in enumerate(places):
        shifted = NASTY[number % 4 :: 4] if len(places) > 20 else NASTY
        for value in shifted:
            body = copy.deepcopy(good)
            if place:
                _at(body, place[:-1])[place[-1]] = value
            yield f"{place} = {str(value)[:20]}", body if place else value


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield above
    inner = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, child in inner:
        yield from _places(child, (*above, name))


def _objects(value: Any) -> Iterator[tuple[Any, ...]]:
    return (place for place in _places(value) if isinstance(_at(value, place), dict))


def _at(body: Any, place: tuple[Any, ...]) -> Any:
    for name in place:
        body = body[name]
    return body
