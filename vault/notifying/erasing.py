"""A vault is erased: where its person was told is forgotten, and what was still to be sent is not."""

import sqlalchemy as sa

from vault.db import Session
from vault.ids import PersonId
from vault.notifying.tables import NoticeAddress, NoticeMessage, OutboxLetter


async def erase(session: Session, person: PersonId) -> None:
    """Destroy a person's address for notices and every message to it."""
    for table in (NoticeAddress, NoticeMessage, OutboxLetter):
        await session.execute(sa.delete(table).where(table.person_id == person))
