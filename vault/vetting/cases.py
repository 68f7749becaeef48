"""Cases: opened when an organisation applies, appeals, is due for renewal, or when a source says something else.

A case holds runs of checks, questions and decisions. Whoever changes one locks the application's row first, then the
case's, so that two officers, the checks and the applicant never pass each other.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from vault import ids
from vault.crypto.canonical import b64, canonical, digest
from vault.db import Session
from vault.errors import Conflict, NotFound
from vault.ids import ApplicationId, CaseId, RequesterId
from vault.ledger.events import REGISTRY, Actor, Event
from vault.ledger.log import append
from vault.requesters import renewal
from vault.requesters.applications import stored_application
from vault.vetting.findings import Finding, Run, overall
from vault.vetting.subject import Subject, subject_of
from vault.vetting.tables import ApplicationRow, CaseCheck, VettingCase, VettingWork

APPLICATION: Final = "application"
APPEAL: Final = "appeal"
RENEWAL: Final = "renewal"
REOPENED: Final = "reopened"
KINDS: Final = (APPLICATION, APPEAL, RENEWAL, REOPENED)
OPEN: Final = "open"
MOST_FINDINGS: Final = 100


@dataclass(frozen=True)
class Case:
    """A case as other parts see it."""

    id: CaseId
    application: ApplicationId
    requester: RequesterId | None
    kind: str
    status: str
    grounds: str | None
    token: str
    opened_at: datetime
    decided_at: datetime | None


async def open_case(
    session: Session,
    application: ApplicationId,
    kind: str,
    *,
    requester: RequesterId | None = None,
    grounds: str | None = None,
) -> VettingCase:
    """A new case; its checks are due at once. Raises IntegrityError (``uq_vetting_cases_*``) when there is one.

    The token is the one of the application's first case: what its hosts serve already is good for all of them.
    """
    first = None if kind == APPLICATION else await read(session, CaseId(application))
    row = VettingCase(
        id=CaseId(application if kind == APPLICATION else ids.new_uuid()),
        application_id=application,
        requester_id=requester,
        kind=kind,
        status=OPEN,
        grounds=grounds,
        token=first.token if first else f"pivault-vetting={b64(os.urandom(24))}",
        outcome={},
        opened_at=session.now,
        decided_at=None,
    )
    session.add(row)
    await session.flush()
    await schedule(session, row.id, "case", session.now)
    reason = grounds.split()[0] if grounds and kind == REOPENED else None
    await append(
        session,
        Event(name="case.opened", actor=REGISTRY, ref=ref(row.id), outcome=kind, requester=requester, reason=reason),
    )
    return row


def ref(case: CaseId) -> str:
    """A case's public id."""
    return ids.public(ids.CASE, case)


async def schedule(session: Session, what: UUID, kind: str, due_at: datetime) -> None:
    """Have a case's checks run, or a requester looked at, at that time; whatever was planned before."""
    row = insert(VettingWork).values(id=what, kind=kind, due_at=due_at, tries=0)
    await session.execute(row.on_conflict_do_update(index_elements=["id"], set_={"due_at": due_at, "tries": 0}))


async def newest(session: Session, application: ApplicationId) -> CaseId:
    """The case in which an application stands. Raises NotFound."""
    found = await session.scalar(
        sa.select(VettingCase.id)
        .where(VettingCase.application_id == application)
        .order_by(VettingCase.opened_at.desc(), VettingCase.id.desc())
        .limit(1)
    )
    if found is None:
        raise NotFound("There is no such application.")
    return found


async def read(session: Session, case: CaseId) -> VettingCase:
    """The row of a case. Raises NotFound."""
    row = await session.get(VettingCase, case)
    if row is None:
        raise NotFound("There is no such case.")
    return row


def as_case(row: VettingCase) -> Case:
    """The row as other parts see it."""
    return Case(
        row.id,
        row.application_id,
        row.requester_id,
        row.kind,
        row.status,
        row.grounds,
        row.token,
        row.opened_at,
        row.decided_at,
    )


async def locked(session: Session, case: CaseId) -> tuple[VettingCase, ApplicationRow]:
    """The case and its application, both locked, the application first. Raises NotFound."""
    application = await session.scalar(sa.select(VettingCase.application_id).where(VettingCase.id == case))
    if application is None:
        raise NotFound("There is no such case.")
    row = await session.get_one(ApplicationRow, application, with_for_update=True, populate_existing=True)
    held = await session.get_one(VettingCase, case, with_for_update=True, populate_existing=True)
    return held, row


