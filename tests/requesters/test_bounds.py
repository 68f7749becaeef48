"""Bounds: the most specific rule holds, each excess is named, another version takes two officers of two units."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest

from tests.profile.world import drafts
from tests.requesters.samples import application, declaration
from tests.requesters.world import Staff, both_approve, let_in
from vault.crypto.canonical import b64
from vault.db import Database
from vault.errors import Conflict, Invalid, NotFound, Refused, Tampered
from vault.profile.catalogue import catalogue
from vault.requesters import bounding, register
from vault.requesters.applications import read_application
from vault.requesters.bounds import Bounds, Rule, check_rules, excesses, plain, shipped
from vault.requesters.declarations import Declaration
from vault.requesters.purposes import purposes
from vault.requesters.two_officers import AnotherOfficer
from vault.requesters.uscc import check_character
from vault.vetting.desk import apply

OTHER = "91110000600037341" + check_character("91110000600037341")
EVERYTHING = Rule(
    purpose="*",
    item="*",
    collection="*",
    longest_duration_days=365,
    retention_days=30,
    per_hour=10,
    per_day=100,
    forms=["raw", "masked", "predicate:*"],
)


async def said(db: Database, name: str) -> dict[str, Any]:
    """The last entry of that name."""
    every = [msgspec.json.decode(draft) for draft in await drafts(db)]
    return next(entry for entry in reversed(every) if entry["event"] == name)


def rule(purpose: str = "*", item: str = "*", collection: Any = "*", **limits: Any) -> Rule:
    return Rule(purpose=purpose, item=item, collection=collection, **limits)


def bounds(*more: Rule) -> Bounds:
    rules = [*more, EVERYTHING]
    check_rules(rules)
    return Bounds(7, rules)


def beyond(held: Bounds, **changes: Any) -> list[str]:
    """The fields in which the sample exceeds these bounds."""
    return [where for where, _ in excesses(msgspec.convert({**declaration(), **changes}, Declaration), held)]


def test_the_more_specific_rule_holds_for_each_limit() -> None:
    """Purpose before item, item before collection; what a rule does not state comes from the next."""
    held = bounds(
        rule("credit.mortgage", "identity.name", retention_days=5),
        rule("credit.mortgage", "identity.*", retention_days=6, per_day=7),
        rule("credit.mortgage", retention_days=8, longest_duration_days=9),
        rule("credit.*", "identity.name", "periodic", retention_days=10, per_hour=1),
        rule("*", "identity.name", "one_time", forms=["masked"]),
    )
    name = held.limits("credit.mortgage", "identity.name", "periodic")
    assert (name.retention_days, name.per_day, name.longest_duration_days, name.per_hour) == (5, 7, 9, 1)
    assert name.forms == EVERYTHING.forms
    assert held.limits("credit.mortgage", "identity.name", "one_time").forms == ["masked"]
    assert held.limits("credit.mortgage", "identity.gender", "periodic").retention_days == 6
    assert held.limits("credit.mortgage", "contact.email", "periodic").retention_days == 8
    assert held.limits("credit.card", "identity.name", "periodic").retention_days == 10
    assert held.limits("credit.card", "identity.name", "one_time").retention_days == 30
    assert held.limits("insurance.claim", "contact.email", "periodic") == held.limits(
        "x.y", "contact.email", "one_time"
    )


def test_what_is_within_the_bounds_passes() -> None:
    """A limit may be reached."""
    assert beyond(bounds(rule("credit.mortgage", longest_duration_days=90, retention_days=30, per_day=5))) == []


@pytest.mark.parametrize(
    ("limit", "field"),
    [
        ({"longest_duration_days": 89}, "longest_duration_days"),
        ({"retention_days": 29}, "retention_days"),
        ({"per_day": 4}, "frequency.count"),
        ({"forms": ["raw"]}, "items[0].forms[1]"),
        ({"forms": []}, "items[0].forms[0]"),
    ],
)
def test_each_excess_is_named(limit: dict[str, Any], field: str) -> None:
    """By its field; the text names the item, the purpose and the version."""
    held = bounds(rule("credit.mortgage", "identity.name", **limit))
    assert field in beyond(held)
    _, why = next(iter(excesses(msgspec.convert(declaration(), Declaration), held)))
    assert "identity.name" in why
    assert "credit.mortgage" in why
    assert "version 7" in why


def test_an_hour_is_bounded_by_itself() -> None:
    """The limit of the declared window counts."""
    assert beyond(bounds(), frequency={"per": "hour", "count": 10}) == []
    assert beyond(bounds(), frequency={"per": "hour", "count": 11}) == ["frequency.count"] * 2


def test_a_kind_of_form_may_be_allowed_as_such() -> None:
    """``predicate:*`` is every predicate, and nothing else."""
    limits = bounds().limits("credit.mortgage", "identity.birthdate", "periodic")
    assert limits.allows("predicate:over_18")
    assert not limits.allows("predicate")
    assert not limits.allows("band")


def test_the_shipped_bounds_cover_every_item_and_purpose() -> None:
    """Whatever is declared meets a limit of each kind; nothing is offered that the vault does not know."""
    for code in purposes().by_code:
        for section in catalogue().sections.values():
            for name in section.fields:
                assert shipped().limits(code, f"{section.name}.{name}", "periodic").longest_duration_days >= 1
    items = {f"{section.name}.{name}" for section in catalogue().sections.values() for name in section.fields}
    patterns = items | {"*"} | {f"{section}.*" for section in catalogue().sections}
    assert {rule.item for rule in shipped().rules} <= patterns


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        ([rule("*", retention_days=1)], "rules"),
        ([rule("credit.*", retention_days=1)], "rules"),
        ([EVERYTHING, rule("credit.*")], "rules[1]"),
        ([EVERYTHING, EVERYTHING], "rules[1]"),
        ([EVERYTHING, rule("credit.unheard-of", retention_days=1)], "rules[1].purpose"),
        ([EVERYTHING, rule("nothing.*", retention_days=1)], "rules[1].purpose"),
    ],
)
def test_rules_that_cannot_be_are_named(rules: list[Rule], where: str) -> None:
    """Before anybody adopts them."""
    with pytest.raises(Invalid) as caught:
        check_rules(rules)
    errors = caught.value.members["errors"]
    assert isinstance(errors, list)
    assert where in [each["field"] for each in errors]


NARROW = [EVERYTHING, rule("credit.*", longest_duration_days=60)]


async def test_two_officers_of_two_units_adopt(database: Database, staff: Staff) -> None:
    """Until then the old ones hold; the entries name both, and the digest of what was adopted."""
    assert (await database.run(bounding.current)).version == 1
    proposed = await database.run(bounding.propose, staff.first, NARROW, "loans are too long")
    assert (proposed.bounds.version, proposed.status) == (2, "proposed")
    assert (await database.run(bounding.current)).version == 1
    adopted = await bounding.decide_on_record(database, staff.second, 2, adopt=True, reason="agreed")
    assert adopted.status == "adopted"
    held = await database.run(bounding.current)
    assert held == Bounds(2, NARROW)
    entry = await said(database, "bounds.adopted")
    assert (entry["count"], entry["digest"]) == (2, b64(held.digest()))
    assert staff.second.id.hex in str(entry["actor"])
    assert staff.first.id.hex in entry["second"]


async def test_one_officer_is_not_enough(database: Database, staff: Staff) -> None:
    """Nor is anybody without the role; what was tried is in the ledger."""
    await database.run(bounding.propose, staff.first, NARROW, "loans are too long")
    with pytest.raises(AnotherOfficer) as caught:
        await bounding.decide_on_record(database, staff.first, 2, adopt=True, reason="agreed")
    assert caught.value.reason == "same-officer"
    for holder in (staff.third, staff.regulator):
        with pytest.raises(Refused):
            await database.run(bounding.decide, holder, 2, adopt=True, reason="agreed")
        with pytest.raises(Refused):
            await database.run(bounding.propose, holder, NARROW, "loans are too long")
    assert (await said(database, "bounds.attempt_refused"))["reason"] == "same-officer"
    assert (await database.run(bounding.current)).version == 1


async def test_a_colleague_of_the_same_unit_is_not_enough(database: Database, twins: Staff) -> None:
    """However the unit is written."""
    await database.run(bounding.propose, twins.first, NARROW, "loans are too long")
    with pytest.raises(AnotherOfficer) as caught:
        await database.run(bounding.decide, twins.second, 2, adopt=True, reason="agreed")
    assert caught.value.reason == "same-unit"


async def test_what_is_decided_stays_decided(database: Database, staff: Staff) -> None:
    """A refused version keeps its number, and never holds."""
    await database.run(bounding.propose, staff.first, NARROW, "loans are too long")
    with pytest.raises(Conflict):
        await database.run(bounding.propose, staff.second, NARROW, "mine is better")
    await database.run(bounding.decide, staff.second, 2, adopt=False, reason="too narrow")
    for adopt in (True, False):
        with pytest.raises(Conflict):
            await database.run(bounding.decide, staff.second, 2, adopt=adopt, reason="again")
    assert (await database.run(bounding.current)).version == 1
    assert (await database.run(bounding.version, 2)).status == "refused"
    assert (await database.run(bounding.propose, staff.first, NARROW, "again")).bounds.version == 3
    with pytest.raises(NotFound):
        await database.run(bounding.version, 4)


async def test_two_proposals_at_once_do_not_share_a_number(database: Database, staff: Staff) -> None:
    """One of them is told to look at the other."""
    made = await asyncio.gather(
        *(database.run(bounding.propose, who, NARROW, "loans are too long") for who in (staff.first, staff.second)),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in made) == ["BoundsVersion", "Conflict"]


async def test_a_permit_keeps_the_version_it_was_vetted_under(database: Database, staff: Staff) -> None:
    """What was allowed stays allowed; what is declared from now on meets the new bounds."""
    before = await let_in(database, staff)
    await database.run(bounding.propose, staff.first, NARROW, "loans are too long")
    waiting = application(organisation__uscc=OTHER, declaration__longest_duration_days=60)
    await database.run(bounding.decide, staff.second, 2, adopt=True, reason="agreed")
    with pytest.raises(Invalid, match="longest_duration_days"):
        await let_in(database, staff, application(organisation__uscc=OTHER))
    after = await let_in(database, staff, waiting)
    found = []
    for decided in (before, after):
        assert decided.declaration is not None
        found.append((await database.run(register.declaration, decided.declaration)).bounds_version)
    assert found == [1, 2]


async def test_what_the_bounds_overtook_is_not_approved(database: Database, staff: Staff) -> None:
    """Handed in under old bounds, decided under new ones: the new ones hold."""
    applied = await database.run(apply, read_application(application()))
    await database.run(bounding.propose, staff.first, NARROW, "loans are too long")
    await database.run(bounding.decide, staff.second, 2, adopt=True, reason="agreed")
    with pytest.raises(Conflict, match="bounds changed"):
        await both_approve(database, staff, applied.id)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE bounds SET status = 'adopted', decided_at = now(), decided_by = proposed_by",
        "UPDATE bounds SET rules = '[]'",
        "UPDATE bounds SET number = 9",
    ],
)
async def test_edited_bounds_are_refused(database: Database, database_url: str, staff: Staff, edit: str) -> None:
    """A database administrator does not widen what may be declared."""
    await database.run(bounding.propose, staff.first, NARROW, "loans are too long")
    connection = await asyncpg.connect(database_url)
    await connection.execute(edit)
    await connection.close()
    with pytest.raises(Tampered):
        await database.run(bounding.versions)


def test_rules_read_as_they_were_written() -> None:
    """What a rule does not state is not there."""
    assert msgspec.convert(plain(NARROW), list[Rule]) == NARROW
    assert set(plain(NARROW)[1]) == {"purpose", "item", "collection", "longest_duration_days"}
