"""Sections over HTTP: ETags and conditions (RFC 9110 section 13, RFC 6585)."""

import httpx
import pytest

from tests.api.edge import Edge, send

CONTACT = {"phone_number": "+8613812340013"}
PATH = "/v1/me/sections/contact"


async def test_a_section_is_created_changed_and_kept(person: httpx.AsyncClient) -> None:
    """Versions are ETags; earlier ones stay."""
    made = await send(person, "PUT", PATH, CONTACT, If_None_Match="*")
    changed = await send(person, "PUT", PATH, CONTACT | {"email": "a@b.example"}, If_Match='"1"')
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert (await person.get(PATH)).json()["document"] == CONTACT | {"email": "a@b.example"}
    assert (await person.get(f"{PATH}/versions/1")).json()["document"] == CONTACT
    assert [each["version"] for each in (await person.get(f"{PATH}/versions")).json()["versions"]] == [2, 1]


async def test_a_write_must_say_what_it_replaces(person: httpx.AsyncClient) -> None:
    """Without a condition somebody's change could be lost unseen."""
    assert (await send(person, "PUT", PATH, CONTACT)).status_code == 428


async def test_an_outdated_write_is_refused(person: httpx.AsyncClient) -> None:
    """412, and nothing is changed."""
    await send(person, "PUT", PATH, CONTACT, If_None_Match="*")
    assert (await send(person, "PUT", PATH, {}, If_None_Match="*")).status_code == 412
    assert (await send(person, "PUT", PATH, {}, If_Match='"7"')).status_code == 412
    assert (await person.get(PATH)).json()["document"] == CONTACT


@pytest.mark.parametrize("etag", ["1", 'W/"1"', '"1", "2"', '"-1"', '"01"', '"99999999999"', "*"])
async def test_an_etag_is_given_back_as_it_was(person: httpx.AsyncClient, etag: str) -> None:
    """Weak, listed or made-up ETags are no version."""
    assert (await send(person, "PUT", PATH, CONTACT, If_Match=etag)).status_code == 422


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"phone": "x"}, "contact.phone"),
        ({"phone_number": 138}, "contact.phone_number"),
        ({"emergency_contact": {"name": "x", "phone_number": "+8613812340013", "card_pin": "1"}}, "contact"),
        ({"phone_number": "\x00"}, "$.phone_number"),
    ],
)
async def test_every_wrong_field_is_named(person: httpx.AsyncClient, document: object, field: str) -> None:
    """422 with the path of the field."""
    answer = await send(person, "PUT", PATH, document, If_None_Match="*")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith(field)


@pytest.mark.parametrize("section", ["nothing", "contact'--", "%E4%BF%A1%E6%81%AF", "Contact"])
async def test_an_unknown_section_is_unknown(person: httpx.AsyncClient, section: str) -> None:
    """Whatever its name."""
    assert (await person.get(f"/v1/me/sections/{section}")).status_code in {404, 422}


async def test_two_persons_never_meet(edge: Edge, person: httpx.AsyncClient) -> None:
    """The same address shows each their own."""
    await send(person, "PUT", PATH, CONTACT, If_None_Match="*")
    async with edge.client() as other:
        await edge.settle(other)
        assert (await other.get(PATH)).status_code == 404
        assert (await send(other, "PUT", PATH, {}, If_Match='"1"')).status_code == 412


async def test_only_json_is_read(person: httpx.AsyncClient) -> None:
    """415 for anything else."""
    await person.get("/v1/catalogue")
    headers = {"X-CSRF-Token": person.cookies["csrf"], "If-None-Match": "*", "Content-Type": "text/plain"}
    assert (await person.put(PATH, content=b"{}", headers=headers)).status_code == 415