async def latest_run(session: Session, case: CaseId) -> Run:
    """The newest run of a case's checks; an empty one when they were never run. Raises Tampered."""
    newest_rows = await session.scalars(
        sa.select(CaseCheck).where(CaseCheck.case_id == case).order_by(CaseCheck.id.desc()).limit(MOST_FINDINGS)
    )
    rows = list(newest_rows)
    if not rows:
        return Run()
    mine = [row for row in reversed(rows) if row.run == rows[0].run]
    return Run(tuple(_finding(row) for row in mine), rows[0].at)


def _finding(row: CaseCheck) -> Finding:
    return Finding(row.name, row.result, row.target, tuple(row.reasons), row.evidence)  # type: ignore[arg-type]  # CHECK


async def runs(session: Session, case: CaseId) -> int:
    """How many times the checks of a case were run."""
    found = await session.scalar(sa.select(sa.func.count(sa.distinct(CaseCheck.run))).where(CaseCheck.case_id == case))
    return int(found or 0)


async def subject_to_check(session: Session, case: CaseId) -> Subject:
    """What the checks of an open case are about. Raises NotFound, Conflict when it is decided."""
    row = await read(session, case)
    if row.decided_at is not None:
        raise Conflict("This case is decided already.")
    return await subject(session, row)


async def subject(session: Session, row: VettingCase) -> Subject:
    """What a case is about: the application as handed in, or the requester as it stands in the register."""
    handed_in = await session.get_one(ApplicationRow, row.application_id)
    body = stored_application(handed_in.body)
    if row.kind in {APPLICATION, APPEAL} or row.requester_id is None:
        return subject_of(body, await _tokens(session, row))
    held = await renewal.held(session, row.requester_id)
    return subject_of(body, await _tokens(session, row), redirect_uris=held.redirect_uris, keys=held.keys)


async def _tokens(session: Session, row: VettingCase) -> list[str]:
    """Every token that shows that the organisation is at home: what it put up once it need not put up again."""
    which = VettingCase.application_id == row.application_id
    if row.requester_id is not None:
        which = which | (VettingCase.requester_id == row.requester_id)
    others = await session.scalars(
        sa.select(VettingCase.token).where(which).order_by(VettingCase.opened_at.desc()).limit(20)
    )
    return list(dict.fromkeys([row.token, *others]))


async def record(session: Session, case: CaseId, findings: Sequence[Finding], by: Actor) -> Run:
    """Keep one run of the checks. Raises Conflict when the case was decided meanwhile, NotFound."""
    row, _ = await locked(session, case)
    if row.decided_at is not None:
        raise Conflict("This case is decided already.")
    await keep(session, row, findings, by)
    silent = [each for each in findings if each.result == "unavailable" and each.stands_in_the_way]
    if not silent:
        await session.execute(sa.delete(VettingWork).where(VettingWork.id == case))
    return Run(tuple(findings), session.now)


async def keep(session: Session, row: VettingCase, findings: Sequence[Finding], by: Actor) -> None:
    """The rows of one run, and their entry."""
    run = ids.new_uuid()
    kept = findings[:MOST_FINDINGS]
    for each in kept:
        session.add(
            CaseCheck(
                id=ids.new_uuid(),
                case_id=row.id,
                run=run,
                name=each.name,
                target=each.target[:512],
                result=each.result,
                reasons=list(each.reasons),
                evidence=each.evidence,
                at=session.now,
            )
        )
    await session.flush()
    await append(
        session,
        Event(
            name="case.checked",
            actor=by,
            ref=ref(row.id),
            requester=row.requester_id,
            outcome=overall(kept),
            count=len(kept),
            digest=digest(canonical([_told(each) for each in kept])),
        ),
    )


def _told(finding: Finding) -> list[Any]:
    return [finding.name, finding.target, finding.result, list(finding.reasons), finding.evidence]


async def listed(
    session: Session, *, state: str = OPEN, kind: str | None = None, limit: int = 100
) -> list[VettingCase]:
    """Cases that are open (oldest first) or decided (newest first), of one kind or of all."""
    is_open = state == OPEN
    query = sa.select(VettingCase).limit(limit)
    if is_open:
        query = query.where(VettingCase.decided_at.is_(None)).order_by(VettingCase.opened_at)
    else:
        query = query.where(VettingCase.decided_at.is_not(None)).order_by(VettingCase.decided_at.desc())
    if kind is not None:
        query = query.where(VettingCase.kind == kind)
    return list(await session.scalars(query))
