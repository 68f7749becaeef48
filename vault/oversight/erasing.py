"""A vault is erased: no reference leads to its person."""

import sqlalchemy as sa

from vault.db import Session
from vault.ids import PersonId
from vault.oversight.tables import PersonReference


async def erase(session: Session, person: PersonId) -> None:
    """Destroy every reference to a person, whoever made it."""
    await session.execute(sa.delete(PersonReference).where(PersonReference.person_id == person))
