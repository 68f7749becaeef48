"""Erasure and the law: an order that reaches into a vault holds it; what was opened under one stays the recipient's."""

import sqlalchemy as sa

from vault.db import Session
from vault.ids import PersonId
from vault.lawful.deciding import IN_FORCE
from vault.lawful.tables import LawfulOrderRow, LawfulShare


async def reaches(session: Session, person: PersonId) -> bool:
    """Whether an order about this person, of which they know, may still open something."""
    found = sa.select(LawfulOrderRow.id).where(
        LawfulOrderRow.person_id == person,
        LawfulOrderRow.state == IN_FORCE,
        LawfulOrderRow.valid_until > session.now,
        LawfulOrderRow.used < LawfulOrderRow.openings,
        LawfulOrderRow.reveal_at <= session.now,
    )
    return await session.scalar(found.limit(1)) is not None


async def erase(session: Session, person: PersonId) -> None:
    """Destroy section keys that are half open, which no second step came for."""
    await session.execute(sa.delete(LawfulShare).where(LawfulShare.person_id == person))
