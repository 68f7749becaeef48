"""What requesters are called, whatever their standing: for entries, which name them by id only."""

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa

from vault.db import Session
from vault.errors import NotFound
from vault.requesters.tables import Requester


async def names(session: Session, requesters: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """{id: {"en": …, "zh-CN": …}} of those that exist. Raises Tampered when a row was edited."""
    wanted = set(requesters)
    if not wanted:
        return {}
    rows = await session.scalars(sa.select(Requester).where(Requester.id.in_(wanted)))
    return {row.id: row.name for row in rows}


async def code_of(session: Session, requester: UUID) -> str:
    """The unified social credit code of a registered organisation. Raises NotFound, Tampered."""
    row = await session.get(Requester, requester)
    if row is None:
        raise NotFound("There is no such requester.")
    return row.uscc


async def registered_in(session: Session, regions: Iterable[str]) -> set[UUID]:
    """Everybody whose unified social credit code names one of these divisions (GB/T 2260; 2, 4 or 6 digits)."""
    division = sa.func.substr(Requester.uscc, 3, 6)
    wanted = sa.or_(*(division.startswith(region, autoescape=True) for region in sorted(regions)))
    return set(await session.scalars(sa.select(Requester.id).where(wanted)))


async def how_many(session: Session) -> int:
    """How many organisations are registered, whatever their standing."""
    return int(await session.scalar(sa.select(sa.func.count()).select_from(Requester)) or 0)
