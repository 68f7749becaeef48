"""Blast radius: whom an organisation reached, as the register and the ledger count it, and what to tell them."""

from datetime import timedelta

import pytest

from tests.oversight.conftest import Authority
from tests.release.world import Releases
from vault.errors import Invalid
from vault.oversight.notices import Lost, notice
from vault.oversight.reach import Case, radius, sensitivity_of
from vault.registry import OutsideMandate
from vault.registry.mandates import QUESTIONS
from vault.signin import Holder


def case(releases: Releases, **changes: object) -> Case:
    bank, now = releases.consents.bank.requester, releases.clock.now()
    return Case(**{"requester": bank, "since": now - timedelta(hours=1), "until": now + timedelta(hours=1)} | changes)  # type: ignore[arg-type]  # by name


async def test_persons_items_dates_and_counts(releases: Releases, regulator: Holder) -> None:
    """The register's numbers, and the ledger's beside them; nobody is named."""
    found = await radius(releases.consents.db, regulator, case(releases))
    assert (found.count, found.releases, found.entries) == (1, 2, 2)
    assert found.items == {"identity.name:raw": (1, 2)}
    assert list(found.days.values()) == [2]
    (person,) = found.persons
    assert person.releases == 2
    assert releases.consents.person.id.hex not in repr(found)
    assert len(await releases.entries("query.made")) == 1


async def test_a_person_has_another_reference_in_another_case(releases: Releases, regulator: Holder) -> None:
    """Two cases cannot be laid side by side; the same case gives the same references."""
    db = releases.consents.db
    one = await radius(db, regulator, case(releases))
    again = await radius(db, regulator, case(releases))
    other = await radius(db, regulator, case(releases, since=releases.clock.now() - timedelta(hours=2)))
    assert one.persons == again.persons
    assert one.persons[0].reference != other.persons[0].reference
    after = await radius(db, regulator, case(releases, after=one.persons[0].reference))
    assert after.persons == []
    assert after.count == 1


async def test_nothing_outside_the_period(releases: Releases, regulator: Holder) -> None:
    """Neither persons nor notices."""
    now = releases.clock.now()
    found = await radius(releases.consents.db, regulator, case(releases, since=now + timedelta(seconds=1)))
    assert (found.count, found.entries, found.notices) == (0, 0, [])
    for wrong in (case(releases, since=now, until=now), case(releases, limit=0), case(releases, limit=1001)):
        with pytest.raises(Invalid):
            await radius(releases.consents.db, regulator, wrong)


async def test_it_takes_its_own_power(releases: Releases, authority: Authority) -> None:
    """A mandate for questions alone, or for other regions, reaches nobody."""
    for mandate in ({"powers": (QUESTIONS,)}, {"regions": ["99"]}, {"sectors": ["health"]}):
        await authority.give(**mandate)  # type: ignore[arg-type]  # by name
        with pytest.raises(OutsideMandate):
            await radius(releases.consents.db, authority.first, case(releases))


async def test_notices_say_what_the_law_asks_for(releases: Releases, regulator: Holder) -> None:
    """In both languages: who, when, which information by its name, what may follow and what to do."""
    found = await radius(releases.consents.db, regulator, case(releases))
    (made,) = found.notices
    assert made.persons == 1
    for language, words in (
        ("zh-CN", ("第五十七条", "2026年11月22日", "可能造成的危害", "您可以采取的措施")),
        ("en", ("PIPL article 57", "22 November 2026", "What may follow", "What you can do")),
    ):
        for word in words:
            assert word in made.text[language]
        assert "identity.name" not in made.text[language]


@pytest.mark.parametrize("sensitivity", ["sensitive", "general", "public"])
def test_each_class_has_its_notice(releases: Releases, sensitivity: str) -> None:
    """What may follow differs with what was lost."""
    now = releases.clock.now()
    lost = Lost(
        {"en": "Bank", "zh-CN": "银行"}, now, now + timedelta(days=1), sensitivity, ("identity.name:raw", "gone")
    )
    made = notice(lost, persons=3)
    assert set(made.text) == {"zh-CN", "en"}
    assert "gone" in made.text["en"]


def test_what_is_unknown_counts_as_sensitive() -> None:
    """A person's class is that of the worst they lost."""
    assert sensitivity_of(frozenset({"identity.name:raw"})) == "general"
    assert sensitivity_of(frozenset({"identity.name:raw", "identity.national_id:masked"})) == "sensitive"
    assert sensitivity_of(frozenset({"no.such:raw"})) == "sensitive"
