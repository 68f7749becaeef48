"""What a requester was told or should have been, for its own members: listed since a place, sent again, tried out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault.db import Session
from vault.errors import Conflict, NotFound, TooMany
from vault.ids import RequesterId
from vault.ledger.events import Actor, Event
from vault.ledger.log import append
from vault.requesters.changing import client_of
from vault.webhooks.kinds import DEAD, STATES, TEST, WAITING
from vault.webhooks.messages import subjects
from vault.webhooks.queue import Happened, announce
from vault.webhooks.tables import WebhookEvent

KEPT_FOR: Final = timedelta(days=30)
"""What was sent, kept or given up is listed so long, and can be sent again."""
MOST_LISTED: Final = 200
MOST_REPLAYED: Final = 1000
"""Dead letters that one act sends again."""
MOST_TESTS: Final = 10
"""Test events for one client in a minute: the address may be a stranger's, who did not ask for them."""


@dataclass(frozen=True)
class Told:
    """One event. ``about``: public ids by kind; ``state``: waiting, sent, kept (the client has no address) or dead;
    ``result``: how the last try ended; ``next``: when it is tried again."""

    id: UUID
    client_id: UUID
    type: str
    about: dict[str, str]
    at: datetime
    state: str
    tries: int
    result: str | None
    tried_at: datetime | None
    next: datetime | None


async def since(
    session: Session, requester: RequesterId, *, after: UUID | None = None, state: str | None = None, limit: int = 50
) -> list[Told]:
    """A requester's events, oldest first, after this one; of one state where one is named. At most 200."""
    wanted = _of(requester, state)
    if after is not None:
        wanted = wanted.where(WebhookEvent.id > after)
    return await _told(session, wanted.order_by(WebhookEvent.id).limit(min(limit, MOST_LISTED)))


async def newest(session: Session, requester: RequesterId, *, state: str | None = None, limit: int = 50) -> list[Told]:
    """A requester's newest events first."""
    return await _told(session, _of(requester, state).order_by(WebhookEvent.id.desc()).limit(min(limit, MOST_LISTED)))


async def counts(session: Session, requester: RequesterId) -> dict[str, int]:
    """How many events there are in each state, of the last thirty days."""
    found = await session.execute(
        sa.select(WebhookEvent.state, sa.func.count().label("number"))
        .where(WebhookEvent.requester_id == requester)
        .group_by(WebhookEvent.state)
    )
    return dict.fromkeys(STATES, 0) | {row.state: row.number for row in found}


async def replay(session: Session, requester: RequesterId, event: UUID, *, by: Actor) -> Told:
    """Send an event again, under the same id, whatever became of it. NotFound for another's. Records
    ``webhook.replayed``."""
    await _again(session, requester, [event], by)
    return (await _told(session, _of(requester, None).where(WebhookEvent.id == event)))[0]


async def replay_dead(session: Session, requester: RequesterId, *, by: Actor) -> int:
    """Send the dead letters again, the oldest thousand at most. Returns how many. Records ``webhook.replayed``."""
    found = await session.execute(
        sa.select(WebhookEvent.id)
        .where(WebhookEvent.requester_id == requester, WebhookEvent.state == DEAD)
        .order_by(WebhookEvent.id)
        .limit(MOST_REPLAYED)
    )
    dead = list(found.scalars())
    if dead:
        await _again(session, requester, dead, by)
    return len(dead)


async def send_test(session: Session, requester: RequesterId, client: UUID, *, by: Actor) -> UUID:
    """Queue an event that says nothing, to try the address. NotFound; Conflict where the client has none; TooMany."""
    if (await client_of(session, requester, client)).metadata.event_endpoint is None:
        raise Conflict("This client has no address for events: give it one first.")
    lately = await session.scalar(
        sa.select(sa.func.count()).where(
            WebhookEvent.requester_id == requester,
            WebhookEvent.client_id == client,
            WebhookEvent.type == TEST,
            WebhookEvent.at > session.now - timedelta(minutes=1),
        )
    )
    if (lately or 0) >= MOST_TESTS:
        raise TooMany("This address was tried often enough: wait a minute.", retry_after=60)
    event = await announce(session, Happened(type=TEST, requester=requester, client=client))
    await append(session, Event(name="webhook.tested", actor=by, requester=requester))
    return event


async def delete_old_events(session: Session) -> int:
    """Delete what ended thirty days ago. Returns how many."""
    gone = await session.execute(
        sa.delete(WebhookEvent)
        .where(WebhookEvent.state != WAITING, WebhookEvent.since < session.now - KEPT_FOR)
        .returning(WebhookEvent.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


async def _again(session: Session, requester: RequesterId, which: Sequence[UUID], by: Actor) -> None:
    found = await session.execute(
        sa.update(WebhookEvent)
        .where(WebhookEvent.requester_id == requester, WebhookEvent.id.in_(which))
        .values(state=WAITING, since=session.now, due_at=session.now, tries=0)
        .returning(WebhookEvent.id)
        .execution_options(synchronize_session=False)
    )
    number = len(found.all())
    if not number:
        raise NotFound("There is no such event.")
    await append(session, Event(name="webhook.replayed", actor=by, requester=requester, count=number))


def _of(requester: RequesterId, state: str | None) -> sa.Select[WebhookEvent]:
    wanted = sa.select(WebhookEvent).where(WebhookEvent.requester_id == requester)
    return wanted if state is None else wanted.where(WebhookEvent.state == state)


async def _told(session: Session, wanted: sa.Select[WebhookEvent]) -> list[Told]:
    rows = await session.execute(wanted.execution_options(populate_existing=True))
    return [
        Told(
            row.id,
            row.client_id,
            row.type,
            subjects(row),
            row.at,
            row.state,
            row.tries,
            row.result,
            row.tried_at,
            row.due_at if row.state == WAITING else None,
        )
        for row in rows.scalars()
    ]
