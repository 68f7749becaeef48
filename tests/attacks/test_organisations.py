"""Members who reach for another organisation, for more than their role, for both halves of a change; and strangers."""

import asyncio
import json
from typing import Any

import pytest
from joserfc import jwe

from tests.attacks.surface import ENDPOINTS, Endpoint, form_token
from tests.attacks.world import GENERAL, World
from tests.requesters.samples import SEALED_TO, public_encryption_key, public_key
from vault import ids
from vault.cli.story.bank import new_key
from vault.cli.story.browser import expect
from vault.edge.organisation import COUNTED
from vault.ledger.catalogue import CATALOGUE

MINE = [each for each in ENDPOINTS if each.realm == "member"]
NAMED = ("{member}", "{invitation}", "{client}", "{change}", "{grant}")
CHANGES = [each for each in MINE if each.method != "GET" and "/self-test" not in each.template]
"""A self-test uses nothing up: every member may try."""
THEIRS = [each for each in MINE if any(name in each.template for name in NAMED)]


def _name(answer: Any) -> str:
    return str(answer.json()["type"].rpartition("/")[2])


@pytest.mark.parametrize("endpoint", THEIRS, ids=lambda each: each.name)
async def test_another_organisations_things_look_absent(world: World, endpoint: Endpoint) -> None:
    """Seen or changed by another organisation's administrator: the same answer as for what never was."""
    browser = world.members["stranger"]
    theirs = await endpoint.send(browser, endpoint.path(world), token=form_token(browser))
    never = {name.strip("{}"): f"{_PREFIX[name]}_{ids.new_uuid().hex}" for name in NAMED}
    none = await endpoint.send(browser, endpoint.path(world, **never), token=form_token(browser))
    if "/organisation/clients/" in endpoint.template:  # takes another role than the stranger has
        assert theirs.status_code in {403, 404}
    else:
        assert theirs.status_code == 404, theirs.text
    assert {**theirs.json(), "request_id": ""} == {**none.json(), "request_id": ""}


_PREFIX = {
    "{member}": ids.MEMBER,
    "{invitation}": ids.INVITATION,
    "{client}": ids.CLIENT,
    "{change}": ids.CHANGE,
    "{grant}": ids.GRANT,
}


async def test_another_organisations_clients_take_no_key(world: World) -> None:
    """Not even from a member with the role for it: the client looks absent, and its keys stay."""
    browser = await world.invited(world.members["stranger"], "keys")
    path = f"/v1/organisation/clients/{world.harbour.client_id}"
    for what, body in (
        ("keys", {"jwk": public_key("planted")}),
        ("retirements", {"kid": "bank-1"}),
        ("redirect-uris", {"redirect_uris": ["http://127.0.0.1:9/callback"]}),
        ("metadata", {}),
    ):
        assert (await browser.send("POST", f"{path}/{what}", body)).status_code == 404
    clients = await world.members["keys"].get("/v1/organisation/clients")
    assert [key["kid"] for key in clients["clients"][0]["keys"]] == ["bank-1"]


@pytest.mark.parametrize("endpoint", CHANGES, ids=lambda each: each.name)
async def test_who_may_look_may_not_change(world: World, endpoint: Endpoint) -> None:
    """A member with the role audit is refused everything that changes something, and the attempt is an entry."""
    browser, before = world.members["auditor"], await world.entries("access.refused")
    answer = await endpoint.send(browser, endpoint.path(world), token=form_token(browser))
    assert answer.status_code == 403, answer.text
    assert await world.entries("access.refused") > before


@pytest.mark.parametrize("endpoint", [e for e in MINE if e.method == "GET"], ids=lambda each: each.name)
async def test_nothing_tells_who_a_person_is(world: World, endpoint: Endpoint) -> None:
    """No page and no document of an organisation names a person, holds a value of theirs, or tells of a no.

    Only its change events say that a grant it had was withdrawn: so that it stops and deletes.
    """
    anna = world.anna
    await world.asked(anna, world.harbour, GENERAL)
    me = (await anna.browser.get("/v1/me"))["id"]
    answer = await endpoint.send(world.members["auditor"], endpoint.path(world))
    assert answer.status_code == 200, answer.text
    ended = () if endpoint.template.endswith("/events") else ("grant.withdrawn",)
    for told in (me, me[4:], anna.name, anna.number, anna.login, "13800130013", "grant.declined", *ended):
        assert told not in answer.text


