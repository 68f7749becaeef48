"""Grants, seen and withdrawn; keys, kept in step."""

import json
from datetime import timedelta

import pytest

from tests.consent.opening import Opener, Shares
from tests.consent.world import Consents, choice
from tests.profile.world import CONTACT, IDENTITY, Administrator, drafts, together
from vault.clock import FixedClock
from vault.consent import for_person, one, records, reseal, rotate_after_withdrawal, withdraw
from vault.crypto.signing import is_signed
from vault.errors import Invalid, NotFound, Refused
from vault.ids import PersonId, new_uuid

NAME, NUMBER = "identity.name", "identity.national_id"


async def test_withdrawal_ends_everything_at_once(
    consents: Consents, opener: Opener, administrator: Administrator
) -> None:
    """Status, epoch, wraps and sealed keys change with the same commit; the entry is there."""
    await consents.world.write(consents.person, "identity", IDENTITY)
    given = await consents.given()
    have = await opener.all_shares(given)
    seen = await consents.db.run(withdraw, consents.person, given.grant, "不再需要")
    assert (seen.status, seen.token_epoch) == ("withdrawn", 2)
    assert not await opener.opens(given, [NAME], have)
    for table in ("grant_wraps", "grant_parts"):
        assert not await administrator.rows(f"SELECT 1 FROM {table}")
    entry = json.loads((await drafts(consents.db))[-1])
    assert entry["event"] == "grant.withdrawn"


async def test_withdrawal_is_signed_by_the_person(consents: Consents, administrator: Administrator) -> None:
    """The person's signature over grant, record and time is kept."""
    given = await consents.given()
    seen = await consents.db.run(withdraw, consents.person, given.grant)
    row = (await administrator.rows("SELECT record_digest, withdrawal_signature FROM grants"))[0]
    assert seen.withdrawn_at is not None
    message = records.withdrawal_to_sign(given.grant, row["record_digest"], seen.withdrawn_at)
    assert is_signed(consents.person.bundle.signing_public, message, row["withdrawal_signature"])


async def test_the_reason_is_for_the_person_alone(consents: Consents, administrator: Administrator) -> None:
    """What a person says on withdrawing is readable by them, and by nobody else."""
    given = await consents.given()
    seen = await consents.db.run(withdraw, consents.person, given.grant, "他们打电话太多了")
    assert seen.reason(consents.person) == "他们打电话太多了"
    stored = (await administrator.rows("SELECT * FROM grants"))[0]
    assert not any("他们".encode() in value for value in stored.values() if isinstance(value, bytes))
    assert "他们".encode() not in b"".join(await drafts(consents.db))


async def test_a_second_withdrawal_changes_nothing(consents: Consents, clock: FixedClock) -> None:
    """Withdrawing again answers with the grant as it is, and records nothing."""
    given = await consents.given()
    first = await consents.db.run(withdraw, consents.person, given.grant, "一")
    recorded = len(await drafts(consents.db))
    clock.move(timedelta(minutes=1))
    assert await consents.db.run(withdraw, consents.person, given.grant, "二") == first
    assert len(await drafts(consents.db)) == recorded


async def test_two_withdrawals_at_once_record_one(consents: Consents) -> None:
    """Of several at the same moment one acts and the others find it done."""
    given = await consents.given()
    before = len(await drafts(consents.db))
    results = await together(*(lambda: consents.db.run(withdraw, consents.person, given.grant) for _ in range(5)))
    assert {result.token_epoch for result in results if not isinstance(result, BaseException)} == {2}
    assert not [result for result in results if isinstance(result, BaseException)]
    assert len(await drafts(consents.db)) == before + 1


async def test_other_peoples_grants_are_absent(consents: Consents) -> None:
    """Another person's grant, and one that never was, look the same; staff have none."""
    given, other = await consents.given(), await consents.world.person()
    for grant in (given.grant, new_uuid()):
        with pytest.raises(NotFound):
            await consents.db.run(withdraw, other, grant)
        with pytest.raises(NotFound):
            await consents.db.run(one, PersonId(other.id), grant)
    assert await consents.db.run(for_person, PersonId(other.id)) == []
    with pytest.raises(Refused):
        await consents.db.run(withdraw, consents.world.staff.first, given.grant)
    assert (await consents.seen(given)).status == "active"


@pytest.mark.parametrize("reason", ["x" * 501, "a\x00b", "a\ud800"])
async def test_a_reason_is_plain_text(consents: Consents, reason: str) -> None:
    """A reason that is too long or no text is refused, and nothing is withdrawn."""
    given = await consents.given()
    with pytest.raises(Invalid):
        await consents.db.run(withdraw, consents.person, given.grant, reason)
    assert (await consents.seen(given)).status == "active"


async def test_expiry_is_decided_when_reading(consents: Consents, clock: FixedClock) -> None:
    """At its end a grant is expired, without anybody having swept; it can still be withdrawn."""
    given = await consents.given(duration_days=1)
    clock.move(timedelta(days=1) - timedelta(microseconds=1))
    assert (await consents.seen(given)).status == "active"
    clock.move(timedelta(microseconds=1))
    assert (await consents.seen(given)).status == "expired"
    assert (await consents.db.run(withdraw, consents.person, given.grant)).status == "withdrawn"


async def test_grants_are_listed_newest_first(consents: Consents, clock: FixedClock) -> None:
    """The list shows all grants of the person, withdrawn ones too."""
    first = await consents.given()
    clock.move(timedelta(minutes=5))
    second = await consents.given(choice(NAME))
    await consents.db.run(withdraw, consents.person, first.grant)
    seen = await consents.db.run(for_person, PersonId(consents.person.id))
    assert [(each.id, each.status) for each in seen] == [(second.grant, "active"), (first.grant, "withdrawn")]


