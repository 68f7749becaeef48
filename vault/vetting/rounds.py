"""What the worker does for vetting: runs checks soon after a case opens, looks at requesters in force again and again.

Work is claimed row by row, by its key, for :data:`LEASE`; whoever dies with a claim leaves it to the next one. A
requester's look-up asks the registers only. What changed for the worse opens a case, and stops the requester where
the change prevents approval, until two officers have decided.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from vault.db import Database, Session
from vault.errors import Conflict, NotFound, VaultError
from vault.ids import ApplicationId, CaseId, RequesterId
from vault.ledger.events import REGISTRY
from vault.requesters import measures, renewal
from vault.requesters.standing import State
from vault.vetting.cases import APPLICATION, RENEWAL, REOPENED, keep, latest_run, open_case, schedule, subject
from vault.vetting.checking import run_checks
from vault.vetting.examining import Checker
from vault.vetting.findings import CREDIT, Finding, Run
from vault.vetting.subject import Subject
from vault.vetting.tables import ApplicationRow, VettingCase, VettingWork

BATCH: Final = 20
"""Works in one round."""
LEASE: Final = timedelta(minutes=5)
LONGEST_WAIT: Final = timedelta(hours=24)
"""Checks without an answer are tried again after 1, 2, 4 … minutes, at least so often."""
RENEW_BEFORE: Final = timedelta(days=60)
"""A renewal case opens so long before the end of the vetting."""
REASON: Final = "source-changed"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Work:
    """A claimed piece of work. ``tries`` counts this one."""

    id: UUID
    kind: str
    tries: int


async def work_through(db: Database, checker: Checker, *, every: timedelta) -> int:
    """One round: everything that is due, at most :data:`BATCH`. Returns how many pieces were done.

    ``every``: how long until a requester is looked at again. What fails is logged by kind and tried again.
    """
    done = 0
    for what in await db.run(due):
        work = await db.run(claim, what)
        if work is None:
            continue
        try:
            if work.kind == "case":
                await _check_case(db, checker, work)
            else:
                await _look_again(db, checker, work, every)
            done += 1
        except (VaultError, SQLAlchemyError, OSError) as error:
            _log.warning("vetting_failed", work=work.id.hex, kind=work.kind, error=type(error).__name__)
    if done:
        _log.info("vetting_round", done=done)
    return done


async def due(session: Session) -> list[UUID]:
    """What waits, longest first; nothing is locked."""
    found = sa.select(VettingWork.id).where(VettingWork.due_at <= session.now).order_by(VettingWork.due_at).limit(BATCH)
    return list(await session.scalars(found))


async def bring_forward(session: Session, every: timedelta) -> None:
    """Look at requesters at least as often as the settings say now, whatever they said when it was planned."""
    soon = session.now + every
    mine = sa.update(VettingWork).where(VettingWork.kind == "watch", VettingWork.due_at > soon)
    await session.execute(mine.values(due_at=soon))


async def claim(session: Session, what: UUID) -> Work | None:
    """Take one piece of work for :data:`LEASE`; None when somebody else has it or has done it."""
    row = await session.scalar(
        sa.select(VettingWork)
        .where(VettingWork.id == what, VettingWork.due_at <= session.now)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    row.due_at, row.tries = session.now + LEASE, row.tries + 1
    return Work(row.id, row.kind, row.tries)


async def put_off(session: Session, what: UUID, until: datetime) -> None:
    """Try again then, keeping count."""
    await session.execute(sa.update(VettingWork).where(VettingWork.id == what).values(due_at=until))


async def drop(session: Session, what: UUID) -> None:
    """Nothing more to do."""
    await session.execute(sa.delete(VettingWork).where(VettingWork.id == what))


async def adopt(session: Session) -> int:
    """Give applications from before there were cases one each. Returns how many; call until it is none."""
    without = sa.select(ApplicationRow).where(
        ~sa.exists().where(VettingCase.id == ApplicationRow.id)  # the first case has the application's id
    )
    rows = list(await session.scalars(without.limit(BATCH).with_for_update(skip_locked=True)))
    for row in rows:
        case = await open_case(session, row.id, APPLICATION)
        if row.decided_at is None:
            continue
        case.status, case.decided_at = row.status, row.decided_at
        await drop(session, case.id)
        if row.status == "approved":
            case.requester_id = RequesterId(UUID(hex=row.outcome["requester"]))
            await schedule(session, case.requester_id, "watch", session.now)
    return len(rows)


async def _check_case(db: Database, checker: Checker, work: Work) -> None:
    try:
        run = await run_checks(db, checker, CaseId(work.id))
    except (Conflict, NotFound):  # decided meanwhile
        await db.run(drop, work.id)
        return
    if run.outstanding(db.clock.now()):
        wait = min(timedelta(minutes=2 ** min(work.tries - 1, 12)), LONGEST_WAIT)
        await db.run(put_off, work.id, db.clock.now() + wait)


@dataclass(frozen=True)
class Watched:
    """A requester to be looked at: whether it is in force, what to ask about, what is known already."""

    requester: RequesterId
    application: ApplicationId
    held: renewal.Held
    subject: Subject
    known: Run


async def _look_again(db: Database, checker: Checker, work: Work, every: timedelta) -> None:
    watched = await db.run(watched_requester, RequesterId(work.id))
    if watched is None or watched.held.state in {State.REVOKED, State.SURRENDERED}:
        await db.run(drop, work.id)
        return
    if watched.held.state is State.ACTIVE:
        findings = await checker.sources(watched.subject)
        await db.run(compare, watched, findings)
    await db.run(put_off, work.id, db.clock.now() + every)


async def watched_requester(session: Session, requester: RequesterId) -> Watched | None:
    """What is known of a requester through its newest approved case; None when there is none."""
    case = await session.scalar(
        sa.select(VettingCase)
        .where(VettingCase.requester_id == requester, VettingCase.status == "approved")
        .order_by(VettingCase.decided_at.desc())
        .limit(1)
    )
    if case is None:
        return None
    known = await latest_run(session, case.id)
    held = await renewal.held(session, requester)
    return Watched(requester, case.application_id, held, await subject(session, case), known)


async def compare(session: Session, watched: Watched, findings: Sequence[Finding]) -> CaseId | None:
    """Open what has to be opened. Returns the id of a case that a changed fact re-opened."""
    until = watched.held.valid_until
    if until is not None and until - session.now <= RENEW_BEFORE:
        await _open_renewal(session, watched, until - RENEW_BEFORE)
    changes = changed(findings, watched.known)
    return await _reopen(session, watched, findings, changes) if changes else None


def changed(findings: Sequence[Finding], known: Run) -> list[str]:
    """Codes of what the registers say now that stands in the way or was not known when two officers approved."""
    found = [reason for each in findings if each.result == "failed" and each.kind.blocks for reason in each.reasons]
    before = int((known.said(CREDIT) or {}).get("listings", 0))
    for each in findings:
        if each.name == CREDIT and each.result == "failed" and int(each.evidence["said"]["listings"]) > before:
            found += each.reasons
    return list(dict.fromkeys(found))


async def _open_renewal(session: Session, watched: Watched, since: datetime) -> None:
    mine = sa.select(VettingCase.id).where(
        VettingCase.requester_id == watched.requester, VettingCase.kind == RENEWAL, VettingCase.opened_at >= since
    )
    if await session.scalar(mine) is None:
        await _opened(session, watched, RENEWAL, None)


async def _reopen(
    session: Session, watched: Watched, findings: Sequence[Finding], changes: Sequence[str]
) -> CaseId | None:
    case = await _opened(session, watched, REOPENED, " ".join(changes))
    if case is None:  # it is open already
        return None
    await keep(session, case, findings, REGISTRY)
    if any(each.result == "failed" and each.kind.blocks for each in findings):
        try:
            async with session.begin_nested():
                measure = await measures.suspend(session, watched.requester, reason=REASON, by=REGISTRY)
        except Conflict:  # stopped by somebody else meanwhile: that is theirs to end
            return case.id
        case.outcome = {"measure": measure.hex}
    return case.id


async def _opened(session: Session, watched: Watched, kind: str, grounds: str | None) -> VettingCase | None:
    try:
        async with session.begin_nested():
            return await open_case(session, watched.application, kind, requester=watched.requester, grounds=grounds)
    except IntegrityError:
        return None
