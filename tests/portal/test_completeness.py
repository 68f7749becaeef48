"""Prove that nothing was left out: the page, the two files a person takes home, and the page that verifies offline."""

import json

import pytest
import sqlalchemy as sa

from tests.api.edge import Edge
from tests.portal.visits import Page, Requester, Visitor
from vault.crypto.canonical import unb64
from vault.ledger.checkpoint import parse_vkey
from vault.ledger.counting import read_key, verify_count
from vault.ledger.offline import trust_in, verify_document
from vault.ledger.own import OwnEntries


async def _key(visitor: Visitor) -> bytes:
    return (await visitor.client.get("/v1/ledger/key")).content


async def test_every_number_is_shown_with_its_receipt(edge: Edge, person: Visitor, bank: Requester) -> None:
    """Each entry by its number, proven; the count that the registry signed; nothing missing."""
    await person.allow(bank)
    await edge.recorded()
    page = await person.go("/activity/proof")
    assert "You allowed sharing" in page.text
    assert "that is how many entries the registry signed for" in page.text
    assert page.html.count("tag-good") >= 3
    assert "tag-bad" not in page.html
    assert any(link.startswith("/activity/") and link[10:].isdigit() for link in page.links)
    assert "/activity/proof" in (await person.go("/activity")).links


async def test_the_files_can_be_checked_elsewhere(edge: Edge, person: Visitor) -> None:
    """Key, signed count and proofs verify with the ledger's public key and nothing else."""
    await edge.recorded()
    vkey = await _key(person)
    answer = await person.client.get("/activity/proof/file")
    assert "attachment" in answer.headers["content-disposition"]
    held = verify_document(answer.content, trust_in(vkey, None))
    assert held.told["proven"] == held.told["count"] >= 3
    own, k_s = read_key((await person.client.get("/activity/proof/key")).content)
    said = verify_count(own.statement, [parse_vkey(vkey.decode().strip())], k_s)
    assert said.count >= held.told["count"]
    assert unb64(json.loads(answer.content)["key"]) == k_s


async def test_a_hole_is_shown(edge: Edge, visitor: Visitor) -> None:
    """An entry that the registry cannot show: the page says so, and the file is not handed out as if it were whole."""
    await visitor.settle()
    await edge.recorded()
    counter = (
        "UPDATE ledger_subjects SET next_n = next_n + 1 WHERE person_id = "
        "(SELECT person_id FROM ledger_subjects ORDER BY person_id DESC LIMIT 1)"
    )
    async with edge.app.state.doors.database.begin() as session:
        await session.execute(sa.text(counter))
    page = await visitor.go("/activity/proof")
    assert "Report this to the supervisory authority" in page.text
    assert "Missing" in page.text
    assert (await visitor.client.get("/activity/proof/file")).status_code >= 500


@pytest.mark.parametrize("path", ["/activity/proof", "/activity/proof/key", "/activity/proof/file"])
async def test_only_the_person_gets_them(edge: Edge, path: str) -> None:
    """Who is not signed in is asked to; a number that is none is absent."""
    async with edge.client(Accept="text/html") as client:
        assert (await client.get(path)).status_code in {303, 401}


@pytest.mark.parametrize("first", ["-1", "x", "٣", "1" * 20])
async def test_nonsense_is_absent(person: Visitor, first: str) -> None:
    """A first number that is none leads nowhere; one beyond the last shows nothing and says so."""
    assert (await person.client.get("/activity/proof", params={"from": first})).status_code == 404
    beyond = Page(await person.client.get("/activity/proof", params={"from": "100000"}))
    assert beyond.status == 200
    assert "<table" not in beyond.html


async def test_two_persons_files_have_nothing_in_common(edge: Edge, person: Visitor) -> None:
    """Neither key nor entries of one are in the other's."""
    await edge.recorded()
    first = (await person.client.get("/activity/proof/file")).json()
    async with edge.client(Accept="text/html") as client:
        other = Visitor(edge, client)
        await other.settle()
        await edge.recorded()
        second = (await other.client.get("/activity/proof/file")).json()
    assert first["key"] != second["key"]
    assert not {each["index"] for each in first["entries"]} & {each["index"] for each in second["entries"]}
    assert first.keys() == set(OwnEntries.__struct_fields__)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_verifier_may_ask_nobody(edge: Edge, language: str) -> None:
    """The page's policy forbids every request and every form, and the page has the ledger's key."""
    async with edge.client(**{"Accept": "text/html", "Accept-Language": language}) as client:
        answer = await client.get("/verify")
        assert (await client.get("/v1/ledger/key")).text.strip() in answer.text
    policy = answer.headers["content-security-policy"]
    assert "connect-src 'none'" in policy
    assert "form-action 'none'" in policy
    assert "default-src 'none'" in policy
    assert "<form" not in answer.text
