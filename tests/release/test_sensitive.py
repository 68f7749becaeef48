"""Sensitive items: a second authorisation by an officer, fresh, single, and never by who let the requester in."""

import asyncio

import msgspec
import pytest

from tests.consent.world import Consents, choice
from tests.profile.world import IDENTITY
from tests.release.officers import BOTH, NUMBER, ask_for_number, decide
from tests.release.world import GENERAL, Releases, release_id
from vault.consent import Given, withdraw
from vault.errors import Conflict, IdempotencyMismatch, Invalid, NotFound, Refused, Unavailable
from vault.ids import PersonId
from vault.ledger.follower import Receipts
from vault.release import desk, history
from vault.release.hygiene import delete_lapsed_shares
from vault.release.pipeline import ReleaseEngine, release
from vault.release.refusals import ApprovalLapsed, CannotRepeat, GrantEnded, ReleaseDenied


async def test_it_waits_until_an_officer_approved_and_then_leaves(releases: Releases, token: str) -> None:
    """202 with a place that tells the state; after the approval the same request delivers, once approved by whom."""
    location = await ask_for_number(releases, token)
    assert await releases.state(token, location) == "waiting"
    assert (await releases.release(token, NUMBER, key="once")).status == 202
    await decide(releases, location)
    assert await releases.state(token, location) == "approved"
    assert await releases.values(token, NUMBER, key="once") == {NUMBER: IDENTITY["national_id"]}
    assert await releases.state(token, location) == "delivered"
    (requested,) = await releases.entries("release.requested")
    (approved,) = await releases.entries("release.approved")
    (delivered,) = await releases.entries("release.delivered")
    assert requested["ref"] == approved["ref"] == delivered["ref"] == location.rpartition("/")[2]
    assert approved["approval"] == delivered["approval"]
    assert approved["actor"]["id"].removeprefix("ofc_") == releases.consents.world.staff.third.id.hex


async def test_waiting_and_deciding_are_no_use(releases: Releases, given: Given, token: str) -> None:
    """Only what is delivered counts."""
    location = await ask_for_number(releases, token)
    await decide(releases, location)
    assert await releases.uses(given) == 0
    await releases.values(token, NUMBER, key="once")
    assert await releases.uses(given) == 1


async def test_general_items_of_the_same_grant_need_no_officer(releases: Releases, token: str) -> None:
    """They leave at once; with a sensitive one among them, all of them wait."""
    assert set(await releases.values(token, *GENERAL)) == set(GENERAL)
    answer = await releases.release(token, key="all")
    assert answer.status == 202
    await decide(releases, answer.location or "")
    assert set(await releases.values(token, key="all")) == set(BOTH)


async def test_the_desk_shows_what_is_asked_and_not_whose_it_is(releases: Releases, given: Given, token: str) -> None:
    """Requester, purpose, items; no person, no grant, no value."""
    location = await ask_for_number(releases, token)
    officer = releases.consents.world.staff.third
    (seen,) = await releases.consents.db.run(desk.waiting, officer)
    assert seen.id == release_id(location)
    assert seen.requester_name["en"] == "Harbour Bank"
    assert seen.items == [{"item": NUMBER, "form": "raw"}]
    for secret in (str(releases.consents.person.id), releases.consents.person.id.hex, given.grant.hex):
        assert secret not in repr(seen)
    await decide(releases, location)
    assert await releases.consents.db.run(desk.waiting, officer) == []


async def test_a_denial_refuses_the_release_for_good(releases: Releases, token: str) -> None:
    """The requester hears that it was denied; the officer's words stay at the desk."""
    location = await ask_for_number(releases, token)
    await decide(releases, location, approve=False)
    assert await releases.state(token, location) == "denied"
    with pytest.raises(ReleaseDenied):
        await releases.release(token, NUMBER, key="once")
    (denied,) = await releases.entries("release.denied")
    assert denied["reason"] == "too_much"
    assert "counter" not in msgspec.json.encode(denied).decode()


async def test_who_vetted_the_requester_cannot_approve(releases: Releases, token: str) -> None:
    """Although they hold the role; the attempt is an entry, and another officer still can."""
    location = await ask_for_number(releases, token)
    for approve in (True, False):
        with pytest.raises(desk.VettedByYou):
            await decide(releases, location, approve=approve, officer=releases.consents.world.staff.second)
    assert [e["reason"] for e in await releases.entries("release.approval_refused")] == ["vetted-by-you"] * 2
    await decide(releases, location)


async def test_only_release_officers_see_and_decide(releases: Releases, token: str) -> None:
    """Not a vetting officer, not a regulator, not the person."""
    location = await ask_for_number(releases, token)
    staff = releases.consents.world.staff
    for who in (staff.first, staff.regulator, releases.consents.person):
        with pytest.raises(Refused):
            await decide(releases, location, officer=who)
        with pytest.raises(Refused):
            await releases.consents.db.run(desk.waiting, who)


async def test_a_release_is_decided_once(releases: Releases, token: str) -> None:
    """Two officers at once, or one after the other: one decision stands."""
    location = await ask_for_number(releases, token)
    outcomes = await asyncio.gather(
        *(decide(releases, location, approve=approve) for approve in (True, False)), return_exceptions=True
    )
    assert sum(isinstance(each, desk.Decided) for each in outcomes) == 1
    assert any(isinstance(each, Conflict | NotFound) for each in outcomes)
    with pytest.raises(Conflict):
        await decide(releases, location)


