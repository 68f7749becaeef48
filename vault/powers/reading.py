"""Orders as regulators see them: what, about what, why, by whom, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from vault.db import Session
from vault.errors import NotFound
from vault.ids import RequesterId, StaffId
from vault.powers.deciding import is_open
from vault.powers.orders import Target
from vault.powers.tables import PowerOrder
from vault.registry import regulator
from vault.signin.holders import Holder

ROLE = "oversight"
MOST = 100


@dataclass(frozen=True)
class PowerView:
    """An order. ``state``: proposed, done, refused, or lapsed: nobody decided in time."""

    id: UUID
    act: str
    target: str
    requester: RequesterId
    is_urgent: bool
    cut: dict[str, Any] | None
    reason_code: str
    reason: str
    inquiry: UUID | None
    state: str
    is_open: bool
    proposed_by: StaffId
    at: datetime
    lapses_at: datetime
    second: StaffId | None
    second_reason: str | None
    decided_at: datetime | None


async def listing(session: Session, holder: Holder, *, target: Target | None = None) -> list[PowerView]:
    """The newest hundred orders, or those about one thing. Raises Refused without the role, Tampered."""
    await regulator(session, holder, ROLE)
    wanted = sa.select(PowerOrder).order_by(PowerOrder.id.desc()).limit(MOST)
    if target is not None:
        wanted = wanted.where(PowerOrder.target_kind == target.kind, PowerOrder.target_id == target.id)
    return [view(row, session.now) for row in await session.scalars(wanted)]


async def one(session: Session, holder: Holder, which: UUID) -> PowerView:
    """One order. Raises NotFound, Refused without the role, Tampered."""
    await regulator(session, holder, ROLE)
    row = await session.get(PowerOrder, which)
    if row is None:
        raise NotFound("There is no such order.")
    return view(row, session.now)


def view(row: PowerOrder, now: datetime) -> PowerView:
    """A row as a value."""
    open_now = is_open(row, now)
    return PowerView(
        id=row.id,
        act=row.act,
        target=Target(row.target_kind, row.target_id).public(),  # type: ignore[arg-type]  # the table lets in no other
        requester=row.requester_id,
        is_urgent=row.is_urgent,
        cut=row.cut,
        reason_code=row.reason_code,
        reason=row.reason,
        inquiry=row.inquiry_id,
        state="lapsed" if row.state == "proposed" and not open_now else row.state,
        is_open=open_now,
        proposed_by=row.proposed_by,
        at=row.at,
        lapses_at=row.lapses_at,
        second=row.second_id,
        second_reason=row.second_reason,
        decided_at=row.decided_at,
    )
