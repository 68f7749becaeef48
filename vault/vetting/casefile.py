"""A case with everything in it, as officers see it, and the part of it that the applicant sees."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from vault.db import Session
from vault.ids import ApplicationId, CaseId
from vault.requesters.applications import Application, stored_application
from vault.vetting.appeals import may_appeal
from vault.vetting.cases import OPEN, Case, as_case, latest_run, listed, newest, read, runs
from vault.vetting.desk import Decision, decisions_of
from vault.vetting.drafts import Key, filed
from vault.vetting.findings import Run, overall
from vault.vetting.questions import Question, asked
from vault.vetting.risk import Score, facts_of, score
from vault.vetting.tables import ApplicationRow, VettingCase


@dataclass(frozen=True)
class CaseFile:
    """Everything about one case. ``others``: further cases of the same application, newest first."""

    case: Case
    application_status: str
    received_at: datetime
    body: Application
    run: Run
    runs: int
    score: Score
    questions: list[Question]
    decisions: list[Decision]
    others: list[Case]

    @property
    def state(self) -> str:
        """``received`` until somebody decided, then ``half_approved``, in the end ``approved`` or ``refused``."""
        if self.case.status != OPEN:
            return self.case.status
        return "half_approved" if self.decisions else "received"


@dataclass(frozen=True)
class Row:
    """A case in the queue."""

    case: Case
    body: Application
    checks: str
    score: Score
    open_questions: int
    decisions: int


@dataclass(frozen=True)
class Own:
    """What an applicant sees of the case in which their application stands."""

    file: CaseFile
    may_appeal: bool


async def casefile(session: Session, case: CaseId) -> CaseFile:
    """One case. Raises NotFound."""
    row = await read(session, case)
    handed_in = await session.get_one(ApplicationRow, row.application_id)
    body, run = stored_application(handed_in.body), await latest_run(session, case)
    mine = sa.select(VettingCase).where(VettingCase.application_id == row.application_id, VettingCase.id != case)
    others = await session.scalars(mine.order_by(VettingCase.opened_at.desc()).limit(20))
    made = await decisions_of(session, case)
    return CaseFile(
        case=as_case(row),
        application_status=handed_in.status,
        received_at=handed_in.received_at,
        body=body,
        run=run,
        runs=await runs(session, case),
        score=score(facts_of(body, run, session.now)),
        questions=await asked(session, case),
        decisions=[Decision(d.officer_id, d.decision, d.reason, d.at) for d in made],
        others=[as_case(each) for each in others],
    )


async def own(session: Session, application: ApplicationId, token: str) -> Own:
    """The applicant's own case. NotFound for a wrong token as for an application that does not exist."""
    await filed(session, Key(application, token))
    file = await casefile(session, await newest(session, application))
    return Own(file, await may_appeal(session, application))


async def queue(session: Session, *, state: str = OPEN, kind: str | None = None, limit: int = 100) -> list[Row]:
    """The desk's queue: open cases, longest waiting first, or decided ones, newest first."""
    rows = []
    for each in await listed(session, state=state, kind=kind, limit=limit):
        handed_in = await session.get_one(ApplicationRow, each.application_id)
        body, run = stored_application(handed_in.body), await latest_run(session, each.id)
        waiting = [question for question in await asked(session, each.id) if question.answer is None]
        made = await decisions_of(session, each.id)
        said = "none" if run.at is None else overall(run.findings)
        rows.append(Row(as_case(each), body, said, score(facts_of(body, run, session.now)), len(waiting), len(made)))
    return rows
