"""Questions within a mandate, by every filter, about one person by a reference, on order of a court: and no further."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.oversight.conftest import Authority, inspector
from tests.release.world import Releases
from vault import ids
from vault.accounts.numbers import check_character
from vault.consent import withdraw
from vault.errors import Conflict, Invalid, NotFound, Refused, TooMany
from vault.ledger import hidden, reading
from vault.ledger.reading import Entry
from vault.ledger.verify import verify_receipt
from vault.oversight import Page, Question, deletions, end_references, entry, make_reference, search
from vault.oversight.orders import AnotherInspector, Filing, confirm_on_record, confirm_order, file_order
from vault.oversight.references import MOST_WRONG
from vault.registry import OutsideMandate
from vault.registry.mandates import FIRST_TERM, MEASURES, QUESTIONS
from vault.signin import Holder

NUMBER, NOBODY = (first + check_character(first) for first in ("11010119900102001", "11010119491231002"))


async def of_person(releases: Releases) -> list[Entry]:
    """What the person sees of themselves, newest last."""
    person = releases.consents.person
    await releases.settled()
    async with releases.consents.db.begin() as session:
        lines = await reading.history(session, person.bundle.ledger_key, 0, 500)
        return await hidden.lift(session, [each for line in lines for each in line.entries])


async def said(releases: Releases, name: str) -> list[dict[str, Any]]:
    await releases.settled()
    return await releases.entries(name)


async def test_every_filter_is_joined(releases: Releases, regulator: Holder) -> None:
    """Item, declaration, reason, event and requester: one more filter, no more entries."""
    bank, db = releases.consents.bank, releases.consents.db
    assert bank.requester is not None
    for question, count in (
        (Question(item="identity.name", event="release.delivered"), 2),
        (Question(reason="over_asked"), 1),
        (Question(reason="over_asked", item="contact.address"), 1),
        (Question(reason="over_asked", item="identity.name"), 0),
        (Question(declaration=bank.declaration, event="release.delivered"), 2),
        (Question(declaration=UUID(int=9)), 0),
    ):
        assert len((await search(db, regulator, question)).entries) == count, question


async def test_a_page_is_proven_against_one_checkpoint(releases: Releases, regulator: Holder) -> None:
    """Each entry of it verifies offline with the ledger's public key alone."""
    found = await search(releases.consents.db, regulator, Question(), Page(limit=5, proof=True))
    assert found.proof is not None
    receipts = found.proof.receipts()
    assert len({each.checkpoint for each in receipts}) == 1
    shown = [verify_receipt(msgspec.json.encode(each), releases.vkey).entry for each in receipts]
    assert shown == [each.members for each in found.entries]


@pytest.mark.parametrize("question", [Question(event="nothing.like_it"), Question(item="x" * 81), Question(reason="")])
async def test_what_no_entry_can_say_is_refused(releases: Releases, regulator: Holder, question: Question) -> None:
    """Rather than answered with nothing."""
    with pytest.raises(Invalid):
        await search(releases.consents.db, regulator, question)


async def test_a_mandate_that_is_over_opens_nothing(releases: Releases, regulator: Holder) -> None:
    """From one moment to the next, for questions and for single entries; the attempt is an entry."""
    releases.clock.move(FIRST_TERM)
    for act in (search(releases.consents.db, regulator, Question()), entry(releases.consents.db, regulator, 0)):
        with pytest.raises(OutsideMandate):
            await act
    assert [each["reason"] for each in await said(releases, "query.refused")] == ["no_mandate"]


async def test_another_sector_is_refused(releases: Releases, authority: Authority) -> None:
    """The question, the narrower question, the single entry; each refusal is an entry with the regulator's name."""
    db, who = releases.consents.db, authority.first
    credit = (await search(db, who, Question(event="release.delivered"))).entries[0]
    await authority.give(sectors=["health"])
    for question in (
        Question(),
        Question(requester=releases.consents.bank.requester),
        Question(purpose=credit.members["purpose"]),
    ):
        with pytest.raises(OutsideMandate):
            await search(db, who, question)
    with pytest.raises(OutsideMandate):
        await entry(db, who, credit.index)
    refused = await said(releases, "query.refused")
    assert len(refused) == 4
    assert {each["actor"]["id"] for each in refused} == {ids.public(ids.REGULATOR, who.id)}
    assert (await search(db, who, Question(within_mandate=True))).entries == []
    await authority.give(sectors=["credit"])
    inside = await search(db, who, Question(within_mandate=True, event="release.delivered"))
    assert len(inside.entries) == 2


async def test_another_region_is_refused(releases: Releases, authority: Authority) -> None:
    """Regions are those of the organisation's registration."""
    db, who, bank = releases.consents.db, authority.first, releases.consents.bank.requester
    ((code,),) = await releases.administrator.rows("SELECT uscc FROM requesters")
    await authority.give(regions=["99"])
    with pytest.raises(OutsideMandate):
        await search(db, who, Question(requester=bank))
    assert (await search(db, who, Question(within_mandate=True))).entries == []
    await authority.give(regions=[code[2:4]])
    found = await search(db, who, Question(requester=bank))
    assert found.entries
    assert (await search(db, who, Question(within_mandate=True))).entries == found.entries


async def test_a_reference_leads_to_one_person(releases: Releases, regulator: Holder) -> None:
    """To their entries and no others; the person sees the question, and ends the reference whenever they like."""
    db, person = releases.consents.db, releases.consents.person
    made = await db.run(make_reference, person)
    mine = {each.index for each in await of_person(releases)}
    found = await search(db, regulator, Question(reference=made.code))
    assert {each.index for each in found.entries if each.members["event"] != "query.made"} == mine
    assert [each.members["event"] for each in await of_person(releases)][-1] == "query.made"
    fewer = await search(db, regulator, Question(reference=made.code, event="release.delivered"), Page(limit=1))
    assert len(fewer.entries) == 1
    assert fewer.next == fewer.entries[0].index
    assert await db.run(end_references, person) == 1
    with pytest.raises(NotFound):
        await search(db, regulator, Question(reference=made.code))


