"""Measures about a grant: a stop holds and lapses by the clock, a cut never widens, the person is told."""

from datetime import timedelta

import pytest

from tests.conftest import NOW
from tests.consent.measuring import ordered
from tests.consent.world import Consents, choice
from tests.profile.world import Administrator
from vault.accounts import notices
from vault.clock import FixedClock
from vault.consent import measures, status_reading
from vault.consent.held import in_force
from vault.consent.measures import Cut
from vault.consent.standing import standing
from vault.errors import Conflict, Invalid, NotFound, Tampered
from vault.ids import GrantId, PersonId, new_uuid

BOTH = {"identity.name": "raw", "identity.national_id": "raw", "contact.phone_number": "masked"}
DAY = timedelta(days=1)


async def test_a_stop_that_nobody_confirms_is_over_by_the_clock(consents: Consents, clock: FixedClock) -> None:
    """No job has to run: at the moment itself the grant works again, and tidying only writes it down."""
    given = await consents.given()
    await consents.db.run(measures.suspend, given.grant, ordered(), until=NOW + DAY)
    person = PersonId(consents.person.id)
    assert (await consents.db.run(standing, person, given.grant)).lapse == "suspended"
    clock.move(DAY)
    assert (await consents.db.run(standing, person, given.grant)).lapse is None
    assert await consents.db.run(measures.lift_lapsed_grants) == 1
    assert await consents.db.run(measures.lift_lapsed_grants) == 0
    assert (await consents.seen(given)).status == "active"


async def test_a_stop_is_made_lasting_and_not_repeated(consents: Consents, clock: FixedClock) -> None:
    """A confirmed stop does not lapse, and neither can a second temporary one shorten it."""
    given = await consents.given()
    await consents.db.run(measures.suspend, given.grant, ordered(), until=NOW + DAY)
    await consents.db.run(measures.suspend, given.grant, ordered(), until=None)
    for until in (None, NOW + DAY):
        with pytest.raises(Conflict):
            await consents.db.run(measures.suspend, given.grant, ordered(), until=until)
    clock.move(2 * DAY)
    assert (await consents.seen(given)).status == "suspended"
    await consents.db.run(measures.lift, given.grant, ordered())
    assert (await consents.seen(given)).token_epoch == given.token_epoch


async def test_a_suspended_grant_looks_ended_to_its_requester(consents: Consents) -> None:
    """It is in no list of what the requester holds."""
    given = await consents.given()
    assert consents.bank.requester is not None
    assert [each.id for each in await consents.db.run(in_force, consents.bank.requester)] == [given.grant]
    await consents.db.run(measures.suspend, given.grant, ordered(), until=None)
    assert await consents.db.run(in_force, consents.bank.requester) == []


async def test_the_status_list_follows(consents: Consents, administrator: Administrator) -> None:
    """Suspended while the grant is, valid once it is lifted; a new index of a suspended grant is born suspended."""
    given = await consents.given()

    async def entries() -> list[status_reading.Entry]:
        pool = await consents.db.pool()
        found: list[status_reading.Entry] = []
        for each in await consents.db.run(status_reading.all_lists):
            async with pool.acquire() as connection:
                rows = await status_reading.rows_of(connection, each)
            found += status_reading.checked(consents.db.ring, rows)
        return found

    await consents.db.run(measures.suspend, given.grant, ordered(), until=NOW + DAY)
    (entry,) = await entries()
    assert (entry.is_suspended(NOW), entry.is_suspended(NOW + DAY), entry.has_ended) == (True, False, False)
    await consents.db.run(measures.narrow, given.grant, ordered(), Cut(frozenset({"identity.name"})))
    assert sorted((each.has_ended, each.is_suspended(NOW)) for each in await entries()) == [
        (False, True),
        (True, False),
    ]
    await consents.db.run(measures.lift, given.grant, ordered())
    assert [each for each in await entries() if each.is_suspended(NOW)] == []


async def test_a_cut_takes_out_items_keys_and_pair(consents: Consents, administrator: Administrator) -> None:
    """With the last sensitive item go the officers' share, the sensitive wrap and the sealed key; the rest stays."""
    given = await consents.given(choice(*BOTH), items=BOTH)
    before = await administrator.rows("SELECT general_public, share_number FROM grants")
    cut = Cut(frozenset({"identity.national_id"}), until=NOW + timedelta(days=3))
    await consents.db.run(measures.narrow, given.grant, ordered(), cut)
    seen = await consents.seen(given)
    assert [each.item for each in seen.items] == ["identity.name", "contact.phone_number"]
    assert (seen.approval_needed, seen.expires_at) == (False, NOW + timedelta(days=3))
    assert seen.token_epoch == given.token_epoch + 1
    assert await administrator.rows("SELECT general_public, share_number FROM grants") == before
    kept = await administrator.rows("SELECT compartment FROM grant_wraps UNION SELECT compartment FROM grant_parts")
    assert {row["compartment"] for row in kept} == {"general"}
    told = await consents.db.run(notices, PersonId(consents.person.id))
    assert [(each.kind, each.params) for each in told] == [("grant_narrowed", {"reason": "excessive-use"})]


@pytest.mark.parametrize(
    ("cut", "error"),
    [
        (Cut(frozenset()), Conflict),
        (Cut(frozenset(BOTH)), Conflict),
        (Cut(frozenset({"health.conditions"})), Invalid),
        (Cut(frozenset(), NOW + timedelta(days=400)), Invalid),
        (Cut(frozenset(), NOW - DAY), Invalid),
    ],
)
async def test_a_cut_never_widens(consents: Consents, cut: Cut, error: type[Exception]) -> None:
    """Nothing cut, all cut, what is not there, a later end, an end in the past: refused, and nothing changed."""
    given = await consents.given(choice(*BOTH), items=BOTH)
    was = await consents.seen(given)
    with pytest.raises(error):
        await consents.db.run(measures.narrow, given.grant, ordered(), cut)
    assert await consents.seen(given) == was


async def test_an_edited_row_is_refused(consents: Consents, administrator: Administrator) -> None:
    """A database administrator who lifts a suspension by hand is found out at the next reading."""
    given = await consents.given()
    await consents.db.run(measures.suspend, given.grant, ordered(), until=None)
    await administrator.execute("UPDATE grants SET status = 'active'")
    with pytest.raises(Tampered):
        await consents.db.run(standing, PersonId(consents.person.id), given.grant)
    with pytest.raises(NotFound):
        await consents.db.run(measures.lift, GrantId(new_uuid()), ordered())
