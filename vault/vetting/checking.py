"""Running the checks of a case: read what they are about, let go of the database, look, keep what was seen."""

from vault.db import Database, Session
from vault.ids import CaseId
from vault.ledger.events import REGISTRY, Actor
from vault.ledger.events import officer as by_officer
from vault.registry import officer
from vault.signin.holders import Holder
from vault.vetting.cases import record, subject_to_check
from vault.vetting.examining import Checker
from vault.vetting.findings import Run
from vault.vetting.subject import Subject

ROLE = "vetting"


async def run_checks(db: Database, checker: Checker, case: CaseId, *, by: Actor = REGISTRY) -> Run:
    """One run of all checks. Raises NotFound, Conflict when the case is decided, before or meanwhile."""
    subject = await db.run(subject_to_check, case)
    findings = await checker.examine(subject)
    return await db.run(record, case, findings, by)


async def check_again(db: Database, checker: Checker, holder: Holder, case: CaseId) -> Run:
    """An officer has the checks run now. Raises Refused besides."""
    subject = await db.run(_subject_for_officer, holder, case)
    findings = await checker.examine(subject)
    return await db.run(record, case, findings, by_officer(holder.id))


async def _subject_for_officer(session: Session, holder: Holder, case: CaseId) -> Subject:
    await officer(session, holder, ROLE)
    return await subject_to_check(session, case)
