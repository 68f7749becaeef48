"""Appeals: two others decide, once and in time."""

import asyncio
from datetime import timedelta

import pytest

from tests.vetting.vetted import Vetting
from vault.errors import Invalid
from vault.ids import ApplicationId
from vault.requesters.standing import State
from vault.vetting import appeals
from vault.vetting.appeals import NoAppeal
from vault.vetting.cases import APPEAL
from vault.vetting.desk import status
from vault.vetting.refusals import RefusedBefore, SameOfficer

GROUNDS = "The licence was on page four of the document that we handed in."


async def refused(vetting: Vetting) -> ApplicationId:
    applied = await vetting.hand_in()
    await vetting.check(applied.id)
    await vetting.refuse(vetting.staff.first, applied.id)
    return applied.id


async def test_an_appeal_is_decided_by_two_others(vetting: Vetting) -> None:
    """Not by who refused; two of different units, and the bank is let in after all."""
    third = await vetting.officer("appeals", "四处")
    application = await refused(vetting)
    case = await vetting.db.run(appeals.appeal, application, GROUNDS)
    await vetting.check(case)
    with pytest.raises(RefusedBefore):
        await vetting.attempt(vetting.staff.first, case)
    entry = (await vetting.entries())[-1]
    assert (entry["event"], entry["reason"]) == ("case.approval_refused", "refused-before")
    assert (await vetting.approve(vetting.staff.second, case)).status == "half_approved"
    decided = await vetting.approve(third, case)
    assert (decided.status, (await vetting.case(case)).kind) == ("approved", APPEAL)
    assert decided.requester is not None
    assert (await vetting.held(decided.requester)).state is State.ACTIVE


@pytest.mark.parametrize("order", [(False, False), (False, True), (True, False)])
async def test_an_appeal_fails_only_by_two(vetting: Vetting, order: tuple[bool, bool]) -> None:
    """One no leaves it open; with the second decision it is over."""
    third = await vetting.officer("appeals", "四处")
    case = await vetting.db.run(appeals.appeal, await refused(vetting), GROUNDS)
    await vetting.check(case)
    await vetting.attempt(vetting.staff.second, case, approve=order[0])
    assert (await vetting.case(case)).status == "open"
    with pytest.raises(SameOfficer):
        await vetting.attempt(vetting.staff.second, case)
    assert (await vetting.attempt(third, case, approve=order[1])).status == "refused"
    assert (await vetting.case(case)).status == "refused"


async def test_an_appeal_comes_once_and_in_time(vetting: Vetting) -> None:
    """Two at the same moment are one; after the term, or without a refusal, there is none."""
    application = await refused(vetting)
    both = [vetting.db.run(appeals.appeal, application, GROUNDS) for _ in range(2)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(isinstance(each, NoAppeal) for each in outcomes) == [False, True]
    waiting = await vetting.hand_in(organisation__uscc="91110000802100433B")
    with pytest.raises(NoAppeal):
        await vetting.db.run(appeals.appeal, waiting.id, GROUNDS)
    await vetting.refuse(vetting.staff.first, waiting.id)
    vetting.clock.move(appeals.TERM + timedelta(seconds=1))
    with pytest.raises(NoAppeal, match="over"):
        await vetting.db.run(appeals.appeal, waiting.id, GROUNDS)
    with pytest.raises(Invalid):
        await vetting.db.run(appeals.appeal, waiting.id, "No!")


async def test_an_applicant_reads_every_refusal(vetting: Vetting) -> None:
    """Of the application and of the appeal; nothing of later cases about the organisation."""
    third = await vetting.officer("appeals", "四处")
    applied = await vetting.hand_in()
    await vetting.refuse(vetting.staff.first, applied.id)
    case = await vetting.db.run(appeals.appeal, applied.id, GROUNDS)
    for who in (vetting.staff.second, third):
        await vetting.refuse(who, case)
    progress = await vetting.db.run(status, applied.id, applied.status_token)
    assert (progress.status, progress.reasons) == ("refused", ["licence is missing"] * 3)
