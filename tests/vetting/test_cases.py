"""Two units, questions, renewal, and what a register says later."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
import sqlalchemy as sa

from tests.requesters.world import Staff
from tests.vetting.vetted import Vetting
from vault.errors import Conflict, Invalid, NotFound, Refused, Tampered
from vault.ids import ApplicationId, CaseId, RequesterId, new_uuid
from vault.ledger.events import REGISTRY
from vault.registry.tables import Staff as StaffRow
from vault.requesters.measures import suspend
from vault.requesters.renewal import VETTED_DAYS, restore_after
from vault.requesters.standing import State
from vault.vetting import questions
from vault.vetting.cases import RENEWAL, REOPENED, Case
from vault.vetting.closing import FIRST_LOOK
from vault.vetting.decisions import Decided
from vault.vetting.refusals import QuestionOpen, SameUnit
from vault.vetting.rounds import RENEW_BEFORE, adopt

DAY = timedelta(days=1)


async def test_two_officers_of_one_unit_are_one(vetting: Vetting) -> None:
    """The second approval from the same unit is refused and recorded; another unit's counts."""
    colleague = await vetting.officer("colleague", "一处")
    applied = await vetting.hand_in()
    await vetting.check(applied.id)
    await vetting.approve(vetting.staff.first, applied.id)
    with pytest.raises(SameUnit):
        await vetting.attempt(colleague, applied.id)
    entry = (await vetting.entries())[-1]
    assert (entry["event"], entry["reason"]) == ("application.approval_refused", "same-unit")
    assert (await vetting.approve(vetting.staff.second, applied.id)).status == "approved"


async def test_a_colleague_may_say_no(vetting: Vetting) -> None:
    """It takes two units to let somebody in, and one officer to keep them out."""
    colleague = await vetting.officer("colleague", "一处")
    applied = await vetting.hand_in()
    await vetting.check(applied.id)
    await vetting.approve(vetting.staff.first, applied.id)
    assert (await vetting.refuse(colleague, applied.id)).status == "refused"


async def test_two_officers_of_one_unit_at_once(vetting: Vetting) -> None:
    """Whatever the order, one of them is refused."""
    colleague = await vetting.officer("colleague", "一处")
    applied = await vetting.hand_in()
    await vetting.check(applied.id)
    both = [vetting.approve(who, applied.id) for who in (vetting.staff.first, colleague)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(each).__name__ for each in outcomes) == ["Decided", "SameUnit"]


