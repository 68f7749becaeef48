"""Quotas that all server processes share, and when and from where a declaration may be used."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.release.world import Releases, declared
from tests.requesters.samples import application
from vault.clock import FixedClock
from vault.errors import Conflict, Invalid, Tampered, VaultError
from vault.profile.catalogue import catalogue
from vault.release.engine import ReleaseEngine
from vault.release.leases import BLOCK, DEFAULT_PER_DAY, Leases
from vault.release.limits import check_place
from vault.release.pipeline import release
from vault.release.quotas import Quota, Whose, decide_on_record, quota_of, set_quota, throttle
from vault.release.refusals import OutsideHours, OutsideNetworks, QuotaSpent
from vault.requesters.applications import read_application
from vault.requesters.declaring import problems
from vault.requesters.narrowing import Cut, check_cut, joined, narrowed
from vault.requesters.restrictions import Hours
from vault.requesters.two_officers import AnotherOfficer

REASON = "as the contract says"


def whose(releases: Releases) -> Whose:
    """The bank."""
    assert releases.consents.bank.requester is not None
    return Whose(releases.consents.bank.requester, DEFAULT_PER_DAY)


async def quota(releases: Releases, per_day: int) -> Quota:
    """An officer sets it; every process reads its limits at the next lease."""
    officer = releases.consents.world.staff.first
    return await releases.consents.db.run(set_quota, officer, whose(releases), per_day=per_day, reason=REASON)


async def second(releases: Releases) -> ReleaseEngine:
    """Another server process, as far as releases go: what it remembers and leases is its own."""
    engine = releases.engine
    return await ReleaseEngine.over(engine.database, engine.receipts, engine.gate)


async def outcomes(releases: Releases, engines: list[ReleaseEngine], token: str, count: int) -> Counter[str]:
    """So many requests at once, spread over the processes."""
    asks = [(engines[number % len(engines)], releases.ask(token)) for number in range(count)]
    found = await asyncio.gather(*(release(engine, ask) for engine, ask in asks), return_exceptions=True)
    assert all(not isinstance(each, BaseException) or isinstance(each, VaultError) for each in found), found
    return Counter(type(each).__name__ for each in found)


async def test_a_quota_is_never_over_issued_by_two_processes(releases: Releases) -> None:
    """Twenty-five a day and forty requests at once over two processes: at most that many leave, and once it is used up
    each refusal names the limit and when the next day begins."""
    await quota(releases, 25)
    engines, token = [releases.engine, await second(releases)], await releases.token(await releases.given())
    found = await outcomes(releases, engines, token, 40)
    assert found["Answer"] == 25
    assert found["QuotaSpent"] == 15
    with pytest.raises(QuotaSpent) as refused:
        await releases.release(token)
    assert refused.value.status == 429
    assert refused.value.members == {"limit": "quota"}
    assert refused.value.retry_after == 7.5 * 3600  # 16:30 in Beijing
    assert {entry["reason"] for entry in await releases.entries("release.refused")} == {"quota_spent"}


async def test_a_quota_begins_anew_at_midnight_of_the_registry(releases: Releases) -> None:
    """What was left does not add up."""
    await quota(releases, 1)
    await releases.values(await releases.token(await releases.given()))
    releases.later(hours=7, minutes=29, seconds=59)
    with pytest.raises(QuotaSpent):
        await releases.release(await releases.token(await releases.given()))
    releases.later(seconds=1)
    await releases.values(await releases.token(await releases.given()))
    with pytest.raises(QuotaSpent):
        await releases.release(await releases.token(await releases.given()))


async def test_a_process_that_crashes_takes_a_block_with_it_and_no_more(releases: Releases) -> None:
    """What it leased is lost to the day; nothing is leased twice."""
    await quota(releases, 1000)
    gone = await second(releases)
    token = await releases.token(await releases.given())
    await outcomes(releases, [gone], token, 3)
    held = await releases.consents.db.run(quota_of, whose(releases))
    assert 3 <= held.leased <= BLOCK
    await outcomes(releases, [releases.engine], token, 1)
    assert (await releases.consents.db.run(quota_of, whose(releases))).leased <= 2 * BLOCK


async def test_a_lowered_quota_holds_for_what_is_leased_next(releases: Releases) -> None:
    """What a process held of the higher one goes back first: nobody uses it up."""
    pool, owner = await releases.consents.db.pool(), whose(releases).requester
    await quota(releases, 1000)
    now = releases.clock.now()
    leases = Leases(pool, releases.consents.db.ring, read_again=0)
    for _ in range(5):
        await leases.take(owner, now)
    await quota(releases, 6)
    await leases.take(owner, now)
    with pytest.raises(QuotaSpent):
        await leases.take(owner, now)


async def test_what_came_to_nothing_costs_nothing(releases: Releases) -> None:
    """A replayed proof, a repetition: one release of the quota for the one that was recorded."""
    await quota(releases, 2)
    token = await releases.token(await releases.given())
    proof = releases.proof(token)
    await releases.values(token, proof=proof, key="once")
    with pytest.raises(VaultError):
        await releases.release(token, proof=proof)
    await releases.values(token, key="once")
    await releases.values(token)
    with pytest.raises(QuotaSpent):
        await releases.release(token)


@pytest.mark.parametrize("column", ["per_day", "per_minute"])
async def test_a_quota_edited_by_hand_is_refused(releases: Releases, column: str) -> None:
    """Its row gives power: it carries a MAC."""
    await quota(releases, 5)
    extra = ", slowed_until = now()" if column == "per_minute" else ""
    await releases.administrator.execute(f"UPDATE requester_quotas SET {column} = 1000000{extra}")
    with pytest.raises(Tampered):
        await releases.release(await releases.token(await releases.given()))


async def test_more_than_the_default_takes_two_officers(releases: Releases) -> None:
    """Nothing changes until another one, of another unit, agrees; each act is an entry."""
    one, other = releases.consents.world.staff.first, releases.consents.world.staff.second
    db, wanted = releases.consents.db, DEFAULT_PER_DAY * 2
    proposed = await quota(releases, wanted)
    assert (proposed.per_day, proposed.proposed) == (DEFAULT_PER_DAY, wanted)
    with pytest.raises(AnotherOfficer):
        await decide_on_record(db, one, whose(releases), agree=True, reason=REASON)
    with pytest.raises(Conflict):
        await quota(releases, wanted + 1)
    decided = await decide_on_record(db, other, whose(releases), agree=True, reason=REASON)
    assert (decided.per_day, decided.proposed, decided.is_default) == (wanted, None, False)
    with pytest.raises(Conflict):
        await decide_on_record(db, other, whose(releases), agree=True, reason=REASON)
    assert [entry["count"] for entry in await releases.entries("quota.set")] == [wanted]
    assert [entry["reason"] for entry in await releases.entries("quota.attempt_refused")] == ["same-officer"]


async def test_a_requester_that_is_slowed_down_gets_so_many_a_minute(releases: Releases) -> None:
    """All of its clients and all processes together; then it goes on as before. Slower and longer wins."""
    now = releases.clock.now()
    act = releases.consents.db.run
    await act(throttle, whose(releases).requester, 4, until=now + timedelta(minutes=5), reason="burst")
    await act(throttle, whose(releases).requester, 9, until=now + timedelta(minutes=2), reason="burst")
    engines, token = [releases.engine, await second(releases)], await releases.token(await releases.given())
    found = await outcomes(releases, engines, token, 10)
    assert (found["Answer"], found["QuotaSpent"]) == (4, 6)
    with pytest.raises(QuotaSpent) as refused:
        await releases.release(token)
    assert refused.value.members == {"limit": "rate"}
    assert refused.value.retry_after == 60
    releases.later(minutes=1)
    assert (await outcomes(releases, engines, token, 10))["Answer"] == 4
    releases.later(minutes=4)
    assert (await outcomes(releases, engines, await releases.token(await releases.given()), 10))["Answer"] == 10
    assert [entry["count"] for entry in await releases.entries("requester.throttled")] == [4, 4]


@pytest.mark.parametrize("per_minute", [-1, 10**10])
async def test_a_rate_is_a_count(releases: Releases, per_minute: int) -> None:
    """And it must end in the future."""
    until = releases.clock.now() + timedelta(minutes=1)
    with pytest.raises(Invalid):
        await releases.consents.db.run(throttle, whose(releases).requester, per_minute, until=until, reason="burst")


def body(**changes: Any) -> Any:
    """A declaration with these members."""
    return read_application(application(declaration=declared(**changes))).declaration


DAY = {"from": "08:00", "until": "20:00"}
NIGHT = {"from": "22:00", "until": "06:00"}


@pytest.mark.parametrize(
    ("hours", "utc", "holds"),
    [
        (DAY, "2026-11-22T00:00", True),
        (DAY, "2026-11-21T23:59", False),
        (DAY, "2026-11-22T11:59", True),
        (DAY, "2026-11-22T12:00", False),
        (NIGHT, "2026-11-22T14:00", True),
        (NIGHT, "2026-11-22T21:59", True),
        (NIGHT, "2026-11-22T22:00", False),
        (NIGHT, "2026-11-22T05:00", False),
    ],
)
def test_hours_are_those_of_the_registry(hours: dict[str, str], utc: str, holds: bool) -> None:
    """Beijing time, also over midnight; the end is not included."""
    now = datetime.fromisoformat(f"{utc}+00:00")
    if holds:
        check_place(body(hours=hours), "203.0.113.9", now)
    else:
        with pytest.raises(OutsideHours) as refused:
            check_place(body(hours=hours), "203.0.113.9", now)
        assert (refused.value.status, refused.value.members) == (403, {"limit": "hours"})


@pytest.mark.parametrize(
    ("address", "holds"),
    [
        ("203.0.113.9", True),
        ("::ffff:203.0.113.9", True),
        ("2001:db8::1", True),
        ("203.0.114.1", False),
        ("2001:db9::1", False),
        ("unknown", False),
        ("", False),
    ],
)
async def test_requests_from_elsewhere_are_refused(clock: FixedClock, address: str, holds: bool) -> None:
    """Where the declaration names networks, an address that is in none of them gets nothing, and no address neither."""
    place = body(networks=["203.0.113.0/24", "2001:db8::/32"])
    if holds:
        check_place(place, address, clock.now())
    else:
        with pytest.raises(OutsideNetworks) as refused:
            check_place(place, address, clock.now())
        assert (refused.value.status, refused.value.members) == (403, {"limit": "networks"})


@pytest.mark.parametrize(
    "changes",
    [
        {"hours": {"from": "08:00", "until": "08:00"}},
        {"hours": {"from": "8:00", "until": "20:00"}},
        {"hours": {"from": "08:00", "until": "24:00"}},
        {"networks": []},
        {"networks": ["203.0.113.9/24"]},
        {"networks": ["everywhere"]},
    ],
)
def test_what_is_no_time_and_no_network_is_not_declared(changes: dict[str, Any]) -> None:
    """Refused when it is handed in, by name."""
    try:
        found = list(problems(body(**changes), catalogue().item))
    except Invalid:
        return  # by its shape
    assert [where.partition(".")[0] for where, _ in found] == list(changes)


def test_officers_narrow_hours_and_networks_and_never_widen_them() -> None:
    """A cut lies within what holds; a later one within the earlier one."""
    whole = body()
    first = Cut(hours=Hours("08:00", "20:00"), networks=["203.0.113.0/24"])
    check_cut(whole, first)
    left = narrowed(whole, first.plain())
    assert left.hours == Hours("08:00", "20:00")
    for wrong in (Cut(hours=Hours("07:00", "20:00")), Cut(networks=["203.0.0.0/16"]), Cut(networks=["::/0"])):
        with pytest.raises(Invalid):
            check_cut(left, wrong)
    later = Cut(hours=Hours("09:00", "17:00"))
    check_cut(left, later)
    both = narrowed(whole, joined(first.plain(), later))
    assert both.hours == Hours("09:00", "17:00")
    assert both.networks == ["203.0.113.0/24"]
