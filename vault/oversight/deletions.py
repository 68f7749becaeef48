"""What requesters were to delete and did not answer: for regulators, as far as their mandate reaches, each question
recorded first."""

from vault import deletion
from vault.crypto.canonical import canonical, digest
from vault.db import Database, Session
from vault.deletion import Order, Place
from vault.ids import RequesterId
from vault.ledger import log
from vault.ledger.events import Event, regulator
from vault.oversight.asking import purposes_of
from vault.registry.mandates import QUESTIONS, Mandate, mandated
from vault.requesters.names import registered_in
from vault.requesters.supervising import purposes_declared
from vault.signin import Holder


async def overdue(
    db: Database,
    holder: Holder,
    *,
    requester: RequesterId | None = None,
    after: Place | None = None,
    limit: int = 50,
) -> list[Order]:
    """Overdue orders within one's mandate, the longest overdue first; show neither grant nor person.

    Raises Refused without the role oversight, OutsideMandate without the power to question. Records ``query.made``.
    """
    mandate = await db.run(_record, holder, requester, after)
    return await db.run(_within, mandate, requester, after, limit)


async def _within(
    session: Session, mandate: Mandate, requester: RequesterId | None, after: Place | None, limit: int
) -> list[Order]:
    """Page by page, until there are as many as are wanted."""
    reaches, found = _Reach(mandate), list[Order]()
    while len(found) < limit:
        page = await deletion.overdue(session, requester=requester, after=after, limit=limit)
        found += [each for each in page if await reaches.reaches(session, each)]
        if len(page) < limit:
            break
        after = page[-1].place
    return found[:limit]


class _Reach:
    """How far a mandate reaches, asked of one order after the other."""

    def __init__(self, mandate: Mandate) -> None:
        self._mandate = mandate
        self._declared: dict[object, bool] = {}

    async def reaches(self, session: Session, order: Order) -> bool:
        """Whether the sector of what was declared and the region of the requester are the mandate's."""
        if self._mandate.is_whole:
            return True
        known = self._declared.get(order.declaration_id)
        if known is None:
            known = self._declared[order.declaration_id] = await self._look(session, order)
        return known

    async def _look(self, session: Session, order: Order) -> bool:
        sectors, regions = self._mandate.sectors, self._mandate.regions
        if sectors is not None:
            declared = await purposes_declared(session, order.requester_id, declaration=order.declaration_id)
            if not declared <= purposes_of(sectors):
                return False
        return regions is None or order.requester_id in await registered_in(session, regions)


async def _record(session: Session, holder: Holder, requester: RequesterId | None, after: Place | None) -> Mandate:
    member, mandate = await mandated(session, holder, QUESTIONS)
    where = None if after is None else [after.due_at.isoformat(), after.id.hex]
    asked = ["overdue deletions", requester.hex if requester else None, where]
    event = Event(name="query.made", actor=regulator(member.id), digest=digest(canonical(["question", 1, asked])))
    await log.append(session, event)
    return mandate
