"""An order: what it must say, who signs, that nobody is looked for before, and that the person learns of it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import NOW
from tests.lawful.world import NUMBER, Lawful
from vault.accounts import notices
from vault.clock import millis
from vault.consent.terms import ItemForm
from vault.edge.history import own_history
from vault.errors import Conflict, Invalid, Refused, Tampered
from vault.ids import PersonId
from vault.lawful.deciding import confirm_by_court
from vault.lawful.orders import LawfulRefused
from vault.lawful.reading import figures, listing
from vault.lawful.telling import tell_revealed
from vault.ledger import hidden

NOBODYS = "11010119900103777"


async def test_either_side_proposes_and_the_other_signs(lawful: Lawful) -> None:
    """Nobody is looked for before: the proposal is about no person, and its entry carries no tag."""
    for first, second in ((lawful.officer, lawful.regulator), (lawful.regulator, lawful.officer)):
        row = await lawful.proposed(by=first)
        assert (row.state, row.person_id) == ("proposed", None)
        signed = await lawful.decided(row, by=second)
        assert (signed.state, signed.person_id) == ("in_force", lawful.person.id)
        assert (signed.officer_id, signed.regulator_id) == (lawful.officer.id, lawful.regulator.id)
    assert all("tag" not in each for each in await lawful.releases.entries("lawful.proposed"))


async def test_one_person_or_one_side_is_not_two(lawful: Lawful) -> None:
    """Not oneself, not a colleague of one's own authority, not somebody without the role or its key."""
    row = await lawful.proposed()
    colleague = await lawful.another("officer", ("recovery-registry",), "extra.officer")
    for who, why in ((lawful.officer, "same-person"), (colleague, "same-side")):
        with pytest.raises(LawfulRefused) as refused:
            await lawful.decided(row, by=who)
        assert refused.value.reason == why
    for who in (lawful.world.staff.first, lawful.person):
        with pytest.raises(Refused):
            await lawful.decided(row, by=who)
        with pytest.raises(Refused):
            await lawful.proposed(by=who)
    said = await lawful.releases.entries("lawful.attempt_refused")
    assert [each["reason"] for each in said] == ["same-person", "same-side"]


async def test_nobody_tries_numbers_alone(lawful: Lawful) -> None:
    """A number that nobody has is proposed as any other; only with both signatures is it found out, and recorded."""
    row = await lawful.proposed(lawful.order(number=NOBODYS))
    assert row.state == "proposed"
    decided = await lawful.decided(row)
    assert (decided.state, decided.person_id) == ("refused", None)
    (said,) = await lawful.releases.entries("lawful.declined")
    assert (said["reason"], "tag" in said) == ("no-vault", False)
    declined = await lawful.decided(await lawful.proposed(), agree=False)
    assert (declined.state, declined.person_id) == ("refused", None)
    with pytest.raises(Conflict):
        await lawful.decided(declined)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"basis": "curiosity"}, "basis"),
        ({"basis": "life-in-danger"}, "basis"),
        ({"valid_until": NOW + timedelta(days=31)}, "valid_until"),
        ({"valid_until": NOW}, "valid_until"),
        ({"openings": 11}, "openings"),
        ({"openings": 0}, "openings"),
        ({"reveal_at": NOW + timedelta(days=181)}, "reveal_at"),
        ({"reveal_at": NOW}, "reveal_at"),
        ({"items": []}, "items"),
        ({"items": [ItemForm("identity.name", "raw")] * 2}, "items"),
        ({"items": [ItemForm("identity.everything", "raw")]}, "identity.everything"),
        ({"items": [ItemForm("identity.name", "band")]}, "identity.name"),
    ],
)
async def test_what_goes_too_far_is_no_order(lawful: Lawful, changes: dict[str, Any], field: str) -> None:
    """A basis of another kind, too long, too often, hidden for too long or not at all, parts not named exactly."""
    with pytest.raises(Invalid, match=field):
        await lawful.proposed(lawful.order(**changes))


