"""What is left of a vault: a number that leads to nobody, and the key that signed the consents which stay."""

import sqlalchemy as sa

from vault.accounts.tables import NationalId, Notice, Person
from vault.db import Session
from vault.errors import NotFound
from vault.ids import PersonId

ERASED = "erased"


async def erase(session: Session, person: PersonId) -> None:
    """Destroy what a vault knew of its person; their national id may open a new one. Raises NotFound, Tampered."""
    row = await session.get(Person, person, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound
    row.status, row.number = ERASED, b""
    await session.execute(sa.delete(NationalId).where(NationalId.person_id == person))
    await session.execute(sa.delete(Notice).where(Notice.person_id == person))
    await session.flush()
