"""Everything a person kept is destroyed."""

import sqlalchemy as sa

from vault.db import Session
from vault.ids import PersonId
from vault.profile.tables import Attestation, SectionKey, SectionVersion


async def erase(session: Session, person: PersonId) -> None:
    """Destroy a person's section keys with their escrow, and what lies under them."""
    for table in (SectionKey, SectionVersion, Attestation):
        await session.execute(sa.delete(table).where(table.person_id == person))
