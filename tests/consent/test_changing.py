"""A grant merged or replaced: one new consent in the place of the one before, which opens nothing any more."""

from datetime import timedelta

import msgspec
import pytest

from tests.consent.changing import FIRST, MORE, before, changed
from tests.consent.opening import Opener, Shares
from tests.consent.world import Consents, choice
from tests.profile.world import CONTACT, IDENTITY, Administrator, drafts, together
from vault.clock import FixedClock
from vault.consent import Given, GrantMoved, earlier, records, withdraw
from vault.consent.changes import How
from vault.consent.decide import NotChosen
from vault.crypto.canonical import b64
from vault.errors import NotFound, Tampered
from vault.ids import PersonId

HOWS: tuple[How, ...] = ("merge", "replace")


@pytest.fixture
async def first(consents: Consents) -> Given:
    await consents.world.write(consents.person, "identity", IDENTITY)
    await consents.world.write(consents.person, "contact", CONTACT)
    return await consents.given(choice(*FIRST), items=FIRST)


async def test_a_merge_adds(consents: Consents, first: Given) -> None:
    """What was granted stays, what is asked comes on top; one grant, one id."""
    given = await changed(consents, "merge", await before(consents, first.grant), MORE)
    assert given.grant == first.grant
    seen = await consents.seen(given)
    assert dict(seen.items) == FIRST | MORE
    assert seen.approval_needed


async def test_a_replacement_removes(consents: Consents, first: Given) -> None:
    """What is asked takes the place of everything; what is not asked again is gone."""
    given = await changed(consents, "replace", await before(consents, first.grant), MORE)
    assert dict((await consents.seen(given)).items) == MORE


async def test_a_merge_changes_a_form_only_when_ticked(consents: Consents, first: Given) -> None:
    """An item asked in another form is offered in the new one; left out, it is granted in neither."""
    found = await before(consents, first.grant)
    given = await changed(consents, "merge", found, {"contact.phone_number": "raw"})
    assert dict((await consents.seen(given)).items) == {"identity.name": "raw", "contact.phone_number": "raw"}
    found = await before(consents, first.grant)
    given = await changed(consents, "merge", found, {"contact.phone_number": "masked"}, "identity.name")
    assert dict((await consents.seen(given)).items) == {"identity.name": "raw"}


async def test_what_was_granted_may_be_left_out(consents: Consents, first: Given) -> None:
    """The earlier selection binds nobody: also what was ticked before needs a tick now."""
    given = await changed(consents, "merge", await before(consents, first.grant), MORE, "identity.name")
    assert dict((await consents.seen(given)).items) == {"identity.name": "raw"}


async def test_sensitive_items_need_their_yes_again(consents: Consents, first: Given) -> None:
    """A yes to the consent before is none to this one."""
    found = await before(consents, first.grant)
    with pytest.raises(NotChosen):
        await consents.given(choice(*MORE, sensitive_yes=False), items=MORE)
    assert (await before(consents, first.grant)) == found


@pytest.mark.parametrize("how", HOWS)
async def test_the_shares_before_open_nothing(consents: Consents, first: Given, opener: Opener, how: How) -> None:
    """The old share fits no wrap, though ring, database and officers' share are all there."""
    assert await opener.opens(first, list(FIRST), Shares(consents.db.ring, first.g))
    given = await changed(consents, how, await before(consents, first.grant), FIRST)
    assert given.g != first.g
    assert not await opener.opens(given, list(FIRST), Shares(consents.db.ring, first.g))
    assert await opener.opens(given, list(FIRST), Shares(consents.db.ring, given.g))
    assert given.token_epoch > first.token_epoch


async def test_kept_wraps_open_nothing_that_is_written_later(
    consents: Consents, first: Given, opener: Opener, administrator: Administrator
) -> None:
    """Who kept the rows before, ring and old share included, reads what was there and nothing newer."""
    kept = {table: await administrator.rows(f"SELECT * FROM {table}") for table in ("grant_wraps", "grant_parts")}
    await changed(consents, "replace", await before(consents, first.grant), {"identity.name": "raw"})
    await consents.world.write(consents.person, "contact", CONTACT | {"email": "new@example.com"}, expected=1)
    for table, rows in kept.items():
        await administrator.execute(f"DELETE FROM {table}")
        for row in rows:
            places = ", ".join(f"${n + 1}" for n in range(len(row)))
            await administrator.execute(f"INSERT INTO {table} VALUES ({places})", *row.values())
    assert not await opener.opens(first, ["contact.phone_number"], Shares(consents.db.ring, first.g))


async def test_other_grants_stay_readable(consents: Consents, first: Given, opener: Opener) -> None:
    """New section keys are sealed to every grant that remains."""
    other = await consents.given(choice(*FIRST), items=FIRST)
    await changed(consents, "replace", await before(consents, first.grant), {"identity.name": "raw"})
    await consents.world.write(consents.person, "contact", CONTACT | {"email": "new@example.com"}, expected=1)
    assert await opener.opens(other, list(FIRST), Shares(consents.db.ring, other.g))