async def test_what_nobody_signs_in_time_is_over(lawful: Lawful) -> None:
    """Three days for a court's, six hours in an emergency: decided when reading."""
    court, urgent = await lawful.proposed(), await lawful.proposed(lawful.emergency())
    lawful.releases.later(hours=6)
    with pytest.raises(Conflict):
        await lawful.decided(urgent)
    lawful.releases.later(hours=66)
    with pytest.raises(Conflict):
        await lawful.decided(court)
    async with lawful.db.begin() as session:
        assert [each.state for each in await listing(session, lawful.officer)] == ["lapsed", "lapsed"]


async def test_an_order_edited_before_the_second_signs(lawful: Lawful) -> None:
    """The second signs what the first signed, or nothing."""
    row = await lawful.proposed()
    await lawful.administrator.execute('UPDATE lawful_orders SET subject = subject || \'{"9": "AAAA"}\'')
    with pytest.raises(Tampered):
        await lawful.decided(row)


async def test_the_person_sees_a_line_at_once_and_everything_on_the_day(lawful: Lawful) -> None:
    """Never silent: numbered and counted at once, told on the day, which neither an end nor another order moves."""
    row = await lawful.in_force()
    await lawful.opened(await lawful.peeled(row))
    await lawful.in_force(lawful.order(reveal_at=NOW + timedelta(days=180)))
    await lawful.releases.settled()

    async def seen() -> list[str]:
        async with lawful.db.begin() as session:
            found = await own_history(session, lawful.person)
        return [each.members["event"] for each in found.entries]

    assert (await seen())[:4] == ["access.hidden"] * 4
    async with lawful.db.begin() as session:
        (count,) = await hidden.counts(session)
        assert (count.authority, count.count) == ("北京市第一中级人民法院", 4)
        assert [(each.kind, each.orders, each.openings) for each in await figures(session)] == [
            ("court", 2, 1),
            ("emergency", 0, 0),
        ]
    assert await lawful.db.run(tell_revealed) == 0
    lawful.releases.later(days=60)
    assert (await seen())[:4] == ["access.hidden", "lawful.opened", "lawful.peeled", "lawful.ordered"]
    async with lawful.db.begin() as session:
        opened = (await own_history(session, lawful.person)).entries[1].members
    assert opened["actor"]["id"] == f"reg_{lawful.regulator.id.hex}"
    assert opened["items"][0] == {"item": "identity.name", "form": "raw"}
    assert (opened["reason"], opened["hidden_until"]) == ("criminal-evidence", millis(row.reveal_at))
    assert await lawful.db.run(tell_revealed) == 1
    assert await lawful.db.run(tell_revealed) == 0
    told = await lawful.db.run(notices, PersonId(lawful.person.id))
    assert [each.kind for each in told] == ["lawful_access"]


async def test_an_emergency_waits_for_its_court(lawful: Lawful) -> None:
    """Both name the same decision within three days; until then everybody sees that it is awaited, or overdue."""
    row = await lawful.in_force(lawful.emergency())

    async def figure() -> tuple[int, int]:
        async with lawful.db.begin() as session:
            found = (await figures(session))[1]
        return found.awaiting_court, found.overdue

    assert await figure() == (1, 0)
    lawful.releases.later(hours=72)
    assert await figure() == (1, 1)
    named = {"number": "(2026)京0105刑初9号", "document_digest": bytes(32)}
    for who in (lawful.officer, lawful.officer):
        await lawful.db.run(confirm_by_court, who, row.id, **named)
    assert await figure() == (1, 1)
    other = named | {"document_digest": b"x" * 32}
    await lawful.db.run(confirm_by_court, lawful.regulator, row.id, **other)
    assert await figure() == (1, 1)
    confirmed = await lawful.db.run(confirm_by_court, lawful.officer, row.id, **other)
    assert confirmed.court_confirmed_at is not None
    assert await figure() == (0, 0)
    with pytest.raises(Conflict):
        await lawful.db.run(confirm_by_court, lawful.regulator, row.id, **other)
    court = await lawful.in_force()
    with pytest.raises(Conflict):
        await lawful.db.run(confirm_by_court, lawful.regulator, court.id, **named)
    assert NUMBER not in str(await lawful.releases.entries("lawful.court_named"))
