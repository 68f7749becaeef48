"""Prompt bombing: how often a person may be asked, by whom, and how silence grows with each no."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from tests.authserver.callcentre import CallCentre
from tests.profile.world import Administrator, World, drafts, together
from vault.authserver import backchannel
from vault.authserver.announcing import announce
from vault.authserver.backchannel import TooManyWaiting
from vault.authserver.hygiene import delete_ended_backchannel
from vault.authserver.prompting import MOST_WAITING, REPORTED, SILENCES, Asked, why_withheld
from vault.authserver.prompts import prompts
from vault.clock import FixedClock
from vault.errors import NotFound
from vault.signin import Holder

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
ONE, OTHER = UUID(int=1), UUID(int=2)


def asked(ago: timedelta, state: str = "ended", by: UUID = ONE) -> Asked:
    """A request so long ago; decided at once, if it was."""
    at = NOW - ago
    decided = None if state in {"waiting", "ended"} else at
    return Asked(by, at, at + timedelta(minutes=5), "waiting" if state == "ended" else state, decided)


@pytest.mark.parametrize(("refusals", "silence"), list(enumerate(SILENCES, start=1)))
def test_every_no_makes_the_silence_longer(refusals: int, silence: timedelta) -> None:
    """One minute, ten, an hour, a day, a week; the organisation is heard again the moment it is over."""
    past = [asked(silence + timedelta(days=2 * n), "refused") for n in range(refusals)]
    assert why_withheld(past, ONE, NOW) is None
    assert why_withheld(past, ONE, NOW - timedelta(seconds=1)) == "silence"


def test_a_yes_forgives() -> None:
    """After it, the next no is a first one."""
    past = [asked(timedelta(days=n), "refused") for n in (9, 8, 7)]
    past += [asked(timedelta(days=6), "approved"), asked(timedelta(minutes=2), "refused")]
    assert why_withheld(past, ONE, NOW) is None


def test_a_report_is_a_month() -> None:
    """Whatever else there was."""
    assert why_withheld([asked(REPORTED - timedelta(seconds=1), "reported")], ONE, NOW) == "silence"
    assert why_withheld([asked(REPORTED, "reported")], ONE, NOW) is None


def test_silence_is_for_the_one_who_was_refused() -> None:
    """Another organisation is heard."""
    assert why_withheld([asked(timedelta(seconds=1), "refused", OTHER)], ONE, NOW) is None


@pytest.mark.parametrize(
    ("past", "why"),
    [
        ([asked(timedelta(minutes=1), "waiting", UUID(int=9 + n)) for n in range(MOST_WAITING)], "waiting"),
        ([asked(timedelta(minutes=6), "ended", UUID(int=9 + n)) for n in range(5)], "pace"),
        ([asked(timedelta(minutes=6), "ended") for _ in range(3)], "pace"),
        ([asked(timedelta(hours=2 + n), "ended") for n in range(6)], "pace"),
        ([asked(timedelta(hours=2 + n), "ended", UUID(int=9 + n)) for n in range(15)], "pace"),
        ([asked(timedelta(hours=25 + n), "ended") for n in range(30)], None),
        ([asked(timedelta(minutes=1), "withheld") for _ in range(30)], None),
    ],
)
def test_how_often(past: list[Asked], why: str | None) -> None:
    """By everybody together, by one; what was kept from the person did not disturb them."""
    assert why_withheld(past, ONE, NOW) == why


async def test_of_many_at_once_three_are_put(centre: CallCentre, person: Holder, administrator: Administrator) -> None:
    """Twelve requests announced by several workers at the same moment: counted one by one."""
    for _ in range(12):
        await centre.start(await centre.hint(person))
    await together(*[lambda: announce(centre.bank.db)] * 4)
    rows = await administrator.rows("SELECT state, count(*) AS n FROM consent_prompts GROUP BY state ORDER BY state")
    assert [(row["state"], row["n"]) for row in rows] == [("waiting", 3), ("withheld", 9)]
    entries = [each["event"] for each in map(msgspec.json.decode, await drafts(centre.bank.db))]
    assert (entries.count("consent.put"), entries.count("consent.withheld")) == (3, 9)
    notices = await administrator.rows("SELECT FROM notices WHERE kind = 'consent_waiting'")
    assert len(notices) == 3


async def test_what_is_withheld_cannot_be_decided(centre: CallCentre, person: Holder) -> None:
    """The person sees that it was kept from them; there is nothing to allow."""
    for _ in range(4):
        await centre.start(await centre.hint(person))
        await announce(centre.bank.db)
    newest = (await centre.bank.db.run(prompts, person))[0]
    assert newest.state == "withheld"
    with pytest.raises(NotFound):
        await centre.allow(person, newest)


async def test_a_client_has_so_many_under_way(
    centre: CallCentre, administrator: Administrator, person: Holder, clock: FixedClock
) -> None:
    """The bound is the client's own and told openly, exactly, whichever worker counts; it ends with the requests."""
    await centre.start(await centre.hint(person))
    await administrator.execute(
        "INSERT INTO backchannel_requests SELECT decode(md5(n::text) || md5(n::text), 'hex'), client_id, NULL, body, "
        "message, bound_to, public, ends_at, NULL, NULL, NULL, wait, NULL, NULL, NULL, version, mac "
        f"FROM backchannel_requests, generate_series(1, {backchannel.MOST_WAITING - 4}) n"
    )
    hints = [await centre.hint(person) for _ in range(6)]
    outcomes = await together(*[lambda hint=hint: centre.start(hint) for hint in hints])
    assert sum(isinstance(each, TooManyWaiting) for each in outcomes) == 3
    clock.move(timedelta(minutes=6))
    assert await centre.start(await centre.hint(person))


async def test_an_hours_bound(centre: CallCentre, administrator: Administrator, person: Holder) -> None:
    """Requests that were fetched or ended count in their hour, too."""
    await centre.start(await centre.hint(person))
    await administrator.execute(f"UPDATE backchannel_paces SET asked = {backchannel.MOST_PER_HOUR}")
    with pytest.raises(TooManyWaiting) as caught:
        await centre.start(await centre.hint(person))
    assert caught.value.http_status == 429


async def test_limits_tell_nothing_of_a_person(centre: CallCentre, world: World, person: Holder) -> None:
    """A thousand prompts to one person start like one to nobody: the client never hears of their limits."""
    bodies = set()
    for _ in range(20):
        started = await centre.start(await centre.hint(person))
        await announce(centre.bank.db)
        bodies.add((started.expires_in, (await centre.answer(started))["error"]))
    assert bodies == {(300, "authorization_pending")}


async def test_old_rows_go(centre: CallCentre, person: Holder, administrator: Administrator, clock: FixedClock) -> None:
    """Hints and requests after a day, prompts after two months: as long as they are counted they stay."""
    await centre.asked(person)
    clock.move(timedelta(days=2))
    await centre.bank.db.run(delete_ended_backchannel)
    for table, left in (("consent_hints", 0), ("backchannel_requests", 0), ("prompt_paces", 0), ("consent_prompts", 1)):
        assert len(await administrator.rows(f"SELECT FROM {table}")) == left, table
    clock.move(timedelta(days=60))
    assert await centre.bank.db.run(delete_ended_backchannel) == 1
