"""Tidying: the wraps of grants that have ended. Only hygiene: an ended grant is refused when it is read."""

import sqlalchemy as sa

from vault.consent.tables import Grant, GrantPart, GrantWrap
from vault.db import Session

_AT_ONCE = 500


async def delete_dead_wraps(session: Session) -> int:
    """Delete wraps and sealed keys of grants that are past their end. Returns how many grants were tidied."""
    ended = await session.execute(
        sa.select(Grant.person_id, Grant.id)
        .join(GrantWrap, sa.and_(GrantWrap.person_id == Grant.person_id, GrantWrap.grant_id == Grant.id))
        .where(Grant.expires_at <= session.now)
        .distinct()
        .limit(_AT_ONCE)
    )
    grants = ended.all()
    for person, grant in grants:
        for table in (GrantWrap, GrantPart):
            await session.execute(sa.delete(table).where(table.person_id == person, table.grant_id == grant))
    return len(grants)
