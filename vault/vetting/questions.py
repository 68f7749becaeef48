"""Questions that officers put to an applicant, and the answers. A case with an open question cannot be approved."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.crypto.canonical import canonical, digest
from vault.db import Session
from vault.errors import Conflict, Invalid, NotFound
from vault.ids import ApplicationId, CaseId, StaffId
from vault.ledger.events import REGISTRY, Event
from vault.ledger.events import officer as by_officer
from vault.ledger.log import append
from vault.registry import officer
from vault.signin.holders import Holder
from vault.vetting.cases import locked, ref
from vault.vetting.tables import CaseQuestion, VettingCase

ROLE: Final = "vetting"
SHORTEST: Final = 4
LONGEST: Final = 1000
MOST_OPEN: Final = 10


@dataclass(frozen=True)
class Question:
    """One question, and its answer once there is one."""

    id: UUID
    officer: StaffId
    question: str
    asked_at: datetime
    answer: str | None
    answered_at: datetime | None


async def ask(session: Session, holder: Holder, case: CaseId, question: str) -> Question:
    """An officer asks the applicant. Raises Refused, NotFound, Conflict when the case is decided, Invalid."""
    member = await officer(session, holder, ROLE)
    _check_text("question", question)
    held, _ = await locked(session, case)
    if held.decided_at is not None:
        raise Conflict("This case is decided already.")
    if len([each for each in await asked(session, case) if each.answer is None]) >= MOST_OPEN:
        raise Conflict("Ten questions are open: wait for answers before asking more.")
    row = CaseQuestion(
        id=ids.new_uuid(),
        case_id=case,
        officer_id=member.id,
        question=question,
        asked_at=session.now,
        answer=None,
        answered_at=None,
    )
    session.add(row)
    entry = Event(
        name="case.asked",
        actor=by_officer(member.id),
        ref=ref(case),
        requester=held.requester_id,
        digest=digest(canonical([row.id, question])),
    )
    await append(session, entry)
    return _view(row)


async def answer(session: Session, application: ApplicationId, question: UUID, text: str) -> Question:
    """The applicant answers: whoever calls has checked that it is this application's.

    Raises NotFound for a question in a case of another application, Conflict when it is answered or the case decided.
    """
    _check_text("answer", text)
    mine = (
        sa.select(CaseQuestion.case_id)
        .join(VettingCase, VettingCase.id == CaseQuestion.case_id)
        .where(CaseQuestion.id == question, VettingCase.application_id == application)
    )
    case = await session.scalar(mine)
    if case is None:
        raise NotFound("There is no such question.")
    held, _ = await locked(session, CaseId(case))
    row = await session.get_one(CaseQuestion, question, with_for_update=True, populate_existing=True)
    if row.answer is not None or held.decided_at is not None:
        raise Conflict("This question is answered already, or the case is decided.")
    row.answer, row.answered_at = text, session.now
    entry = Event(
        name="case.answered",
        actor=REGISTRY,
        ref=ref(held.id),
        requester=held.requester_id,
        digest=digest(canonical([row.id, row.question, text])),
    )
    await append(session, entry)
    return _view(row)


async def asked(session: Session, case: CaseId) -> list[Question]:
    """Every question of a case, oldest first."""
    rows = await session.scalars(sa.select(CaseQuestion).where(CaseQuestion.case_id == case).order_by(CaseQuestion.id))
    return [_view(row) for row in rows]


async def has_open(session: Session, case: CaseId) -> bool:
    """Whether a question waits for its answer."""
    return any(each.answer is None for each in await asked(session, case))


def _view(row: CaseQuestion) -> Question:
    return Question(row.id, row.officer_id, row.question, row.asked_at, row.answer, row.answered_at)


def _check_text(field: str, text: str) -> None:
    if not SHORTEST <= len(text.strip()) <= LONGEST or not text.replace("\n", " ").isprintable():
        raise Invalid.field(field, f"must have {SHORTEST} to {LONGEST} characters")
