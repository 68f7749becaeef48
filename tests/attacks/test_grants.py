"""What a requester may try with grants: keep old tokens alive, learn what was not ticked, touch what is not its own."""

from typing import Any

import httpx

from tests.attacks.world import GENERAL, Bank, Person, World, decision_form
from vault.cli.story.browser import expect

WIDER = GENERAL | {"contact.email": "raw", "identity.nationality": "raw"}
QUERY, REVOKE = "grant_management_query", "grant_management_revoke"
INACTIVE = {"active": False}


async def _changed(world: World, person: Person, bank: Bank, how: str, *, leave: frozenset[str] = frozenset()) -> Bank:
    """The same client with the tokens of the changed grant, bound to a key of their own."""
    made = world.twin(bank)
    made.grant = bank.grant
    wanted = [{"item": item, "form": form} for item, form in WIDER.items()]
    manage = {"grant_management_action": how, "grant_id": bank.grant}
    answer, pushed = await made.push(wanted, manage=manage, duration_days=30, max_uses=500)
    expect(answer, 201)
    form = decision_form(expect(await person.browser.page(made.authorize_url(pushed)), 200).text)
    yes = [(name, value) for name, value, _ in form.boxes if value not in leave]
    done = expect(await person.browser.submit(form, [*yes, ("decision", "allow")]), 303)
    expect(await made.redeem(str(done.headers["location"]), pushed), 200)
    return made


async def _items(bank: Bank, answer: httpx.Response | None = None) -> set[str]:
    """What the grant query lists."""
    told: dict[str, Any] = expect(answer or await bank.manage("GET", bank.grant, QUERY), 200).json()
    return {each["item"] for each in told["authorization_details"][0]["items"]}


async def test_a_replaced_grant_s_old_tokens_are_dead(world: World) -> None:
    """Access token, refresh token, and everything that is asked about them: dead after a merge and a replacement."""
    person = await world.person()
    for how in ("merge", "replace"):
        old = await world.granted(person, world.harbour)
        old_access, old_refresh = old.access_token, old.refresh_token
        assert (await old.release()).status_code == 200
        new = await _changed(world, person, old, how)
        assert (await new.release()).status_code == 200
        refused = await old.release()
        assert refused.status_code == 403
        assert refused.json()["type"].endswith("/grant-ended")
        answer = await old.refresh()
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        assert "email" not in answer.text
        for token in (old_access, old_refresh):
            assert (await new.about_token("introspection_endpoint", token)).json() == INACTIVE


async def test_nothing_tells_what_was_not_ticked(world: World) -> None:
    """Token response, token, introspection and grant query list what was ticked and is there: the same for an item
    that was left out and for one that the person does not have."""
    other = await world.person()
    etag = (await other.browser.http.get("/v1/me/sections/identity")).headers["ETag"]
    document = (await other.browser.get("/v1/me/sections/identity"))["document"] | {"nationality": "CN"}
    assert (await other.browser.send("PUT", "/v1/me/sections/identity", document, If_Match=etag)).status_code == 200
    seen = []
    for person, leave in ((world.anna, frozenset[str]()), (other, frozenset({"identity.nationality"}))):
        first = await world.granted(person, world.harbour)
        bank = await _changed(world, person, first, "merge", leave=leave)
        again = expect(await bank.refresh(), 200).json()
        introspected = (await bank.about_token("introspection_endpoint", bank.access_token)).json()
        details = [again["authorization_details"], introspected["authorization_details"]]
        listed = [{each["item"] for each in detail[0]["items"]} for detail in details]
        asked = await bank.manage("GET", bank.grant, QUERY)
        assert asked.headers["cache-control"] == "no-store"
        listed.append(await _items(bank, asked))
        assert "nationality" not in asked.text
        seen.append([listed, sorted(asked.json()), sorted(introspected), sorted(again)])
        assert listed == [set(WIDER) - {"identity.nationality"}] * 3
    assert seen[0] == seen[1]


async def test_another_requester_s_grant_is_absent(world: World) -> None:
    """Looked at, ended, merged, its tokens introspected and revoked by another bank: as if there were nothing."""
    theirs, thief = world.token, world.twin(world.valley)
    nowhere = "gnt_" + "0" * 32
    for method, scope in (("GET", QUERY), ("DELETE", REVOKE)):
        answers = [await thief.manage(method, grant, scope) for grant in (theirs.grant, nowhere)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json() == answers[1].json()
    pushed = []
    for grant in (theirs.grant, nowhere):
        manage = {"grant_management_action": "merge", "grant_id": grant}
        answer, _ = await thief.push([{"item": "identity.name", "form": "raw"}], manage=manage, duration_days=1)
        pushed.append((answer.status_code, answer.json()["error"], answer.json()["error_description"]))
    assert pushed[0] == pushed[1]
    assert pushed[0][:2] == (400, "invalid_grant_id")
    for token in (theirs.access_token, theirs.refresh_token):
        assert (await thief.about_token("introspection_endpoint", token)).json() == INACTIVE
        assert (await thief.about_token("revocation_endpoint", token)).status_code == 200
    assert (await theirs.release(["identity.name"])).status_code == 200


async def test_what_was_given_back_stays_given_back(world: World) -> None:
    """Every token is dead for the very next request; the person reads who ended it; nothing brings it back."""
    person = await world.person()
    bank = await world.granted(person, world.harbour)
    assert await _items(bank) == set(GENERAL)
    assert (await bank.manage("DELETE", bank.grant, QUERY)).status_code == 403
    assert (await bank.manage("DELETE", bank.grant, REVOKE)).status_code == 204
    assert (await bank.release()).status_code == 403
    assert (await bank.refresh()).status_code == 400
    assert (await bank.manage("GET", bank.grant, QUERY)).status_code == 404
    seen = await person.browser.get(f"/v1/me/grants/{bank.grant}")
    assert (seen["status"], seen["ended_by"]) == ("withdrawn", "requester")


async def test_a_refusal_says_where_the_api_is_described(world: World) -> None:
    """RFC 9728 section 5.1: the challenge leads to metadata that names this very resource and its server."""
    answer = await world.browser().http.post("/v1/releases", json={})
    challenge = answer.headers["www-authenticate"]
    assert answer.status_code == 401
    assert 'error="invalid_token"' in challenge
    assert "algs=" in challenge
    where = challenge.partition('resource_metadata="')[2].partition('"')[0]
    told = (await world.browser().http.get(where)).json()
    assert told["resource"] == where.replace("/.well-known/oauth-protected-resource", "")
    assert told["authorization_servers"] == [world.base]
    refused = await world.other_token.release(["identity.national_id"])
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
