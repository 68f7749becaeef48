"""What signing in says to the ledger."""

from typing import NamedTuple
from uuid import UUID

from vault.db import Session
from vault.ids import PersonId
from vault.ledger import events, log
from vault.signin.holders import MEMBER, OFFICER, PERSON


def actor(realm: str, holder_id: UUID) -> events.Actor:
    """A holder as the actor of an entry; a person is not named."""
    if realm == PERSON:
        return events.PERSON
    if realm == MEMBER:
        return events.member(holder_id)
    return events.officer(holder_id) if realm == OFFICER else events.regulator(holder_id)


class Who(NamedTuple):
    """A holder without their keys; ``belongs_to`` is a member's organisation."""

    realm: str
    id: UUID
    belongs_to: UUID | None


async def record(
    session: Session, name: str, who: Who, *, outcome: str | None = None, count: int | None = None
) -> None:
    """Append an event by a holder about themselves; a member's names the organisation, which may see it."""
    by = actor(who.realm, who.id)
    event = events.Event(name=name, actor=by, requester=who.belongs_to, outcome=outcome, count=count)
    await log.append(session, event, person=PersonId(who.id) if who.realm == PERSON else None)