async def test_the_consent_before_is_kept_as_it_was_signed(consents: Consents, first: Given) -> None:
    """Its receipt still verifies; the new record names the one it takes the place of."""
    old = await consents.seen(first)
    given = await changed(consents, "merge", await before(consents, first.grant), MORE)
    seen, public = await consents.seen(given), consents.person.bundle.signing_public
    (kept,) = await consents.db.run(earlier, PersonId(consents.person.id), first.grant, public)
    assert (kept.number, kept.how, kept.record) == (1, "merge", old.record)
    for receipt in (kept.receipt, seen.receipt(public)):
        records.verify_receipt(dict(receipt))
    digest = records.record_digest(msgspec.json.encode(old.record, order="sorted"))
    assert seen.record["supersedes"] == {"how": "merge", "record_digest": b64(digest)}
    assert seen.created_at == old.given_at


async def test_a_kept_consent_that_was_edited_is_refused(
    consents: Consents, first: Given, administrator: Administrator
) -> None:
    """History is under a MAC, too; and the application itself has no right to change it."""
    await changed(consents, "merge", await before(consents, first.grant), MORE)
    await administrator.execute("UPDATE grant_versions SET given_at = given_at - interval '1 day'")
    with pytest.raises(Tampered):
        await consents.db.run(earlier, PersonId(consents.person.id), first.grant, b"")


async def test_the_later_end_holds_in_a_merge(consents: Consents, first: Given, clock: FixedClock) -> None:
    """A merge never shortens what was agreed; a replacement may."""
    end = (await consents.seen(first)).expires_at
    clock.move(timedelta(days=10))
    merged = await changed(consents, "merge", await before(consents, first.grant), FIRST)
    assert merged.expires_at == end + timedelta(days=10)


async def test_uses_are_counted_anew(consents: Consents, first: Given, administrator: Administrator) -> None:
    """How many times in all is agreed to anew; the window of how often stays."""
    await administrator.execute("UPDATE grant_uses SET uses = 7, window_uses = 7, window_start = now()")
    await changed(consents, "replace", await before(consents, first.grant), FIRST)
    (row,) = await administrator.rows("SELECT uses, window_uses FROM grant_uses")
    assert (row["uses"], row["window_uses"]) == (0, 7)


async def test_two_changes_at_once(consents: Consents, first: Given) -> None:
    """Exactly one wins: the other spoke of a consent that is no longer in force."""
    found = await before(consents, first.grant)
    outcomes = await together(
        lambda: changed(consents, "merge", found, MORE),
        lambda: changed(consents, "replace", found, {"identity.name": "masked"}),
    )
    won = [each for each in outcomes if isinstance(each, Given)]
    assert len(won) == 1
    assert sum(isinstance(each, GrantMoved) for each in outcomes) == 1
    assert dict((await consents.seen(first)).items) == {item.item: item.form for item in won[0].items}


async def test_a_change_during_a_withdrawal(consents: Consents, first: Given) -> None:
    """Whichever comes first: in the end the grant is withdrawn."""
    found = await before(consents, first.grant)
    await together(
        lambda: changed(consents, "merge", found, MORE),
        lambda: consents.db.run(withdraw, consents.person, first.grant, None),
    )
    assert (await consents.seen(first)).status == "withdrawn"
    with pytest.raises(GrantMoved):
        await changed(consents, "merge", found, MORE)


async def test_somebody_else_s_grant_is_absent(consents: Consents, first: Given) -> None:
    """Another person finds nothing to change, and nothing is changed where they claim to have."""
    other = await consents.world.person()
    with pytest.raises(NotFound):
        await before(consents, first.grant, holder=other)
    with pytest.raises(GrantMoved):
        await changed(consents, "merge", await before(consents, first.grant), FIRST, holder=other)


async def test_ended_grants_are_absent(consents: Consents, first: Given, clock: FixedClock) -> None:
    """Neither a withdrawn nor an expired grant comes back to life."""
    clock.move(timedelta(days=31))
    with pytest.raises(NotFound):
        await before(consents, first.grant)
    second = await consents.given(choice(*FIRST), items=FIRST)
    await consents.db.run(withdraw, consents.person, second.grant, None)
    with pytest.raises(NotFound):
        await before(consents, second.grant)


async def test_what_is_recorded(consents: Consents, first: Given) -> None:
    """One entry, with what is allowed now and a commitment of its own."""
    await changed(consents, "replace", await before(consents, first.grant), {"identity.name": "masked"})
    entries = [msgspec.json.decode(draft) for draft in await drafts(consents.db)]
    last, given = entries[-1], [each for each in entries if each["event"] == "grant.given"][-1]
    assert (last["event"], last["outcome"]) == ("grant.changed", "replaced")
    assert last["items"] == [{"item": "identity.name", "form": "masked"}]
    assert last["consent"] != given["consent"]
