"""Whose grant it is and under what, for those who name a grant and no person."""

from uuid import UUID

import sqlalchemy as sa

from vault.consent.tables import Grant
from vault.db import Session
from vault.errors import NotFound
from vault.ids import DeclarationId, PersonId, RequesterId


async def whose(session: Session, grant: UUID) -> tuple[PersonId, RequesterId, DeclarationId]:
    """The person, the requester and the declaration. Locks the grant. Raises NotFound."""
    chosen = (
        sa.select(Grant.person_id, Grant.requester_id, Grant.declaration_id).where(Grant.id == grant).with_for_update()
    )
    found = (await session.execute(chosen)).one_or_none()
    if found is None:
        raise NotFound("There is no such grant.")
    return found[0], found[1], found[2]
