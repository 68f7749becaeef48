"""Grants that ended by themselves: nobody sweeps them, so they are counted by reading."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from vault.consent.tables import ACTIVE, Grant
from vault.db import Session


async def expired_by_hour(
    session: Session, since: datetime, until: datetime, requester: UUID | None = None
) -> dict[datetime, int]:
    """How many grants ran out in each hour of a period, up to now; of one organisation or of all."""
    hour = sa.func.date_trunc("hour", Grant.expires_at)
    wanted = sa.select(hour, sa.func.count()).where(
        Grant.status == ACTIVE, Grant.expires_at >= since, Grant.expires_at < min(until, session.now)
    )
    if requester is not None:
        wanted = wanted.where(Grant.requester_id == requester)
    return {at: int(count) for at, count in await session.execute(wanted.group_by(hour))}
