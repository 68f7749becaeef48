"""How often: the number of uses and the frequency are exact, whoever asks at the same time."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.release.world import Releases
from vault.errors import VaultError
from vault.release.limits import Limits, Used, check
from vault.release.pipeline import release
from vault.release.refusals import GrantEnded, TooOften, UsesSpent

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


async def twenty_at_once(releases: Releases, token: str) -> list[object]:
    """Twenty requests with keys and proofs of their own, sent together."""
    asks = [releases.ask(token) for _ in range(20)]
    return await asyncio.gather(*(release(releases.engine, ask) for ask in asks), return_exceptions=True)


def delivered(outcomes: list[object]) -> int:
    """How many got data; the others must have been refused by rule."""
    refused = [each for each in outcomes if isinstance(each, BaseException)]
    assert all(isinstance(each, VaultError) for each in refused), refused
    return len(outcomes) - len(refused)


async def test_the_number_of_uses_is_exact_with_twenty_at_once(releases: Releases) -> None:
    """Seven were allowed: seven get data, thirteen are told which limit, and each has its entry."""
    given = await releases.given(max_uses=7)
    outcomes = await twenty_at_once(releases, await releases.token(given))
    assert delivered(outcomes) == 7
    spent = [each for each in outcomes if isinstance(each, UsesSpent)]
    assert len(spent) == 13
    assert spent[0].status == 403
    assert spent[0].members == {"limit": "max_uses"}
    assert await releases.uses(given) == 7
    assert len(await releases.entries("release.delivered")) == 7
    assert [e["reason"] for e in await releases.entries("release.refused")] == ["uses_spent"] * 13


async def test_the_frequency_is_exact_with_twenty_at_once(releases: Releases) -> None:
    """Five an hour were allowed: five get data, the others learn when to come back."""
    given = await releases.given(frequency={"per": "hour", "count": 5})
    outcomes = await twenty_at_once(releases, await releases.token(given))
    assert delivered(outcomes) == 5
    late = [each for each in outcomes if isinstance(each, TooOften)]
    assert {each.retry_after for each in late} == {3600}
    assert late[0].status == 429
    assert late[0].members == {"limit": "frequency"}


async def test_a_window_opens_again_after_its_hour(releases: Releases) -> None:
    """One an hour: the second is refused until the hour is over, then one is allowed again."""
    given = await releases.given(frequency={"per": "hour", "count": 1})
    await releases.values(await releases.token(given))
    releases.later(minutes=59, seconds=30)
    with pytest.raises(TooOften) as refused:
        await releases.values(await releases.token(given))
    assert refused.value.retry_after == 30
    releases.later(seconds=30)
    await releases.values(await releases.token(given))
    with pytest.raises(TooOften):
        await releases.values(await releases.token(given))


async def test_different_grants_of_one_person_do_not_stop_each_other(releases: Releases) -> None:
    """Twenty releases of two grants at once: all delivered, each with its own ledger number."""
    tokens = [await releases.token(await releases.given()) for _ in range(2)]
    both = await asyncio.gather(*(twenty_at_once(releases, token) for token in tokens))
    assert [delivered(outcomes) for outcomes in both] == [20, 20]
    entries = await releases.entries("release.delivered")
    assert len({entry["tag"] for entry in entries}) == 40


async def test_expiry_is_decided_when_reading(releases: Releases) -> None:
    """At the very moment of its end a grant gives nothing, and no sweep has run."""
    given = await releases.given()
    releases.clock.at = given.expires_at - timedelta(milliseconds=1)
    await releases.values(await releases.token(given))
    token = await releases.token(given, expires_at=given.expires_at + DAY)
    releases.clock.at = given.expires_at
    with pytest.raises(GrantEnded):
        await releases.release(token)
    assert [e["reason"] for e in await releases.entries("release.refused")] == ["expired"]


@pytest.mark.parametrize(
    ("uses", "ago", "window_uses", "refused"),
    [
        (0, None, 0, None),
        (9, timedelta(0), 2, None),
        (10, timedelta(0), 1, UsesSpent),
        (9, timedelta(0), 3, TooOften),
        (9, DAY - timedelta(microseconds=1), 3, TooOften),
        (9, DAY, 3, None),
    ],
)
def test_the_rule_alone(uses: int, ago: timedelta | None, window_uses: int, refused: type[VaultError] | None) -> None:
    """Ten in all, three a day, windows by the clock."""
    used = Used(uses, None if ago is None else NOW - ago, window_uses)
    if refused is None:
        check(Limits(10, 3, DAY), used, NOW)
    else:
        with pytest.raises(refused):
            check(Limits(10, 3, DAY), used, NOW)
