"""Sending what is queued: claimed by one process, sent outside any transaction, tried again ever more slowly.

Every client, and every organisation with all of its clients, has a few places of its own among those of the process,
and who has none free is not even looked at: so a receiver that hangs delays nobody but itself. What no receiver took
within three days is a dead letter.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from vault.db import Database, Session
from vault.errors import VaultError
from vault.ids import RequesterId
from vault.requesters.endpoints import event_endpoint
from vault.vetting.posting import Posted
from vault.webhooks.kinds import DEAD, KEPT, SENT, WAITING
from vault.webhooks.messages import CONTENT_TYPE, body
from vault.webhooks.signatures import signed_headers
from vault.webhooks.tables import WebhookEvent

EVERY: Final = 1.0
"""Seconds between two looks at the queue."""
AT_ONCE: Final = 32
"""Events on their way in one process."""
OF_A_CLIENT: Final = 4
"""Of them, to one client."""
OF_A_REQUESTER: Final = 8
"""Of them, to all clients of one organisation: it may have as many as it likes."""
LEASE: Final = timedelta(seconds=60)
"""A process that dies while it sends leaves the event to others after this long."""
TRIED_FOR: Final = timedelta(days=3)
GONE: Final = 410
"""An answer by which a receiver says that it wants no more of this (RFC 9110 section 15.5.11)."""
_FIRST_PAUSE: Final = 10.0
_LONGEST_PAUSE: Final = 6 * 3600.0
_log = structlog.get_logger("vault")


class Postman(Protocol):
    """The way out."""

    async def post(self, url: str, *, headers: dict[str, str], content: bytes) -> Posted:
        """Post it once. Never raises for what a receiver does."""
        ...


def pause(tries: int, chance: float) -> timedelta:
    """How long to wait after that many failures: 10 s, 20 s, … at most six hours, of which the last half is left to
    ``chance`` (0 to 1), so that what failed together does not come back together."""
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(tries - 1, 20))
    return timedelta(seconds=longest * (0.5 + chance / 2))


@dataclass(frozen=True)
class Letter:
    """One try of one event."""

    requester: RequesterId
    event: UUID
    url: str
    headers: dict[str, str]
    content: bytes


@dataclass
class Sender:
    """The queue's way out in one process. ``issuer``: where events come from."""

    database: Database
    postman: Postman
    issuer: str
    _busy: Counter[UUID] = field(default_factory=Counter)
    """Places taken, by client and by requester."""
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Send until cancelled."""
        try:
            while True:
                started = 0
                try:
                    started = await self.look()
                except (VaultError, SQLAlchemyError, OSError) as error:
                    _log.warning("webhooks_failed", kind=type(error).__name__)
                if started:
                    await self._any()
                else:
                    await asyncio.sleep(EVERY)
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def look(self) -> int:
        """Begin to send what is due, as far as there is room. Returns how many were begun."""
        room = AT_ONCE - len(self._under_way)
        if room <= 0:
            return 0
        full = [who for who, number in self._busy.items() if number >= OF_A_CLIENT]
        spread = [who for who, number in self._busy.items() if number >= OF_A_REQUESTER]
        begun = 0
        for requester, client, event in await self.database.run(_due, full, spread, room):
            if self._busy[client] < OF_A_CLIENT and self._busy[requester] < OF_A_REQUESTER:
                self._busy.update((client, requester))
                task = asyncio.create_task(self._one(requester, client, event))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
                begun += 1
        return begun

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

    async def _any(self) -> None:
        """Wait until there is room again for somebody, or the next look is due."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=EVERY, return_when=asyncio.FIRST_COMPLETED)

    async def _one(self, requester: RequesterId, client: UUID, event: UUID) -> None:
        try:
            letter = await self.database.run(_claim, requester, event, self.issuer)
            if letter is not None:
                posted = await self.postman.post(letter.url, headers=letter.headers, content=letter.content)
                await self.database.run(_settle, letter, posted, random.random())  # noqa: S311 - no secret
        except (VaultError, SQLAlchemyError, OSError) as error:  # the lease ends, and it is tried again
            _log.warning("webhook_not_settled", webhook=event.hex, kind=type(error).__name__)
        finally:
            self._busy -= Counter((client, requester))  # and forget who has none


def target_uri(url: str) -> str:
    """The address as a receiver sees it again (RFC 9421 section 2.2.2): host in lower case, no default port, a path."""
    parts = urlsplit(url)
    default = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
    netloc = parts.netloc.lower().removesuffix(default)
    return parts._replace(netloc=netloc, path=parts.path or "/").geturl()


async def _due(
    session: Session, full: list[UUID], spread: list[UUID], room: int
) -> list[tuple[RequesterId, UUID, UUID]]:
    found = await session.execute(
        sa.select(WebhookEvent.requester_id, WebhookEvent.client_id, WebhookEvent.id)
        .where(
            WebhookEvent.state == WAITING,
            WebhookEvent.due_at <= session.now,
            WebhookEvent.client_id.not_in(full),
            WebhookEvent.requester_id.not_in(spread),
        )
        .order_by(WebhookEvent.due_at, WebhookEvent.id)
        .limit(room)
    )
    return [(requester, client, event) for requester, client, event in found]


async def _claim(session: Session, requester: RequesterId, event: UUID, issuer: str) -> Letter | None:
    """Take an event for the time of a lease. Of several processes one gets it; None for the others, and where the
    client has no address: then it is kept for whoever asks."""
    taken = await session.execute(
        sa.update(WebhookEvent)
        .where(
            WebhookEvent.requester_id == requester,
            WebhookEvent.id == event,
            WebhookEvent.state == WAITING,
            WebhookEvent.due_at <= session.now,
        )
        .values(due_at=session.now + LEASE, tries=WebhookEvent.tries + 1, tried_at=session.now)
        .returning(WebhookEvent)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    row = taken.scalar_one_or_none()
    if row is None:
        return None
    endpoint = await event_endpoint(session, row.client_id)
    if endpoint is None:
        await _set(session, requester, event, state=KEPT, result="no-address")
        return None
    url, content = target_uri(endpoint), body(row, issuer)
    headers = signed_headers(session.ring, url, CONTENT_TYPE, content, now=session.now)
    return Letter(requester, event, url, headers, content)


async def _settle(session: Session, letter: Letter, posted: Posted, chance: float) -> None:
    """Note what became of it."""
    if posted.is_taken:
        await _set(session, letter.requester, letter.event, state=SENT, result=posted.why)
        return
    known = await session.execute(
        sa.select(WebhookEvent.tries, WebhookEvent.since).where(
            WebhookEvent.requester_id == letter.requester, WebhookEvent.id == letter.event
        )
    )
    tries, since = known.one()
    due = session.now + pause(tries, chance)
    if posted.status == GONE or due >= since + TRIED_FOR:
        _log.warning("webhook_dead", webhook=letter.event.hex, why=posted.why)
        await _set(session, letter.requester, letter.event, state=DEAD, result=posted.why)
    else:
        await _set(session, letter.requester, letter.event, due_at=due, result=posted.why)


async def _set(session: Session, requester: RequesterId, event: UUID, **values: object) -> None:
    await session.execute(
        sa.update(WebhookEvent)
        .where(WebhookEvent.requester_id == requester, WebhookEvent.id == event, WebhookEvent.state == WAITING)
        .values(values)
        .execution_options(synchronize_session=False)
    )