async def test_a_grant_that_ended_is_not_there(world: World) -> None:
    """Withdrawn by the person: it leaves the list, its own address answers as for none, and no entry says why."""
    bank = await world.bank()
    admin = await world.first_member(bank)
    anna = world.anna
    token = await world.granted(anna, bank, GENERAL)
    listed = await admin.get("/v1/organisation/grants")
    assert [each["grant"] for each in listed["grants"]] == [token.grant]
    assert listed["grants"][0]["items"] == [{"item": item, "form": form} for item, form in GENERAL.items()]
    expect(await token.release(list(GENERAL)), 200)
    assert (await admin.get(f"/v1/organisation/grants/{token.grant}"))["uses"] == 1
    assert (await admin.get("/v1/organisation/quotas"))["quotas"][0]["uses"] == 1
    expect(await anna.browser.send("POST", f"/v1/me/grants/{token.grant}/withdrawal", {}), 200)
    assert (await admin.get("/v1/organisation/grants"))["grants"] == []
    gone = await admin.http.get(f"/v1/organisation/grants/{token.grant}")
    never = await admin.http.get(f"/v1/organisation/grants/{ids.public(ids.GRANT, ids.new_uuid())}")
    assert (gone.status_code, gone.json()["detail"]) == (404, never.json()["detail"])
    assert (await token.release(list(GENERAL))).status_code == 403
    await world.at.settled()
    told = await admin.get("/v1/organisation/incidents")
    assert [each["reason"] for each in told["entries"]] == ["grant_ended"]
    for which in ("releases", "incidents", "entries"):
        page = await admin.http.get(f"/v1/organisation/{which}")
        assert "withdrawn" not in page.text


async def test_one_member_is_not_two(world: World) -> None:
    """Confirming one's own proposal is refused by name, at any moment, and recorded."""
    admin = world.members["administrator"]
    path, before = (
        f"/v1/organisation/changes/{world.change}/decision",
        await world.entries("change.confirmation_refused"),
    )
    answers = await asyncio.gather(*(admin.send("POST", path, {"decision": "confirm"}) for _ in range(3)))
    assert {(answer.status_code, _name(answer)) for answer in answers} == {(403, "own-proposal")}
    assert await world.entries("change.confirmation_refused") == before + 3
    assert (await admin.get("/v1/organisation"))["two_members"] is False


async def test_nobody_becomes_an_administrator_by_asking(world: World) -> None:
    """Neither the member with the keys, nor one who looks, nor through an invitation of their own."""
    for part in ("keys", "auditor"):
        browser = world.members[part]
        me = (await browser.get("/v1/me"))["id"]
        raised = await browser.send("POST", f"/v1/organisation/members/{me}/roles", {"roles": ["administrator"]})
        invited = await browser.send("POST", "/v1/organisation/invitations", {"roles": ["administrator"]})
        assert (raised.status_code, invited.status_code) == (403, 403)
        assert "administrator" not in (await browser.get("/v1/me"))["roles"]


async def test_the_last_administrator_cannot_go(world: World) -> None:
    """Not by standing, not by role: an organisation stays somebody's."""
    admin = world.members["stranger"]
    me = (await admin.get("/v1/me"))["id"]
    path = f"/v1/organisation/members/{me}"
    for what, body in (("standing", {"status": "left"}), ("roles", {"roles": ["audit"]})):
        answer = await admin.send("POST", f"{path}/{what}", body)
        assert answer.status_code in {403, 409}, answer.text
    assert (await admin.get("/v1/me"))["roles"] == ["administrator"]


async def test_a_removed_member_is_out_with_the_next_request(world: World) -> None:
    """Pages and programs alike; the cookie is worth nothing."""
    admin = world.members["stranger"]
    browser = await world.invited(admin, "audit")
    me = (await browser.get("/v1/me"))["id"]
    expect(await admin.send("POST", f"/v1/organisation/members/{me}/standing", {"status": "left"}), 200)
    for path in ("/v1/me", "/v1/organisation", "/v1/organisation/entries"):
        assert (await browser.http.get(path)).status_code == 401


