"""Standing approvals: up to a ceiling and an end, for one consent, by an officer who may; and how they are attacked."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from tests.release.officers import WHY, ask_for_number, decide
from tests.release.world import GENERAL, Releases, release_id
from vault.authserver.tokens import Share
from vault.consent import Given, withdraw
from vault.crypto.sealing import new_key
from vault.errors import CannotOpen, Conflict, Invalid, NotFound, Refused, Tampered
from vault.ids import PersonId
from vault.release import desk, desk_standing
from vault.release.engine import Answer
from vault.release.hygiene import delete_lapsed_shares
from vault.release.refusals import ApprovalLapsed, GrantEnded, WaitLapsed
from vault.release.standing import keep, open_kept

MASKED = {"identity.national_id": "masked"}
NUMBER = "identity.national_id"


@pytest.fixture
async def given(releases: Releases) -> Given:
    """A grant with a sensitive item in a form that may be approved for the whole grant."""
    return await releases.given(GENERAL | MASKED)


@pytest.fixture
async def token(releases: Releases, given: Given) -> str:
    return await releases.token(given)


async def allow(releases: Releases, location: str, *, ceiling: int = 3, days: int = 10) -> desk_standing.InForce:
    """The release officer approves the grant's releases."""
    allowance = desk_standing.Allowance(ceiling, days, WHY)
    officer = releases.consents.world.staff.third
    return await desk_standing.allow_on_record(releases.consents.db, officer, release_id(location), allowance)


async def test_it_covers_what_follows_up_to_its_ceiling(releases: Releases, given: Given, token: str) -> None:
    """The release that waited and those after it leave at once; beyond the ceiling an officer is asked again."""
    location = await ask_for_number(releases, token)
    made = await allow(releases, location)
    assert await releases.state(token, location) == "approved"
    assert set(await releases.values(token, NUMBER, key="once")) == {NUMBER}
    assert set(await releases.values(token, NUMBER, *GENERAL)) == {NUMBER, *GENERAL}
    await releases.values(token, NUMBER)
    assert (await releases.release(token, NUMBER)).status == 202
    assert await releases.uses(given) == 3
    (entry,) = await releases.entries("approval.given")
    assert (entry["count"], entry["items"]) == (3, [{"item": NUMBER, "form": "masked"}])
    assert entry["ref"].removeprefix("apv_") == made.id.hex
    assert {each["approval"] for each in await releases.entries("release.delivered")} == {entry["approval"]}


async def test_of_many_at_once_exactly_the_ceiling_leaves(releases: Releases, given: Given, token: str) -> None:
    """Whoever is too late waits for an officer; no use is counted twice, none is lost."""
    await allow(releases, await ask_for_number(releases, token), ceiling=4)
    asked = [releases.release(token, NUMBER, key=f"n{number}") for number in range(9)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, Answer) and each.status == 200 for each in answers) == 4
    assert await releases.uses(given) == 4
    (row,) = await releases.administrator.rows("SELECT uses FROM standing_approvals")
    assert row["uses"] == 4


async def test_a_lost_answer_may_be_had_again(releases: Releases, given: Given, token: str) -> None:
    """While the approval stands, also after its last use; it is no further use, and the same entry."""
    await allow(releases, await ask_for_number(releases, token), ceiling=1)
    first = msgspec.json.decode((await releases.release(token, NUMBER, key="once")).body)
    again = msgspec.json.decode((await releases.release(token, NUMBER, key="once")).body)
    assert first["release"] == again["release"]
    assert first["items"] == again["items"]
    assert await releases.uses(given) == 1


async def test_what_takes_an_approval_of_its_own_is_not_covered(releases: Releases) -> None:
    """A raw number among the items: the stricter rule holds, and the desk cannot approve it as a whole."""
    given = await releases.given({NUMBER: "raw"})
    token = await releases.token(given)
    location = await ask_for_number(releases, token)
    officer = releases.consents.world.staff.third
    assert (await releases.consents.db.run(desk.one, officer, release_id(location))).kind == "release"
    with pytest.raises(Conflict):
        await allow(releases, location)


async def test_who_vetted_the_requester_cannot_allow(releases: Releases, token: str) -> None:
    """As with single approvals; the attempt is an entry."""
    location = await ask_for_number(releases, token)
    allowance, who = desk_standing.Allowance(3, 3, WHY), releases.consents.world.staff.second
    with pytest.raises(desk.VettedByYou):
        await desk_standing.allow_on_record(releases.consents.db, who, release_id(location), allowance)
    assert [e["reason"] for e in await releases.entries("release.approval_refused")] == ["vetted-by-you"]


