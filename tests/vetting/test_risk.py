"""The risk score: named factors, each readable by itself, that add up."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.requesters.samples import application, cross_border, recipient
from vault.requesters.applications import read_application
from vault.vetting.risk import FACTORS, Facts, score

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def readings(founded: date | None = date(2011, 3, 15), listings: int | None = 0, **changes: Any) -> dict[str, int]:
    found = score(Facts(read_application(application(**changes)), founded, listings, NOW))
    assert found.total == sum(each.points for each in found.readings)
    assert 0 <= found.total <= 100
    return {each.factor.name: each.reading for each in found.readings}


def test_the_weights_add_up() -> None:
    """A score is out of one hundred; every factor explains itself in both languages."""
    assert sum(factor.weight for factor in FACTORS) == 100
    assert len({factor.name for factor in FACTORS}) == len(FACTORS)
    for factor in FACTORS:
        for texts in (factor.title, factor.explanation):
            assert set(texts) == {"en", "zh-CN"}
            assert all(texts.values())


@pytest.mark.parametrize(
    ("factor", "changes", "expected"),
    [
        ("cross-border", {"declaration__cross_border": cross_border()}, 100),
        ("onward-recipients", {"declaration__recipients": [recipient()]}, 50),
        ("periodic", {"declaration__collection": "one_time", "declaration__max_uses": 1}, 0),
        ("frequency", {"declaration__frequency": {"per": "hour", "count": 50}}, 100),
        ("long-retention", {"declaration__retention_days": 730}, 100),
        ("long-duration", {"declaration__longest_duration_days": 365}, 100),
        ("loopback-redirect", {"client__redirect_uris": ["https://harbour.example/back"]}, 0),
        ("young-company", {"founded": date(2026, 10, 1)}, 100),
        ("young-company", {"founded": None}, 50),
        ("credit-listings", {"listings": 1}, 50),
        ("credit-listings", {"listings": None}, 50),
    ],
)
def test_each_factor_reads_one_thing(factor: str, changes: dict[str, Any], expected: int) -> None:
    """And nothing else moves with it."""
    plain, changed = readings(), readings(**changes)
    assert changed[factor] == expected != plain[factor]
    assert {name for name in plain if plain[name] != changed[name]} == {factor}


def test_sensitive_items_weigh_by_their_number() -> None:
    """One, two, three."""
    text = {"en": "Needed for the loan", "zh-CN": "贷款所需"}
    items = [
        {"item": item, "forms": [form], "required": False, "necessity": text}
        for item, form in (("identity.national_id", "masked"), ("health.conditions", "predicate:any"))
    ]
    assert readings()["sensitive-items"] == 0
    assert [readings(declaration__items=items[:n])["sensitive-items"] for n in (1, 2)] == [33, 66]
