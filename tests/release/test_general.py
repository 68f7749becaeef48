"""General items: released at once, in their forms, with a receipt; never more than was allowed."""

import hmac
import re
from hashlib import sha256

import msgspec
import pytest

from tests.profile.world import CONTACT, IDENTITY
from tests.release.world import GENERAL, Releases
from vault.consent.terms import OverAsked
from vault.crypto.canonical import canonical, unb64
from vault.edge.history import own_history
from vault.errors import Invalid

NAME, PHONE, ADULT = GENERAL


async def test_granted_items_leave_in_their_forms(releases: Releases) -> None:
    """The name in full, the number masked, the age as an answer; the receipt verifies offline."""
    token = await releases.token(await releases.given())
    expected = {NAME: IDENTITY["name"], PHONE: "138****0013", ADULT: True}
    assert await releases.values(token) == expected


async def test_the_answer_says_what_it_is_and_the_entry_commits_to_it(releases: Releases) -> None:
    """Purpose, declaration, pairwise name; the commitment opens with the key in the answer, over canonical JSON."""
    given = await releases.given()
    body = msgspec.json.decode((await releases.release(await releases.token(given))).body)
    entry = releases.verified(body).entry
    assert body["purpose"] == entry["purpose"] == "credit.mortgage"
    assert body["declaration"] == entry["declaration"]
    assert [each["item"] for each in body["items"]] == [each["item"] for each in entry["items"]]
    assert body["grant"].removeprefix("gnt_") == given.grant.hex
    assert releases.consents.person.id.hex not in body["sub"]
    payload = canonical({"v": 1, "release": body["release"], "items": body["items"]})
    assert hmac.digest(unb64(body["commitment"]["key"]), payload, sha256) == unb64(entry["commit"])


async def test_a_request_may_name_fewer_items(releases: Releases) -> None:
    """Only what was named leaves."""
    token = await releases.token(await releases.given())
    assert await releases.values(token, PHONE) == {PHONE: "138****0013"}


async def test_what_the_person_does_not_have_is_left_out(releases: Releases) -> None:
    """A granted item without a value looks like one that was never there."""
    given = await releases.given({NAME: "raw", "contact.address": "raw"})
    assert await releases.values(await releases.token(given)) == {NAME: IDENTITY["name"]}


async def test_a_new_version_is_what_leaves_next(releases: Releases) -> None:
    """The grant follows the section without anybody renewing anything."""
    token = await releases.token(await releases.given())
    await releases.values(token, PHONE)
    changed = CONTACT | {"phone_number": "+8613912345678"}
    await releases.consents.world.write(releases.consents.person, "contact", changed, expected=1)
    assert await releases.values(token, PHONE) == {PHONE: "139****5678"}


@pytest.mark.parametrize("beyond", ["identity.national_id", "contact.email", "identity.no_such_thing"])
async def test_asking_beyond_the_token_is_refused_by_name(releases: Releases, beyond: str) -> None:
    """The answer names the item; the refusal is an entry that the person finds, and nothing was counted."""
    given = await releases.given()
    with pytest.raises(OverAsked) as refused:
        await releases.release(await releases.token(given), NAME, beyond)
    assert refused.value.items == [beyond]
    entries = await releases.entries("release.refused")
    assert [entry["reason"] for entry in entries] == ["over_asked"]
    assert await releases.uses(given) == 0
    history = await releases.consents.db.run(own_history, releases.consents.person)
    assert "release.refused" in [entry.members["event"] for entry in history.entries]
    assert history.missing == 0


async def test_a_token_wider_than_its_grant_gives_nothing_more(releases: Releases) -> None:
    """Whatever a token says, the grant's own row decides."""
    given = await releases.given({NAME: "masked"})
    for wider in ({NAME: "raw"}, {NAME: "masked", PHONE: "masked"}):
        with pytest.raises(OverAsked):
            await releases.release(await releases.token(given, items=wider))


async def test_a_narrower_token_does_not_reach_the_rest_of_the_grant(releases: Releases) -> None:
    """Token within grant: the item between the two is refused by name."""
    token = await releases.token(await releases.given(), items={NAME: "raw"})
    assert await releases.values(token) == {NAME: IDENTITY["name"]}
    with pytest.raises(OverAsked) as refused:
        await releases.release(token, PHONE)
    assert refused.value.items == [PHONE]


@pytest.mark.parametrize("items", [[], [NAME, NAME]])
async def test_a_list_that_means_nothing_is_invalid(releases: Releases, items: list[str]) -> None:
    """An empty list is not "all", and an item is named once."""
    from dataclasses import replace

    from vault.release.pipeline import release

    token = await releases.token(await releases.given())
    with pytest.raises(Invalid):
        await release(releases.engine, replace(releases.ask(token), items=items))


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 129, "a\x00b", "a\n"])
async def test_an_idempotency_key_is_visible_ascii(releases: Releases, key: str) -> None:
    """One to 128 characters of it."""
    from dataclasses import replace

    from vault.release.pipeline import release

    token = await releases.token(await releases.given())
    with pytest.raises(Invalid):
        await release(releases.engine, replace(releases.ask(token), idempotency_key=key))


async def test_the_ledger_holds_names_of_items_and_no_value(releases: Releases) -> None:
    """Nothing that left is in entry, outbox or release row."""
    await releases.values(await releases.token(await releases.given()))
    (entry,) = await releases.entries("release.delivered")
    rows = await releases.administrator.rows("SELECT r::text AS text FROM releases r")
    for kept in (msgspec.json.encode(entry).decode(), rows[0]["text"]):
        assert IDENTITY["name"] not in kept
        assert "138****0013" not in kept
        assert "0013" not in re.sub(r"[0-9A-Za-z_-]{20,}", "", kept)  # ids and digests are random: they may hold it