async def test_a_reference_ends_by_itself(releases: Releases, regulator: Holder) -> None:
    """After a week it is none."""
    made = await releases.consents.db.run(make_reference, releases.consents.person)
    releases.clock.move(timedelta(days=7))
    with pytest.raises(NotFound):
        await search(releases.consents.db, regulator, Question(reference=made.code))


async def test_nothing_else_is_a_reference(releases: Releases, regulator: Holder) -> None:
    """Not a person's id, not a number, not a code by chance: and after ten tries in an hour there are no more."""
    db, person = releases.consents.db, releases.consents.person
    made = await db.run(make_reference, person)
    wrong = [ids.public(ids.PERSON, person.id), person.id.hex, "110105199003072316", "A" * 12]
    for text in (*wrong, *["XXXX-XXXX-XXXX"] * (MOST_WRONG - len(wrong))):
        with pytest.raises(NotFound):
            await search(db, regulator, Question(reference=text))
    for text in ("another", made.code):
        with pytest.raises(TooMany):
            await search(db, regulator, Question(reference=text))
    assert len(await said(releases, "query.refused")) == MOST_WRONG
    releases.clock.move(timedelta(hours=1))
    assert (await search(db, regulator, Question(reference=made.code))).entries


async def test_a_reference_takes_its_own_power(releases: Releases, authority: Authority) -> None:
    """A mandate for questions alone is none for questions about one person."""
    await authority.give(powers=(QUESTIONS,))
    made = await releases.consents.db.run(make_reference, releases.consents.person)
    assert (await search(releases.consents.db, authority.first, Question())).entries
    with pytest.raises(OutsideMandate):
        await search(releases.consents.db, authority.first, Question(reference=made.code))


def filing(releases: Releases, number: str, *, days: int | None = 30) -> Filing:
    until = None if days is None else releases.clock.now() + timedelta(days=days)
    return Filing("(2026)沪01刑初7", "court-order", "cn-ric", number, until)


async def test_an_order_takes_two_and_is_told_on_its_day(releases: Releases, authority: Authority) -> None:
    """Until then the person sees a line that hides what it is, the public sees that there is one."""
    db, number = releases.consents.db, NUMBER
    order = await db.run(file_order, authority.first, filing(releases, number))
    with pytest.raises(Refused):
        await db.run(confirm_order, authority.first, order.id)
    made = await db.run(confirm_order, authority.second, order.id)
    assert (await search(db, authority.first, Question(reference=made.code))).entries
    last = (await of_person(releases))[-1]
    assert last.members["event"] == "access.hidden"
    assert authority.first.id.hex.encode() not in last.body
    async with db.begin() as session:
        (count,) = await hidden.counts(session)
    assert (count.ground, count.count) == ("court-order", 1)
    assert [each["reason"] for each in await said(releases, "order.confirmed")] == ["court-order"]
    releases.clock.move(timedelta(days=30))
    last = (await of_person(releases))[-1]
    assert last.members["event"] == "query.made"
    assert last.members["actor"] == {"kind": "regulator", "id": ids.public(ids.REGULATOR, authority.first.id)}
    with pytest.raises(Conflict):
        await db.run(confirm_order, authority.second, order.id)


async def test_an_order_about_nobody_looks_the_same(releases: Releases, authority: Authority) -> None:
    """Whether somebody has a vault is not learned from an order: there is a reference, and it finds nothing."""
    db = releases.consents.db
    order = await db.run(file_order, authority.first, filing(releases, NOBODY, days=None))
    made = await db.run(confirm_order, authority.second, order.id)
    assert (await search(db, authority.first, Question(reference=made.code))).entries == []


async def test_an_order_takes_two_units(releases: Releases, authority: Authority) -> None:
    """Whoever filed it and a colleague of their unit are refused, and that is recorded; another unit confirms."""
    db, colleague = releases.consents.db, await inspector(releases, "colleague")
    order = await db.run(file_order, authority.second, filing(releases, NUMBER))
    for who, why in ((authority.second, "same-regulator"), (colleague, "same-unit")):
        with pytest.raises(AnotherInspector):
            await confirm_on_record(db, who, order.id)
        assert why in [each["reason"] for each in await said(releases, "query.refused")]
    assert await said(releases, "order.confirmed") == []
    assert (await confirm_on_record(db, authority.first, order.id)).code


async def test_overdue_deletions_of_others_are_not_shown(releases: Releases, authority: Authority) -> None:
    """They are within the mandate, by sector and region, and take the power to question."""
    db, who = releases.consents.db, authority.first
    ((grant,),) = await releases.administrator.rows("SELECT id FROM grants")
    ((code,),) = await releases.administrator.rows("SELECT uscc FROM requesters")
    await db.run(withdraw, releases.consents.person, grant, delete=True)
    releases.clock.move(timedelta(days=16))
    assert len(await deletions.overdue(db, who)) == 1
    for sectors, regions, count in ((["health"], None, 0), (["credit"], None, 1), (None, ["99"], 0)):
        await authority.give(sectors=sectors, regions=regions)
        assert len(await deletions.overdue(db, who)) == count
    await authority.give(regions=[code[2:4]])
    assert len(await deletions.overdue(db, who, requester=releases.consents.bank.requester, limit=1)) == 1
    await authority.give(powers=(MEASURES,))
    with pytest.raises(OutsideMandate):
        await deletions.overdue(db, who)
