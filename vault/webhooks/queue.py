"""Queueing events: in the transaction of the act they are about, so that neither is without the other."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.db import Session
from vault.ids import GrantId, ReleaseId, RequesterId
from vault.webhooks.kinds import SECTION_CHANGED, WAITING
from vault.webhooks.tables import WebhookEvent

SETTLES: Final = timedelta(seconds=10)
"""A person who changes sections goes on doing so: what comes within this time is one event for each grant."""


@dataclass(frozen=True, kw_only=True)
class Happened:
    """What a client is told, and about which grant, release or order of deletion. ``type``: one of
    ``vault.webhooks.kinds.TYPES``; ``delete_by``: of an order."""

    type: str
    requester: RequesterId
    client: UUID
    grant: GrantId | None = None
    release: ReleaseId | None = None
    order: UUID | None = None
    delete_by: datetime | None = None


async def announce(session: Session, happened: Happened) -> UUID:
    """Queue an event, to be sent once the caller's transaction has committed. Returns its id.

    Changes of sections under one grant are one event as long as it was not tried yet.
    """
    if happened.type == SECTION_CHANGED and (joined := await _joined(session, happened)) is not None:
        return joined
    event = ids.new_uuid()
    row = {
        "requester_id": happened.requester,
        "id": event,
        "client_id": happened.client,
        "type": happened.type,
        "grant_id": happened.grant,
        "release_id": happened.release,
        "order_id": happened.order,
        "delete_by": happened.delete_by,
        "at": session.now,
        "state": WAITING,
        "since": session.now,
        "due_at": session.now + (SETTLES if happened.type == SECTION_CHANGED else timedelta()),
        "tries": 0,
    }
    await session.execute(sa.insert(WebhookEvent).values(row))
    return event


async def _joined(session: Session, happened: Happened) -> UUID | None:
    """The event that waits already. Its row lock decides: whoever is about to send it waits for this commit, or has
    counted a try, and then another event is needed."""
    found = await session.execute(
        sa.update(WebhookEvent)
        .where(
            WebhookEvent.requester_id == happened.requester,
            WebhookEvent.grant_id == happened.grant,
            WebhookEvent.client_id == happened.client,
            WebhookEvent.type == SECTION_CHANGED,
            WebhookEvent.state == WAITING,
            WebhookEvent.tries == 0,
        )
        .values(at=session.now)
        .returning(WebhookEvent.id)
        .execution_options(synchronize_session=False)
    )
    return found.scalars().first()