async def test_approval_and_refusal_at_once(vetting: Vetting) -> None:
    """One order or the other: never both let in and turned down."""
    applied = await vetting.hand_in()
    await vetting.check(applied.id)
    await vetting.approve(vetting.staff.first, applied.id)
    colleague = await vetting.officer("colleague", "五处")
    outcomes = await asyncio.gather(
        vetting.approve(vetting.staff.second, applied.id), vetting.refuse(colleague, applied.id), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["Conflict", "Decided"]
    (decided,) = [each for each in outcomes if isinstance(each, Decided)]
    assert (await vetting.case(CaseId(applied.id))).status == decided.status


async def test_an_open_question_waits_for_its_answer(vetting: Vetting) -> None:
    """Nobody approves meanwhile; question and answer are recorded by digest, never in words."""
    applied = await vetting.hand_in()
    await vetting.check(applied.id)
    asked = await vetting.db.run(questions.ask, vetting.staff.first, CaseId(applied.id), "Which licence do you hold?")
    with pytest.raises(QuestionOpen):
        await vetting.attempt(vetting.staff.first, applied.id)
    assert (await vetting.entries())[-1]["reason"] == "question-open"
    answered = await vetting.db.run(questions.answer, applied.id, asked.id, "Number 12 of 2024.")
    assert answered.answer == "Number 12 of 2024."
    assert (await vetting.approve(vetting.staff.first, applied.id)).status == "half_approved"
    assert {"case.asked", "case.answered"} <= set(await vetting.names())
    assert "licence" not in str(await vetting.entries())
    with pytest.raises(Conflict):
        await vetting.db.run(questions.answer, applied.id, asked.id, "Number 13.")


async def test_nobody_answers_anothers_question(vetting: Vetting) -> None:
    """With the token of one application the questions of another are not there."""
    one, two = await vetting.hand_in(), await vetting.hand_in(organisation__uscc="91110000802100433B")
    asked = await vetting.db.run(questions.ask, vetting.staff.first, CaseId(one.id), "Which licence do you hold?")
    for application, question in ((two.id, asked.id), (one.id, new_uuid()), (ApplicationId(new_uuid()), asked.id)):
        with pytest.raises(NotFound):
            await vetting.db.run(questions.answer, application, question, "It is not mine.")


async def test_who_may_ask_and_what(vetting: Vetting) -> None:
    """Vetting officers, about open cases, in a few sentences, ten at a time."""
    applied = await vetting.hand_in()
    case, first = CaseId(applied.id), vetting.staff.first
    for who in (vetting.staff.third, vetting.staff.regulator):
        with pytest.raises(Refused):
            await vetting.db.run(questions.ask, who, case, "Which licence do you hold?")
    for text in ("", "abc", "x" * 1001, "nul\0byte in it"):
        with pytest.raises(Invalid):
            await vetting.db.run(questions.ask, first, case, text)
    for _ in range(questions.MOST_OPEN):
        await vetting.db.run(questions.ask, first, case, "Which licence do you hold?")
    with pytest.raises(Conflict):
        await vetting.db.run(questions.ask, first, case, "And which other one?")
    await vetting.refuse(first, applied.id)
    with pytest.raises(Conflict):
        await vetting.db.run(questions.ask, first, case, "Which licence do you hold?")


async def test_vetting_ends_unless_it_is_renewed(vetting: Vetting) -> None:
    """A case opens before the end, once; checks and two units renew it; otherwise nothing is in force any more."""
    _, requester = await vetting.let_in()
    end = (await vetting.held(requester)).valid_until
    assert end == vetting.clock.now() + timedelta(days=VETTED_DAYS)
    vetting.clock.move(timedelta(days=VETTED_DAYS) - RENEW_BEFORE + DAY)
    for _ in range(3):
        await vetting.round()
        vetting.clock.move(DAY * 1.01)
    (case,) = await vetting.of_kind(RENEWAL)
    await vetting.approve(vetting.staff.first, case.id)
    colleague = await vetting.officer("colleague", "一处")
    with pytest.raises(SameUnit):
        await vetting.attempt(colleague, case.id)
    assert (await vetting.attempt(vetting.staff.second, case.id)).status == "approved"
    assert (await vetting.held(requester)).valid_until == vetting.clock.now() + timedelta(days=VETTED_DAYS)
    assert "requester.vetting_renewed" in await vetting.names()


@pytest.mark.parametrize(
    ("register", "said", "reason"),
    [
        ("business", {"status": "revoked"}, "not-in-business"),
        ("business", {"persons_on_record": False}, "person-not-on-record"),
        ("dishonesty", {"listings": 1}, "listed"),
    ],
)
async def test_a_changed_fact_stops_a_requester(
    vetting: Vetting, register: str, said: dict[str, object], reason: str
) -> None:
    """The next look re-opens the case with its evidence and suspends; two officers let it work again."""
    _, requester = await vetting.let_in()
    vetting.world.registers.said[register] = said
    vetting.clock.move(FIRST_LOOK)
    await vetting.round()
    (case,) = await vetting.of_kind(REOPENED)
    assert (case.requester, case.grounds) == (requester, reason)
    assert (await vetting.held(requester)).state is State.SUSPENDED
    entry = next(each for each in await vetting.entries() if each["event"] == "requester.suspended")
    assert (entry["reason"], entry["actor"]["kind"]) == ("source-changed", "registry")
    await vetting.check(case.id)
    with pytest.raises(Conflict):
        await vetting.approve(vetting.staff.first, case.id)
    vetting.world.registers.said.clear()
    await vetting.check(case.id)
    await vetting.approve(vetting.staff.first, case.id)
    assert (await vetting.held(requester)).state is State.SUSPENDED
    await vetting.approve(vetting.staff.second, case.id)
    assert (await vetting.held(requester)).state is State.ACTIVE


async def test_a_refused_case_leaves_it_stopped(vetting: Vetting) -> None:
    """One officer's no is enough to keep it stopped, and later looks open nothing more."""
    _, requester = await vetting.let_in()
    vetting.world.registers.said["dishonesty"] = {"listings": 1}
    vetting.clock.move(FIRST_LOOK)
    await vetting.round()
    (case,) = await vetting.of_kind(REOPENED)
    await vetting.refuse(vetting.staff.first, case.id)
    for _ in range(3):
        vetting.clock.move(DAY * 1.01)
        await vetting.round()
    assert (await vetting.held(requester)).state is State.SUSPENDED
    assert len(await vetting.of_kind(REOPENED)) == 1


async def test_a_silent_register_stops_nobody(vetting: Vetting) -> None:
    """Nothing is known, nothing is done; the next round asks again."""
    _, requester = await vetting.let_in()
    vetting.world.registers.away = {"business", "credit", "dishonesty"}
    for _ in range(3):
        vetting.clock.move(DAY * 1.01)
        assert await vetting.round() == 1
    assert (await vetting.held(requester)).state is State.ACTIVE
    assert await vetting.of_kind(REOPENED) == []


async def test_new_credit_listings_reopen_without_stopping(vetting: Vetting) -> None:
    """What was known when two officers approved is no news; what came since is."""
    vetting.world.registers.said["credit"] = {"listings": 1}
    _, requester = await vetting.let_in()
    vetting.clock.move(FIRST_LOOK)
    await vetting.round()
    assert await vetting.of_kind(REOPENED) == []
    vetting.world.registers.said["credit"] = {"listings": 2}
    vetting.clock.move(DAY * 1.01)
    await vetting.round()
    assert [case.requester for case in await vetting.of_kind(REOPENED)] == [requester]
    assert (await vetting.held(requester)).state is State.ACTIVE


async def test_what_others_stopped_stays_stopped(vetting: Vetting, staff: Staff) -> None:
    """A case that was re-opened gives back only what it took: a later suspension stands on its own grounds."""
    _, requester = await vetting.let_in()
    one = await vetting.db.run(suspend, requester, reason="source-changed", by=REGISTRY)
    officers = (staff.second.id, staff.first.id)
    assert await vetting.db.run(restore_after, requester, one, reason="vetting-passed", officers=officers)
    await vetting.db.run(suspend, requester, reason="incident", by=REGISTRY)
    assert not await vetting.db.run(restore_after, requester, one, reason="vetting-passed", officers=officers)
    assert (await vetting.held(requester)).state is State.SUSPENDED


async def test_two_rounds_at_once_do_everything_once(vetting: Vetting) -> None:
    """A claim is one process's."""
    applied = [await vetting.hand_in() for _ in range(3)]
    done = await asyncio.gather(vetting.round(), vetting.round())
    assert sum(done) == len(applied)
    assert (await vetting.names()).count("case.checked") == len(applied)


async def test_applications_from_before_get_their_case(vetting: Vetting, database_url: str) -> None:
    """Whatever state they are in; those that were approved are watched from then on."""
    application, requester = await vetting.let_in()
    waiting = await vetting.hand_in(organisation__uscc="91110000802100433B")
    connection = await asyncpg.connect(database_url)
    for table in ("case_checks", "vetting_work", "vetting_cases"):
        await connection.execute(f"DELETE FROM {table}")
    await connection.close()
    assert await vetting.db.run(adopt) == 2
    assert await vetting.db.run(adopt) == 0
    kept = await vetting.case(CaseId(application))
    assert (kept.status, kept.requester) == ("approved", requester)
    assert (await vetting.case(CaseId(waiting.id))).status == "open"
    assert await vetting.round() == 2


async def due_for_renewal(vetting: Vetting) -> tuple[RequesterId, Case]:
    """A requester whose vetting is to be renewed, checked again."""
    _, requester = await vetting.let_in()
    vetting.clock.move(timedelta(days=VETTED_DAYS) - RENEW_BEFORE + DAY)
    for _ in range(2):
        await vetting.round()
        vetting.clock.move(DAY * 1.01)
    (case,) = await vetting.of_kind(RENEWAL)
    await vetting.check(case.id)
    return requester, case


async def test_a_planted_approval_renews_nothing(vetting: Vetting) -> None:
    """One officer and a database administrator are not two officers: the other's signature is looked at."""
    requester, case = await due_for_renewal(vetting)
    before = (await vetting.held(requester)).valid_until
    async with vetting.db.begin() as session:
        forged = {"case": case.id, "officer": vetting.staff.first.id, "at": session.now, "signature": bytes(64)}
        await session.execute(
            sa.text(
                "INSERT INTO application_decisions (application_id, officer_id, decision, reason, signature, at) "
                "VALUES (:case, :officer, 'approve', 'papers are in order', :signature, :at)"
            ),
            forged,
        )
    with pytest.raises(Tampered):
        await vetting.approve(vetting.staff.second, case.id)
    assert (await vetting.held(requester)).valid_until == before


async def test_who_is_no_officer_any_more_has_not_approved(vetting: Vetting) -> None:
    """The approval of an officer who left since counts for nothing: it takes two who may."""
    gone, (_, case) = await vetting.officer("gone", "七处"), await due_for_renewal(vetting)
    await vetting.approve(gone, case.id)
    async with vetting.db.begin() as session:
        row = await session.get_one(StaffRow, gone.id)
        row.roles = ["release"]
    assert (await vetting.approve(vetting.staff.first, case.id)).status == "half_approved"
    assert (await vetting.approve(vetting.staff.second, case.id)).status == "approved"