async def test_a_part_that_is_empty_at_consent_time_works_later(consents: Consents, opener: Opener) -> None:
    """The person fills in a granted section after consenting: it opens, with nothing done in between."""
    given = await consents.given()
    have = await opener.all_shares(given)
    assert await opener.opened(given, [NAME, NUMBER], have) == {}
    await consents.world.write(consents.person, "identity", {"name": "甲"})
    assert await opener.opened(given, [NAME, NUMBER], have) == {NAME: "甲"}
    await consents.world.write(consents.person, "identity", IDENTITY, 1)
    assert await opener.opens(given, [NAME, NUMBER], have)


async def test_consent_and_first_writing_at_the_same_time(consents: Consents, opener: Opener) -> None:
    """However the two interleave, the grant opens what was written."""
    write = lambda: consents.world.write(consents.person, "identity", IDENTITY)  # noqa: E731  # two acts side by side
    results = await together(consents.given, write)
    given = results[0]
    assert not isinstance(given, BaseException | int)
    assert results[1] == 1
    assert await opener.opens(given, [NAME, NUMBER], await opener.all_shares(given))


async def test_keys_change_after_a_withdrawal_and_remaining_grants_keep_up(
    consents: Consents, opener: Opener, administrator: Administrator
) -> None:
    """At the next sign-in the parts of the withdrawn grant get new keys; other grants open what is written then."""
    await consents.world.write(consents.person, "identity", IDENTITY)
    kept, ended = await consents.given(), await consents.given(choice(NAME, NUMBER))
    old_wraps = await administrator.rows("SELECT * FROM grant_wraps WHERE grant_id = $1", ended.grant)
    old_parts = await administrator.rows("SELECT * FROM grant_parts WHERE grant_id = $1", ended.grant)
    ended_shares, kept_shares = await opener.all_shares(ended), await opener.all_shares(kept)
    await consents.db.run(withdraw, consents.person, ended.grant)
    assert await consents.db.run(rotate_after_withdrawal, consents.person) == 2
    assert await consents.db.run(rotate_after_withdrawal, consents.person) == 0
    await consents.world.write(consents.person, "identity", IDENTITY | {"name": "新"}, 1)
    assert await opener.opened(kept, [NAME, NUMBER], kept_shares) == {NAME: "新", NUMBER: IDENTITY["national_id"]}
    # somebody kept copies of the deleted rows and every share: what is written now stays closed
    for table, rows in (("grant_wraps", old_wraps), ("grant_parts", old_parts)):
        for row in rows:
            places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
            await administrator.execute(f"INSERT INTO {table} VALUES ({places})", *row.values())
    assert not await opener.opens(ended, [NAME], ended_shares)


async def test_rotation_touches_only_what_was_withdrawn(consents: Consents, administrator: Administrator) -> None:
    """Parts of other grants keep their keys; without a withdrawal nothing changes."""
    await consents.given(choice(NAME, "contact.phone_number"))
    assert await consents.db.run(rotate_after_withdrawal, consents.person) == 0
    ended = await consents.given(choice(NAME))
    await consents.db.run(withdraw, consents.person, ended.grant)
    assert await consents.db.run(rotate_after_withdrawal, consents.person) == 1
    numbers = await administrator.rows("SELECT section, max(number) FROM section_keys GROUP BY section")
    assert {row["section"]: row["max"] for row in numbers} == {"identity": 2, "contact": 1}


async def test_two_sign_ins_at_once_replace_keys_once(consents: Consents, administrator: Administrator) -> None:
    """Rotation is done by one of them."""
    given = await consents.given(choice(NAME))
    await consents.db.run(withdraw, consents.person, given.grant)
    results = await together(*(lambda: consents.db.run(rotate_after_withdrawal, consents.person) for _ in range(4)))
    assert sorted(result for result in results if isinstance(result, int)) == [0, 0, 0, 1]
    assert (await administrator.rows("SELECT max(number) FROM section_keys"))[0]["max"] == 2


async def test_a_new_grant_after_a_rotation_opens_the_current_version(consents: Consents, opener: Opener) -> None:
    """The current version is still under the old key, later ones under the new: a new grant opens both."""
    await consents.world.write(consents.person, "identity", IDENTITY)
    ended = await consents.given(choice(NAME))
    await consents.db.run(withdraw, consents.person, ended.grant)
    await consents.db.run(rotate_after_withdrawal, consents.person)
    given = await consents.given(choice(NAME))
    have = Shares(consents.db.ring, given.g)
    assert await opener.opens(given, [NAME], have)
    await consents.world.write(consents.person, "identity", IDENTITY | {"name": "新"}, 1)
    assert await opener.opened(given, [NAME], have) == {NAME: "新"}


async def test_resealing_mends_a_grant_that_lost_a_key(
    consents: Consents, opener: Opener, administrator: Administrator
) -> None:
    """A sealed key that is gone is sealed again; where all is in order nothing is done."""
    await consents.world.write(consents.person, "contact", CONTACT)
    given = await consents.given()
    await administrator.execute("DELETE FROM grant_parts")
    assert await consents.db.run(reseal, consents.person) == 4
    assert await consents.db.run(reseal, consents.person) == 0
    assert await opener.opens(given, ["contact.phone_number"], await opener.all_shares(given))


async def test_resealing_leaves_ended_grants_alone(consents: Consents, clock: FixedClock) -> None:
    """Expired and withdrawn grants get no keys."""
    await consents.given(duration_days=1)
    ended = await consents.given()
    await consents.db.run(withdraw, consents.person, ended.grant)
    clock.move(timedelta(days=2))
    assert await consents.db.run(reseal, consents.person) == 0