@pytest.mark.parametrize("allowance", [(0, 5, WHY), (1001, 5, WHY), (5, 0, WHY), (5, 181, WHY), (5, 5, "no")])
async def test_an_allowance_has_bounds(releases: Releases, token: str, allowance: tuple[int, int, str]) -> None:
    """Number, days and reason."""
    location, officer = release_id(await ask_for_number(releases, token)), releases.consents.world.staff.third
    with pytest.raises(Invalid):
        await releases.consents.db.run(desk_standing.allow, officer, location, desk_standing.Allowance(*allowance))


async def test_it_ends_by_itself(releases: Releases, given: Given) -> None:
    """At its end the next release asks again; its share is gone with the next tidying."""
    location = await ask_for_number(releases, await releases.token(given))
    await allow(releases, location, days=1)
    releases.later(days=1)
    token = await releases.token(given)
    assert (await releases.release(token, NUMBER)).status == 202
    with pytest.raises(ApprovalLapsed):
        await releases.release(token, NUMBER, key="once")
    assert await releases.consents.db.run(delete_lapsed_shares) == 1


async def test_an_officer_may_end_it(releases: Releases, token: str) -> None:
    """The very next release asks again; it is an entry; nobody ends it twice, and no regulator or vetter does."""
    made = await allow(releases, await ask_for_number(releases, token))
    db, staff = releases.consents.db, releases.consents.world.staff
    assert [each.id for each in await db.run(desk_standing.in_force, staff.third)] == [made.id]
    for who in (staff.first, staff.regulator, releases.consents.person):
        with pytest.raises(Refused):
            await db.run(desk_standing.end, who, made.id, reason=WHY)
    await db.run(desk_standing.end, staff.second, made.id, reason=WHY)
    assert (await releases.release(token, NUMBER)).status == 202
    assert len(await releases.entries("approval.ended")) == 1
    with pytest.raises(Conflict):
        await db.run(desk_standing.end, staff.third, made.id, reason=WHY)
    with pytest.raises(NotFound):
        await db.run(desk_standing.end, staff.third, releases.consents.person.id, reason=WHY)


async def test_it_dies_with_the_grant(releases: Releases, given: Given, token: str) -> None:
    """Withdrawn is withdrawn."""
    await allow(releases, await ask_for_number(releases, token))
    await releases.consents.db.run(withdraw, releases.consents.person, given.grant)
    with pytest.raises(GrantEnded):
        await releases.release(token, NUMBER)


DIES = {
    "its officer left": ("staff", "status", "left"),
    "its officer lost the role": ("staff", "roles", ["vetting"]),
    "the requester was vetted anew": ("requesters", "vetted_at", None),
}


@pytest.mark.parametrize("how", DIES)
async def test_it_dies_with_its_officer_and_with_a_new_vetting(releases: Releases, token: str, how: str) -> None:
    """By honest changes of those rows: it no longer stands, and an officer is asked again."""
    made = await allow(releases, await ask_for_number(releases, token))
    await releases.values(token, NUMBER)
    table, column, value = DIES[how]
    await changed(releases, table, column, value, made)
    assert (await releases.release(token, NUMBER)).status == 202


async def changed(releases: Releases, table: str, column: str, value: object, made: desk_standing.InForce) -> None:
    """Change a row as its own room would."""
    import importlib

    room, name = {"staff": ("registry", "Staff"), "requesters": ("requesters", "Requester")}[table]
    model = getattr(importlib.import_module(f"vault.{room}.tables"), name)
    async with releases.consents.db.begin() as session:
        row = await session.get(model, made.officer if table == "staff" else made.requester_id)
        setattr(row, column, value if value is not None else session.now + timedelta(seconds=1))


EDITS = {
    "more": "UPDATE standing_approvals SET ceiling = 1000",
    "longer": "UPDATE standing_approvals SET expires_at = expires_at + interval '1 year'",
    "other items": """UPDATE standing_approvals SET items = '[{"item": "health.history", "form": "raw"}]'""",
    "another consent": "UPDATE standing_approvals SET record_digest = sha256('x')",
    "another officer": "UPDATE standing_approvals SET officer_id = (SELECT max(id::text)::uuid FROM staff)",
    "the officer revived": 'UPDATE staff SET roles = \'["release", "vetting"]\'',
}


