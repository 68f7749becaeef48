"""A vault is erased: nothing ties its releases together any more. Their entries stay, and name nobody."""

import sqlalchemy as sa

from vault.db import Session
from vault.ids import PersonId
from vault.release.tables import Approval, Release, StandingApproval


async def erase(session: Session, person: PersonId) -> None:
    """Destroy the register of a person's releases, with the keys of the commitments to what left, and approvals."""
    for table in (Approval, StandingApproval, Release):
        await session.execute(sa.delete(table).where(table.person_id == person))
