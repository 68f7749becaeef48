"""Recording an act: one row in the outbox, inside the act's own transaction.

When that transaction commits, the act is recorded and cannot be lost; when it rolls back, neither
happened. The sequencer puts the entry into the tree within milliseconds; who needs the proof waits
for it (``follower``), who stops something does not.
"""

from typing import Final

import sqlalchemy as sa

from vault import ids
from vault.clock import millis
from vault.db import Session
from vault.errors import NotFound
from vault.ids import EntryId, PersonId
from vault.ledger.catalogue import CATALOGUE, About
from vault.ledger.events import Event, check
from vault.ledger.leaf import draft
from vault.ledger.subjects import next_tag
from vault.ledger.tables import OutboxRow

SHARD: Final = 0
"""The log shard of this installation. More shards will be chosen by tag; every table and tag names its shard."""


async def append(session: Session, event: Event, *, person: PersonId | None = None) -> EntryId:
    """Record an event in the caller's transaction; with ``person``, tagged so that the person finds it.

    Of an erased person nobody can be told: what may also be recorded of somebody unknown carries no tag then.
    Raises Invalid when the event does not fit the catalogue, NotFound when it must be tagged and the person has no
    ledger key.
    """
    check(event, tagged=person is not None)
    entry_id = EntryId(ids.new_uuid())
    body = draft(event, entry_id, millis(session.now))
    tag = None if person is None else await _tag(session, event, person)
    await session.execute(sa.insert(OutboxRow).values(shard=SHARD, id=entry_id, draft=body, tag=tag))
    return entry_id


async def _tag(session: Session, event: Event, person: PersonId) -> bytes | None:
    try:
        return await next_tag(session, person, SHARD)
    except NotFound:
        if CATALOGUE[event.name].about is About.SOMEBODY:
            raise
        return None
