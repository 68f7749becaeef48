"""The public register: everybody sees who may ask for what and why; nobody sees more than that."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from tests.register.world import Place, uscc
from tests.requesters.samples import application
from tests.vetting.confirming import confirming
from vault.crypto.canonical import b64, canonical, digest, unb64
from vault.crypto.jws import open_jws, read_jws
from vault.crypto.signing import is_signed
from vault.errors import Malformed, Tampered
from vault.ids import CaseId
from vault.requesters.applications import read_application
from vault.requesters.register_keys import ANSWER, LONGEST
from vault.requesters.standing import Capability, State, allows
from vault.vetting.checking import run_checks
from vault.vetting.decisions import decide
from vault.vetting.desk import apply

REGISTER = "/v1/register/requesters"


async def names(stranger: httpx.AsyncClient, **wanted: Any) -> list[str]:
    """The English names that a search finds, on all pages."""
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        answer = await stranger.get(REGISTER, params={**wanted, **after})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found += [each["name"]["en"] for each in body["organisations"]]
        if body["next"] is None:
            return found
        after = {"after": body["next"]}


OF_OTHER_TESTS = {"History Bank", "Wobbly Bank", "Short Bank", "Paged Bank", "Typo Bank"}
SEARCHES: list[tuple[dict[str, str], set[str]]] = [
    ({"status": "suspended"}, {"Suspended Bank"}),
    ({"status": "revoked"}, {"Revoked Bank"}),
    ({"status": "surrendered"}, {"Surrendered Bank"}),
    ({"status": "expired"}, set()),
    ({"status": "active", "item": "health.conditions"}, {"Lotus 100% Insurance"}),
    ({"item": "health.conditions", "form": "predicate:any"}, {"Lotus 100% Insurance"}),
    ({"item": "health.conditions", "form": "raw"}, set()),
    ({"form": "predicate:any"}, {"Lotus 100% Insurance"}),
    ({"purpose": "insurance.quote"}, {"Lotus 100% Insurance"}),
    ({"authority": "shanghai"}, {"Lotus 100% Insurance"}),
    ({"authority": "保险监管"}, {"Lotus 100% Insurance"}),
    ({"name": "莲花"}, {"Lotus 100% Insurance"}),
    ({"name": "100%"}, {"Lotus 100% Insurance"}),
    ({"name": "revoked b"}, {"Revoked Bank"}),
    ({"name": "nobody of this name"}, set()),
]


@pytest.mark.parametrize(("wanted", "expected"), SEARCHES, ids=[str(wanted) for wanted, _ in SEARCHES])
async def test_searching(place: Place, stranger: httpx.AsyncClient, wanted: dict[str, str], expected: set[str]) -> None:
    """By state, item, form, purpose, authority, name in either language."""
    known = set(await names(stranger, limit=5))
    assert len(known) >= 5
    assert set(await names(stranger, **wanted)) & {each for each in known if each not in OF_OTHER_TESTS} == expected


async def test_by_code_and_page_by_page(place: Place, stranger: httpx.AsyncClient) -> None:
    """One at a time gives what all at once gives, in the order of registration; what ended is there as such."""
    every = await names(stranger)
    assert every[:4] == ["Active Bank", "Suspended Bank", "Revoked Bank", "Surrendered Bank"]
    assert await names(stranger, limit=1) == every
    assert await names(stranger, uscc=place.banks["Revoked"].uscc) == ["Revoked Bank"]


ATTACKS = ["%", "_", "\\", "%%%%", "' OR 1=1 --", "'; DROP TABLE requesters; --", '{"$ne": 1}', "$(id)", "a" * 100]


@pytest.mark.parametrize("text", ATTACKS)
@pytest.mark.parametrize("where", ["name", "authority", "item", "form", "purpose"])
async def test_nothing_typed_is_a_pattern_or_a_statement(stranger: httpx.AsyncClient, where: str, text: str) -> None:
    """Only the one name with a percent sign in it is found by a percent sign."""
    found = await names(stranger, **{where: text})
    assert found == (["Lotus 100% Insurance"] if (where, text) == ("name", "%") else [])


ODD = [
    ("limit=0", 422),
    ("limit=51", 422),
    ("limit=x", 422),
    ("status=applied", 422),
    ("status=", 422),
    ("name=", 422),
    ("name=" + "x" * 121, 422),
    ("name=a&name=b", 422),
    ("surprise=1", 422),
    ("name=%00", 400),
    ("after=req_1", 404),
    ("after=psn_" + "0" * 32, 404),
]


@pytest.mark.parametrize(("query", "status"), ODD)
async def test_questions_have_bounds(stranger: httpx.AsyncClient, query: str, status: int) -> None:
    """Nobody asks for a thousand at once, or for what there is no such thing as."""
    assert (await stranger.get(f"{REGISTER}?{query}")).status_code == status


async def test_what_is_only_applied_for_is_not_there(place: Place, stranger: httpx.AsyncClient) -> None:
    """One officer's approval makes nobody a registered organisation."""
    code = uscc()
    body = application(organisation__uscc=code, organisation__name={"en": "Early Bank", "zh-CN": "早鸟银行"})
    applied = await place.db.run(apply, read_application(body))
    await run_checks(place.db, confirming(), CaseId(applied.id))
    await place.db.run(decide, place.staff.first, applied.id, approve=True, reason="papers are in order")
    assert await names(stranger, uscc=code) == []


