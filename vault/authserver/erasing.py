"""A vault is erased: nothing waits for its person, and nothing that was asked of them is kept."""

import sqlalchemy as sa

from vault.authserver.tables import BackchannelRequest, ConsentHint, Prompt, PromptPace
from vault.db import Session
from vault.ids import PersonId


async def erase(session: Session, person: PersonId) -> None:
    """Destroy a person's hints, prompts and requests out of band."""
    for table in (ConsentHint, Prompt, PromptPace, BackchannelRequest):
        await session.execute(sa.delete(table).where(table.person_id == person))