async def test_an_old_key_opens_nothing_after_its_end(world: World) -> None:
    """The new key works beside it, then alone; a refresh with the old one is refused at the token endpoint."""
    bank = await world.bank()
    keys = await world.invited(await world.first_member(bank), "keys")
    path = f"/v1/organisation/clients/{bank.client_id}"
    old, new = bank.key, new_key("bank-2")
    added = await keys.send("POST", f"{path}/keys", {"jwk": new.as_dict(private=False)})
    assert expect(added, 200).json()["state"] == "made"
    token = await world.granted(world.anna, bank, GENERAL)
    token.key = new
    expect(await token.refresh(), 200)
    token.key = old
    expect(await token.refresh(), 200)
    last = await keys.send("POST", f"{path}/retirements", {"kid": "bank-1"})
    assert expect(last, 200).json()["state"] == "made"
    refused = await token.refresh()
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    token.key = new
    expect(await token.refresh(), 200)
    none = await keys.send("POST", f"{path}/retirements", {"kid": "bank-2"})
    assert none.status_code == 422
    assert "without a valid key" in none.text


async def test_answers_are_sealed_to_registered_keys_alone(world: World) -> None:
    """From the request after a key was registered on, and no more from the one after it was retired."""
    bank = await world.bank()
    keys = await world.invited(await world.first_member(bank), "keys")
    path, token = f"/v1/organisation/clients/{bank.client_id}", await world.granted(world.anna, bank, GENERAL)
    assert _name(await token.release(accept="application/jose")) == "no-encryption-key"
    for number, kty in enumerate(("OKP", "EC")):
        added = await keys.send("POST", f"{path}/keys", {"jwk": public_encryption_key(kty, f"enc-{number}")})
        expect(added, 200)
        sealed = expect(await token.release(accept="application/jose"), 200)
        opened = jwe.decrypt_compact(sealed.content, SEALED_TO[kty], algorithms=["ECDH-ES", "A256GCM"])
        assert opened.plaintext is not None
        assert {each["item"] for each in json.loads(opened.plaintext)["items"]} == set(GENERAL)
    for kid in ("enc-1", "enc-0"):
        expect(await keys.send("POST", f"{path}/retirements", {"kid": kid}), 200)
    assert _name(await token.release(accept="application/jose")) == "no-encryption-key"


async def test_a_private_key_is_never_taken(world: World) -> None:
    """Sent by mistake, it is refused before it is stored or shown."""
    bank = await world.bank()
    keys = await world.invited(await world.first_member(bank), "keys")
    sent = new_key("bank-2").as_dict(private=True)
    answer = await keys.send("POST", f"/v1/organisation/clients/{bank.client_id}/keys", {"jwk": sent})
    assert answer.status_code == 422
    assert "private" in answer.text
    assert sent["d"] not in answer.text
    made = await keys.get("/v1/organisation/changes")
    assert [each["kind"] for each in made["changes"]] == ["invitation"]


async def test_people_are_sent_back_to_vetted_hosts_only(world: World) -> None:
    """A host that nobody vetted is refused by name, also as part of another one."""
    bank = await world.bank()
    keys = await world.invited(await world.first_member(bank), "keys")
    path = f"/v1/organisation/clients/{bank.client_id}/redirect-uris"
    for uri in ("https://evil.example/back", "https://127.0.0.1.evil.example/", "http://localhost:9/callback"):
        answer = await keys.send("POST", path, {"redirect_uris": [bank.redirect_uri, uri]})
        assert answer.status_code == 422, uri
        assert "redirect_uris[1]" in answer.text
    other = "http://127.0.0.1:10/another"
    expect(await keys.send("POST", path, {"redirect_uris": [bank.redirect_uri, other]}), 200)


def test_what_people_decide_is_neither_listed_nor_counted() -> None:
    """Entries that name the organisation and say what a person did, or that there was one to ask."""
    theirs = {name for name in CATALOGUE if name.startswith(("grant.", "consent."))} - {
        "consent.requested",
        "consent.refused",
    }
    assert {"grant.declined", "consent.put", "consent.withheld"} <= theirs
    assert not theirs & COUNTED
