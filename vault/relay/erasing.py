"""A vault is erased: no address leads to its person, and nothing says that one ever did."""

import sqlalchemy as sa

from vault.db import Session
from vault.ids import PersonId
from vault.relay.tables import RelayAddress, RelayMessage, RelayName


async def erase(session: Session, person: PersonId) -> None:
    """Destroy a person's addresses at the relay, their names, and what is known of the messages."""
    for table in (RelayMessage, RelayName, RelayAddress):
        await session.execute(sa.delete(table).where(table.person_id == person))
