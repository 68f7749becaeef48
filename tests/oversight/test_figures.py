"""Figures over time: counted from entries, in whole buckets, within a mandate, and recorded as a question."""

from datetime import timedelta

import pytest

from tests.oversight.conftest import Authority
from tests.release.world import Releases
from vault.clock import FixedClock
from vault.errors import Invalid
from vault.oversight.counters import STAGE, Figures, record_figures
from vault.oversight.figures import EXPIRED, Stretch, bucket, figures, following
from vault.registry import OutsideMandate
from vault.signin import Holder


def stretch(releases: Releases, **changes: object) -> Stretch:
    now = releases.clock.now()
    return Stretch(**{"since": now - timedelta(hours=3), "until": now + timedelta(hours=1), "per": "hour"} | changes)  # type: ignore[arg-type]  # by name


async def test_what_happened_is_counted(releases: Releases, regulator: Holder) -> None:
    """Releases, refusals with their reasons, grants: by the hour they happened in."""
    found = await figures(releases.consents.db, regulator, stretch(releases))
    assert found.buckets == sorted(found.buckets)
    sums = {name: sum(counts) for name, counts in found.series.items() if any(counts)}
    assert sums["release.delivered"] == 2
    assert sums["release.refused"] == sums["release.refused:over_asked"] == 1
    assert sums["grant.given"] == 1
    at = found.buckets.index(bucket(releases.clock.now(), "hour"))
    assert found.series["release.delivered"][at] == 2
    assert len(await releases.entries("query.made")) == 1


async def test_a_grant_that_ran_out_is_counted_by_reading(releases: Releases, regulator: Holder) -> None:
    """Nothing swept it; before its time it is not there."""
    db, start = releases.consents.db, releases.clock.now()
    ((ends,),) = await releases.administrator.rows("SELECT expires_at FROM grants")
    asked = Stretch(start, ends + timedelta(days=1), "day")
    assert sum((await figures(db, regulator, asked)).series[EXPIRED]) == 0
    releases.clock.move(ends - start)
    releases.clock.move(timedelta(seconds=1))
    assert sum((await figures(db, regulator, asked)).series[EXPIRED]) == 1


async def test_stages_and_latency_are_counted_without_contents(releases: Releases, regulator: Holder) -> None:
    """Once for each request, by organisation; added up over processes."""
    db, bank = releases.consents.db, releases.consents.bank.requester
    assert bank is not None
    for _ in range(2):
        meter = Figures()
        for _ in range(3):
            meter.stage("opened", bank, of="urn:one")
        meter.latency(0.02)
        await db.run(record_figures, meter.take())
        assert not meter.take()
    found = await figures(db, regulator, stretch(releases))
    assert sum(found.series[f"{STAGE}:opened"]) == 2
    assert sum(found.series["latency:to-50ms"]) == 2


async def test_another_sector_gets_nothing(releases: Releases, authority: Authority) -> None:
    """Refused as it is, empty where it is asked for within the mandate."""
    await authority.give(sectors=["health"])
    with pytest.raises(OutsideMandate):
        await figures(releases.consents.db, authority.first, stretch(releases))
    bank, meter = releases.consents.bank.requester, Figures()
    assert bank is not None
    meter.stage("opened", bank, of="urn:one")
    await releases.consents.db.run(record_figures, meter.take())
    for requester in (None, bank):
        asked = stretch(releases, within_mandate=True, requester=requester)
        within = await figures(releases.consents.db, authority.first, asked)
        assert not any(any(counts) for counts in within.series.values())


async def test_periods_are_bounded(releases: Releases, regulator: Holder) -> None:
    """Neither backwards nor for ever."""
    now = releases.clock.now()
    for wrong in (Stretch(now, now), Stretch(now - timedelta(days=3000), now, "hour")):
        with pytest.raises(Invalid):
            await figures(releases.consents.db, regulator, wrong)


def test_months_follow_each_other(clock: FixedClock) -> None:
    """In the registry's zone, also from January to February."""
    at = bucket(clock.now(), "month")
    months = []
    for _ in range(14):
        months.append((at.year, at.month, at.day, at.hour))
        at = following(at, "month")
    assert months == [(2026 + (10 + n) // 12, (10 + n) % 12 + 1, 1, 0) for n in range(14)]
