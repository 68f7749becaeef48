"""What signing in says to the ledger."""

from uuid import UUID

from vault.db import Session
from vault.ids import PersonId
from vault.ledger import events, log
from vault.signin.holders import OFFICER, PERSON


def actor(realm: str, holder_id: UUID) -> events.Actor:
    """A holder as the actor of an entry; a person is not named."""
    if realm == PERSON:
        return events.PERSON
    return events.officer(holder_id) if realm == OFFICER else events.regulator(holder_id)


async def record(session: Session, name: str, realm: str, holder_id: UUID, *, outcome: str | None = None) -> None:
    """Append an event by a holder about themselves."""
    event = events.Event(name=name, actor=actor(realm, holder_id), outcome=outcome)
    await log.append(session, event, person=PersonId(holder_id) if realm == PERSON else None)
