"""What requesters were to delete and did not answer: for regulators, each question recorded first."""

from datetime import datetime

from vault import deletion
from vault.crypto.canonical import canonical, digest
from vault.db import Database, Session
from vault.deletion import Order
from vault.ids import RequesterId
from vault.ledger import log
from vault.ledger.events import Event, regulator
from vault.registry import regulator as regulator_now
from vault.signin import Holder

ROLE = "oversight"


async def overdue(
    db: Database,
    holder: Holder,
    *,
    requester: RequesterId | None = None,
    after: datetime | None = None,
    limit: int = 50,
) -> list[Order]:
    """Overdue orders, the longest overdue first; show neither grant nor person. Takes the role oversight; Refused
    otherwise. Records ``query.made``."""
    await db.run(_record, holder, requester, after)
    return await db.run(deletion.overdue, requester=requester, after=after, limit=limit)


async def _record(session: Session, holder: Holder, requester: RequesterId | None, after: datetime | None) -> None:
    member = await regulator_now(session, holder, ROLE)
    asked = ["overdue deletions", requester.hex if requester else None, after.isoformat() if after else None]
    event = Event(name="query.made", actor=regulator(member.id), digest=digest(canonical(["question", 1, asked])))
    await log.append(session, event)
