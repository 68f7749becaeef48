"""How far a case reaches, and what becomes of a refusal: whoever opened it, its organisation bounds who works on it."""

from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID

from vault import ids
from vault.db import Database, Session
from vault.ledger import log
from vault.ledger.events import Event, regulator
from vault.powers.reach import check_reach
from vault.powers.second import AnotherRegulator
from vault.powers.tables import Inquiry
from vault.registry.mandates import Mandate, OutsideMandate
from vault.signin.holders import Holder

OPEN, CLOSING, CLOSED = "open", "closing", "closed"
"""States of a case: a decision is still to come, waits for the second regulator, is made."""
P = ParamSpec("P")
T = TypeVar("T")


async def on_record(
    db: Database,
    act: Callable[Concatenate[Session, Holder, UUID, P], Awaitable[T]],
    holder: Holder,
    case: UUID,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run an act about a case; a refusal by rule is an entry."""
    try:
        return await db.run(act, holder, case, *args, **kwargs)
    except (AnotherRegulator, OutsideMandate) as refused:
        await db.run(log.append, refusal(holder, case, refused))
        raise


def refusal(holder: Holder, case: UUID | None, refused: AnotherRegulator | OutsideMandate) -> Event:
    """The entry of a refusal."""
    return Event(
        name="inquiry.attempt_refused",
        actor=regulator(holder.id),
        ref=None if case is None else ids.public(ids.INQUIRY, case),
        reason=refused.reason if isinstance(refused, AnotherRegulator) else refused.check,
    )


async def check_reach_of(session: Session, mandate: Mandate, row: Inquiry) -> None:
    """What is about no organisation lies within every mandate that has the power. Raises OutsideMandate."""
    if row.requester_id is not None:
        await check_reach(session, mandate, row.requester_id)


async def is_within(session: Session, mandate: Mandate, row: Inquiry) -> bool:
    """Whether it lies within a mandate."""
    try:
        await check_reach_of(session, mandate, row)
    except OutsideMandate:
        return False
    return True
