"""Finding a person by their national id: for what a court ordered, and for nothing else."""

import sqlalchemy as sa

from vault.accounts.numbers import normalise
from vault.accounts.tables import NationalId
from vault.db import Session
from vault.ids import PersonId
from vault.signin.blind import blind


async def holder_of_number(session: Session, scheme: str, number: str) -> PersonId | None:
    """Who holds this number; None: nobody here. Raises Invalid naming the field when it is none by its form."""
    values = blind(session.ring, scheme, normalise(scheme, number)).values()
    wanted = sa.select(NationalId.person_id).where(NationalId.value.in_(list(values))).limit(1)
    found: PersonId | None = await session.scalar(wanted)
    return found