async def test_only_what_is_public(place: Place, stranger: httpx.AsyncClient) -> None:
    """Contacts for people, yes; nobody's own name or mail, no key, no address of a client, no officer's reason."""
    bank = place.banks["Suspended"]
    for path in (f"{REGISTER}/{bank.req}", f"/v1/register/declarations/{bank.dcl}", f"{REGISTER}?limit=50"):
        text = (await stranger.get(path)).text
        for secret in ("chen.li", "陈立", "jwks", "redirect", "8400", "licence is gone", "林海", "Ada Wong"):
            assert secret not in text, (path, secret)
        assert "deletion@harbour.example" in text


async def test_what_was_done_is_there(place: Place, stranger: httpx.AsyncClient) -> None:
    """Each measure that took effect, and not what is only proposed."""
    bank = await place.bank("History Bank")
    await bank.propose("revoke")
    await bank.propose("suspend")
    found = (await stranger.get(f"{REGISTER}/{bank.req}")).json()
    assert (found["status"], [(e["act"], e["confirmed"], e["by"]) for e in found["history"]]) == (
        "suspended",
        [("suspend", False, "officer")],
    )


@pytest.mark.parametrize("bank", ["Active", "Revoked", "Surrendered"])
async def test_a_permit_is_verified_by_anybody(place: Place, stranger: httpx.AsyncClient, bank: str) -> None:
    """From the answer alone: the body fits the digest, the message names it, two keys of two officers signed it."""
    found = (await stranger.get(f"/v1/register/declarations/{place.banks[bank].dcl}")).json()
    assert found["digest"] == b64(digest(canonical(["declaration", 1, found["body"]])))
    permit = found["permit"]
    message = msgspec.json.decode(unb64(permit["message"]))
    assert (message["declaration"], message["requester"]) == (found["digest"], found["organisation"]["requester"])
    keys = {each["public_key"] for each in permit["signatures"]}
    assert len(keys) == 2
    for each in permit["signatures"]:
        assert is_signed(unb64(each["public_key"]), unb64(permit["message"]), unb64(each["signature"]))


async def test_every_answer_comes_signed(place: Place, stranger: httpx.AsyncClient) -> None:
    """The same content with its address, an issue time and an end an hour later, under the published key."""
    bank = place.banks["Active"]
    for path in (f"{REGISTER}?limit=2", f"{REGISTER}/{bank.req}", f"/v1/register/declarations/{bank.dcl}"):
        plain = (await stranger.get(path)).json()
        answer = await stranger.get(path, headers={"Accept": "application/jose"})
        assert (answer.headers["content-type"], answer.headers["vary"]) == ("application/jose", "Accept")
        key = (await stranger.get("/v1/register/jwks")).json()["keys"][0]
        assert read_jws(answer.text, longest=LONGEST[ANSWER]).header["kid"] == key["kid"]
        said = msgspec.json.decode(open_jws(answer.text, typ=ANSWER, public=unb64(key["x"]), longest=LONGEST[ANSWER]))
        assert said["answer"] == plain
        assert said["about"] == place.edge.settings.issuer_url + path
        assert said["exp"] - said["iat"] == 3600


async def test_a_signed_answer_that_was_altered(place: Place, stranger: httpx.AsyncClient) -> None:
    """Any change, and a signature of anybody else, shows."""
    path = f"{REGISTER}/{place.banks['Revoked'].req}"
    token = (await stranger.get(path, headers={"Accept": "application/jose"})).text
    key = unb64((await stranger.get("/v1/register/jwks")).json()["keys"][0]["x"])
    head, body, tail = token.split(".")
    lied = b64(unb64(body).replace(b'"revoked"', b'"active"'))
    assert lied != body
    for broken in (f"{head}.{lied}.{tail}", f"{head}.{body}.{b64(bytes(64))}"):
        with pytest.raises(Tampered):
            open_jws(broken, typ=ANSWER, public=key, longest=LONGEST[ANSWER])
    with pytest.raises(Malformed):
        open_jws(token, typ="registration-certificate+jwt", public=key, longest=LONGEST[ANSWER])


async def test_the_table_is_published_as_it_is_asked(stranger: httpx.AsyncClient) -> None:
    """Every cell, with its meaning in both languages."""
    table = (await stranger.get("/v1/register/statuses")).json()
    assert [each["name"] for each in table["states"]] == [str(state) for state in State]
    for each in table["capabilities"]:
        works = {str(state) for state in State if allows(state, Capability(each["name"]))}
        assert set(each["works_in"]) == works
        assert set(each["meaning"]) == {"en", "zh-CN"}
    assert len(table["capabilities"]) == len(Capability)


@pytest.mark.parametrize("path", [f"{REGISTER}/req_{'0' * 32}", f"/v1/register/declarations/dcl_{'0' * 32}"])
async def test_what_there_is_not(stranger: httpx.AsyncClient, path: str) -> None:
    """Absent, as a wrong kind of id is."""
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.get(path.replace("req_", "psn_").replace("dcl_", "req_"))).status_code == 404


async def test_many_at_once(place: Place, stranger: httpx.AsyncClient) -> None:
    """Readers do not hinder each other."""
    paths = [f"{REGISTER}?limit=50", f"/v1/register/declarations/{place.banks['Active'].dcl}"] * 10
    answers = await asyncio.gather(*(stranger.get(path) for path in paths))
    assert {answer.status_code for answer in answers} == {200}