@pytest.mark.parametrize("edit", EDITS)
async def test_an_edited_row_is_refused(releases: Releases, token: str, edit: str) -> None:
    """The MAC does not fit, and nothing leaves."""
    await allow(releases, await ask_for_number(releases, token))
    await releases.administrator.execute(EDITS[edit])
    with pytest.raises(Tampered):
        await releases.release(token, NUMBER)


async def test_a_count_set_back_opens_nothing(releases: Releases, given: Given, token: str) -> None:
    """Each share belongs to its number of uses; the last one is left only to repeat."""
    await allow(releases, await ask_for_number(releases, token), ceiling=2)
    for uses in (1, 2):
        await releases.values(token, NUMBER)
        await releases.administrator.execute("UPDATE standing_approvals SET uses = 0")
        with pytest.raises(CannotOpen):
            await releases.release(token, NUMBER)
        await releases.administrator.execute("UPDATE standing_approvals SET uses = $1::bigint", uses)
    assert await releases.uses(given) == 2


async def test_without_every_share_nothing_opens(releases: Releases, given: Given, token: str) -> None:
    """A standing approval is no way round the person's share; and without its own share it is none."""
    await allow(releases, await ask_for_number(releases, token))
    other = Share(PersonId(releases.consents.person.id), new_key())
    with pytest.raises(CannotOpen):
        await releases.release(await releases.token(given, share=other), NUMBER)
    await releases.administrator.execute("UPDATE standing_approvals SET share = NULL")
    assert (await releases.release(token, NUMBER)).status == 202


async def test_the_share_of_another_approval_does_not_open(releases: Releases) -> None:
    """Shares are bound to the person, the approval and the number of uses."""
    ring, person, (one, two) = releases.consents.db.ring, PersonId(releases.consents.person.id), [new_key(), new_key()]
    ids = [releases.consents.person.id, releases.consents.world.staff.third.id]
    blob = keep(ring, person, ids[0], 3, one)
    assert open_kept(ring, person, ids[0], 3, blob) == one
    assert one != two
    for which, uses in ((ids[1], 3), (ids[0], 2), (ids[0], 4)):
        with pytest.raises(CannotOpen):
            open_kept(ring, person, which, uses, blob)


async def test_nobody_decides_about_what_waited_for_a_day(releases: Releases, given: Given) -> None:
    """It is abandoned: off the desk, told so, refused; under a new key an officer is asked anew."""
    token = await releases.token(given)
    location = await ask_for_number(releases, token)
    releases.later(days=1)
    token, officer = await releases.token(given), releases.consents.world.staff.third
    assert await releases.state(token, location) == "lapsed"
    assert await releases.consents.db.run(desk.waiting, officer) == []
    for act in (decide(releases, location), allow(releases, location)):
        with pytest.raises(Conflict):
            await act
    with pytest.raises(WaitLapsed):
        await releases.release(token, NUMBER, key="once")
    assert (await releases.release(token, NUMBER, key="anew")).status == 202


async def test_look_alikes_are_told_apart(releases: Releases, token: str) -> None:
    """Each has its number and time; the desk says how many others of the same grant wait, and never which grant."""
    locations = [await ask_for_number(releases, token, key) for key in ("one", "two", "three")]
    officer = releases.consents.world.staff.third
    seen = await releases.consents.db.run(desk.waiting, officer)
    assert [each.id for each in seen] == [release_id(each) for each in locations]
    assert {(each.beside, each.kind) for each in seen} == {(2, "grant")}


@pytest.mark.parametrize("code", [None, "", "because"])
async def test_a_denial_names_a_ground_of_the_list(releases: Releases, token: str, code: str | None) -> None:
    """Free words alone are no ground; an approval has none."""
    location, officer = release_id(await ask_for_number(releases, token)), releases.consents.world.staff.third
    with pytest.raises(Invalid):
        await releases.consents.db.run(
            desk.decide, officer, location, desk.Ruling(approve=False, reason=WHY, code=code)
        )
    ruling = desk.Ruling(approve=True, reason=WHY, code="too_much")
    with pytest.raises(Invalid):
        await releases.consents.db.run(desk.decide, officer, location, ruling)
