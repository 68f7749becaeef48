"""Tidying: the wraps of grants that have ended. Only hygiene: an ended grant is refused when it is read."""

from datetime import timedelta

import sqlalchemy as sa

from vault.consent.tables import Grant, GrantPart, GrantWrap, StatusEntry, StatusList
from vault.db import Session

_AT_ONCE = 500
_KEPT = timedelta(days=1)


async def delete_ended_lists(session: Session) -> int:
    """Delete full status lists whose last grant ended a day ago: nobody holds a token that names them. Returns how
    many. Their addresses are never given again."""
    living = sa.select(StatusEntry.idx).where(
        StatusEntry.list_id == StatusList.id, StatusEntry.until > session.now - _KEPT
    )
    chosen = sa.select(StatusList.id).where(StatusList.closed_at.is_not(None), ~living.exists())
    ended = list((await session.scalars(chosen)).all())
    for table, key in ((StatusEntry, StatusEntry.list_id), (StatusList, StatusList.id)):
        await session.execute(sa.delete(table).where(key.in_(ended)).execution_options(synchronize_session=False))
    return len(ended)


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