async def test_an_approval_is_used_once(releases: Releases, given: Given, token: str) -> None:
    """Ten at once under its key are one release; under another key an officer is asked again."""
    location = await ask_for_number(releases, token)
    await decide(releases, location)
    answers = await asyncio.gather(*(releases.release(token, NUMBER, key="once") for _ in range(10)))
    assert {answer.status for answer in answers} == {200}
    assert await releases.uses(given) == 1
    assert len(await releases.entries("release.delivered")) == 1
    assert (await releases.release(token, NUMBER, key="twice")).status == 202


async def test_an_approval_lapses_after_an_hour(releases: Releases, given: Given) -> None:
    """Unused, it opens nothing a moment later; its share is gone with the next tidying, and a new key asks anew."""
    token = await releases.token(given)
    location = await ask_for_number(releases, token)
    await decide(releases, location)
    releases.later(hours=1)
    token = await releases.token(given)
    with pytest.raises(ApprovalLapsed):
        await releases.release(token, NUMBER, key="once")
    assert await releases.consents.db.run(delete_lapsed_shares) == 1
    with pytest.raises(ApprovalLapsed):
        await releases.release(token, NUMBER, key="once")
    assert (await releases.release(token, NUMBER, key="anew")).status == 202


async def test_a_lost_answer_may_be_had_again_within_the_hour(releases: Releases, given: Given, token: str) -> None:
    """The receipt does not come in time; the same request delivers without a second approval or use. After the hour
    it is over."""
    location = await ask_for_number(releases, token)
    await decide(releases, location)
    deaf = Receipts(releases.consents.db, releases.signer.keys)
    engine = await ReleaseEngine.over(releases.consents.db, deaf, releases.engine.gate, receipt_timeout=0.1)
    with pytest.raises(Unavailable):
        await release(engine, releases.ask(token, NUMBER, key="once"))
    for _ in range(2):
        assert await releases.values(token, NUMBER, key="once") == {NUMBER: IDENTITY["national_id"]}
    assert await releases.uses(given) == 1
    releases.later(hours=1)
    with pytest.raises(CannotRepeat):
        await releases.release(await releases.token(given), NUMBER, key="once")


async def test_an_approval_is_for_exactly_what_was_asked(releases: Releases, token: str) -> None:
    """Neither more items under the same key, nor the same items under another."""
    location = await ask_for_number(releases, token)
    await decide(releases, location)
    with pytest.raises(IdempotencyMismatch):
        await releases.release(token, NUMBER, "identity.name", key="once")
    assert (await releases.release(token, NUMBER, key="other")).status == 202


async def test_an_approval_after_the_withdrawal_gives_nothing(releases: Releases, given: Given, token: str) -> None:
    """Before the officer decides or after: the person's no comes first."""
    early, late = [await ask_for_number(releases, token, key) for key in ("early", "late")]
    await decide(releases, early)
    await releases.consents.db.run(withdraw, releases.consents.person, given.grant)
    with pytest.raises(Refused):
        await decide(releases, late)
    for key in ("early", "late"):
        with pytest.raises(GrantEnded):
            await releases.release(token, NUMBER, key=key)


async def test_a_decision_needs_a_reason(releases: Releases, token: str) -> None:
    """One line of it."""
    location = release_id(await ask_for_number(releases, token))
    for reason in ("", "no", "two\nlines", "x" * 501):
        with pytest.raises(Invalid):
            await releases.consents.db.run(
                desk.decide, releases.consents.world.staff.third, location, desk.Ruling(approve=True, reason=reason)
            )


async def test_a_release_of_somebody_else_looks_absent(releases: Releases, token: str) -> None:
    """Another person's, another grant's, an unknown one, a refused one: all the same to who asks."""
    location = await ask_for_number(releases, token)
    world = releases.consents.world
    other = Consents(world, await world.person(), releases.consents.bank)
    theirs = await other.given(choice("identity.name"), items={"identity.name": "raw"})
    mine = releases.consents.person
    releases.consents.person = other.person
    foreign = await releases.token(theirs)
    releases.consents.person = mine
    second = await releases.token(await releases.given(BOTH))
    for who, where in ((foreign, location), (second, location), (token, f"/v1/releases/rel_{'0' * 32}")):
        with pytest.raises(NotFound):
            await releases.state(who, where)
    assert await releases.state(token, location) == "waiting"


async def test_the_person_sees_every_step(releases: Releases, given: Given, token: str) -> None:
    """Waiting, delivered and refused, each with its requester, items and entry."""
    location = await ask_for_number(releases, token)
    await decide(releases, location)
    await releases.values(token, NUMBER, key="once")
    await ask_for_number(releases, token, "twice")
    with pytest.raises(Refused):
        await releases.release(token, "contact.address")
    person = PersonId(releases.consents.person.id)
    seen = await releases.consents.db.run(history.for_person, person, grant=given.grant)
    assert sorted(each.state for each in seen) == ["delivered", "refused", "waiting"]
    assert {each.requester_name["en"] for each in seen} == {"Harbour Bank"}
    delivered = next(each for each in seen if each.state == "delivered")
    assert delivered.items == [{"item": NUMBER, "form": "raw"}]
    (entry,) = await releases.entries("release.delivered")
    assert entry["id"].removeprefix("ent_") == delivered.entry.hex
