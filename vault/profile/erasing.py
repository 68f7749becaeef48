"""Everything a person kept is destroyed."""

import sqlalchemy as sa

from vault.db import Session
from vault.ids import PersonId
from vault.profile.tables import Attestation, SectionKey, SectionVersion


async def hold_keys(session: Session, person: PersonId) -> None:
    """Lock every part of a person, in the order in which everybody does: whoever makes or grants keys holds theirs."""
    theirs = sa.select(SectionKey.id).where(SectionKey.person_id == person)
    ordered = theirs.order_by(SectionKey.section, SectionKey.compartment, SectionKey.number)
    await session.execute(ordered.with_for_update())


async def erase(session: Session, person: PersonId) -> None:
    """Destroy a person's section keys with their escrow, and what lies under them."""
    for table in (SectionKey, SectionVersion, Attestation):
        await session.execute(sa.delete(table).where(table.person_id == person))
