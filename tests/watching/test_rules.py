"""The rules, by their figures: what applies, what just does not, and that everything about them is said."""

from collections import Counter

import pytest

from vault.watching.counting import Tally
from vault.watching.rules import RULES, STOP, THROTTLE, Behaviour, Order, judge, outcome_of, score


def seen(**given: object) -> Behaviour:
    """A behaviour with these counts; all else is nothing."""
    parts = {name: Tally() for name in ("hour", "day", "week", "month")}
    order = Order(0, 0)
    for name, value in given.items():
        if isinstance(value, Order):
            order = value
        elif isinstance(value, Tally):
            parts[name] = value
    return Behaviour(**parts, order=order)


def counted(**counts: int) -> Tally:
    return Tally(counts=Counter(counts))


CASES = {
    "a usual hour": (seen(hour=counted(given=50), day=counted(given=50)), {}),
    "five times as many": (seen(hour=counted(given=51), day=counted(given=51)), {"burst-of-new-persons": 30}),
    "twenty times": (seen(hour=counted(given=201), day=counted(given=201)), {"burst-of-new-persons": 45}),
    "a big bank's hour": (seen(hour=counted(given=500), day=counted(given=9000), week=counted(given=60_000)), {}),
    "at night": (seen(day=counted(delivered=100, night=50), week=counted(delivered=100, night=19)), {"off-hours": 20}),
    "always at night": (seen(day=counted(delivered=100, night=90), week=counted(delivered=100, night=90)), {}),
    "few at night": (seen(day=counted(delivered=99, night=99)), {}),
    "nineteen refusals": (seen(day=counted(refused=19)), {}),
    "a third refused": (seen(day=counted(refused=30, delivered=70)), {"refused-share": 25}),
    "most refused": (seen(day=counted(refused=60, delivered=40)), {"refused-share": 50}),
    "a list walked through": (seen(order=Order(100, 99)), {"scraping-order": 25}),
    "used as they come": (seen(order=Order(100, 94)), {}),
    "a short list": (seen(order=Order(99, 98)), {}),
    "nineteen guesses": (seen(hour=counted(guesses=19)), {}),
    "twenty guesses": (seen(hour=counted(guesses=20)), {"sequential-guesses": 30}),
    "a hundred guesses": (seen(hour=counted(guesses=100)), {"sequential-guesses": 60}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_rule_applies_from_its_line_on(name: str) -> None:
    """Each at its line and just below it."""
    behaviour, expected = CASES[name]
    assert {each.rule: each.points for each in judge(behaviour)} == expected


def test_scope_that_is_never_used() -> None:
    """Half of what people granted was never asked for; items that few granted do not count."""
    granted = Counter({"a": 50, "b": 50, "c": 49})
    month = Tally(counts=Counter(delivered=50), items=Counter(a=50), granted=granted)
    (finding,) = judge(seen(month=month))
    assert (finding.rule, finding.points) == ("unused-scope", 10)
    assert finding.figures == {"items_granted": 2, "items_never_used": 1, "deliveries_last_month": 50}
    month.items["b"] = 1
    assert judge(seen(month=month)) == []


def test_points_lead_to_one_outcome() -> None:
    """Nothing, noted, throttled, stopped: by the published lines."""
    assert [outcome_of(points) for points in (0, 19, 20, THROTTLE - 1, THROTTLE, STOP - 1, STOP)] == [
        None,
        None,
        "noted",
        "noted",
        "throttled",
        "throttled",
        "stopped",
    ]


def test_every_rule_is_explained_in_both_languages() -> None:
    """By name, title and meaning, so that whoever is slowed down can read why."""
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert set(rule.title) == set(rule.meaning) == {"en", "zh-CN"}
        assert all((*rule.title.values(), *rule.meaning.values()))


def test_no_single_rule_stops_anybody() -> None:
    """The most that each can give stays below the line: one oddity is no proof."""
    worst = seen(
        hour=counted(given=10_000, guesses=10_000),
        day=counted(given=10_000, delivered=200, night=200, refused=1_000),
        order=Order(1_000, 999),
        month=Tally(Counter(delivered=100), Counter(), Counter(a=100)),
    )
    found = judge(worst)
    assert {each.rule for each in found} == {rule.name for rule in RULES}
    assert all(each.points < STOP for each in found)
    assert score(found) > STOP
