"""Delivering what is queued: claimed by one process, sent outside any transaction, tried again ever more slowly."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from vault.clock import millis
from vault.db import Database, Session
from vault.errors import VaultError
from vault.ids import PersonId
from vault.notifying.moments import moment
from vault.notifying.notifier import Letter, Notifier, Outcome
from vault.notifying.tables import DROPPED, SENT, WAITING, NoticeMessage
from vault.notifying.telling import open_content
from vault.notifying.texts import worded

EVERY: Final = 1.0
"""Seconds between two looks at the queue."""
AT_ONCE: Final = 20
LEASE: Final = timedelta(seconds=60)
"""A process that dies while it sends leaves the message to others after this long."""
MOST_TRIES: Final = 12
_FIRST_PAUSE: Final = 15
_LONGEST_PAUSE: Final = 3600
_PAGES: Final = {"address_code": "/notice-address", "consent_waiting": "/requests", "erasure_asked": "/erasure"}
_log = structlog.get_logger("vault")


def pause(tries: int) -> timedelta:
    """How long to wait after that many failures: 15 s, 30 s, … at most an hour."""
    return timedelta(seconds=min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(tries - 1, 20)))


@dataclass(frozen=True)
class Post:
    """The queue's way out. ``vault``: the address of the portal, for messages to name."""

    database: Database
    notifier: Notifier
    vault: str

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            try:
                sent = await self.round()
            except (VaultError, SQLAlchemyError, OSError) as error:
                _log.warning("post_failed", kind=type(error).__name__)
                sent = 0
            if sent < AT_ONCE:
                await asyncio.sleep(EVERY)

    async def round(self) -> int:
        """Try what is due now. Returns how many were tried."""
        tried = 0
        for person, message in await self.database.run(_due):
            letter = await self.database.run(_claim, person, message, self.vault)
            if letter is not None:
                outcome = await self.notifier.deliver(letter)
                await self.database.run(_settle, letter, outcome)
                tried += 1
        return tried


async def _due(session: Session) -> list[tuple[PersonId, UUID]]:
    found = await session.execute(
        sa.select(NoticeMessage.person_id, NoticeMessage.id)
        .where(NoticeMessage.state == WAITING, NoticeMessage.due_at <= session.now)
        .order_by(NoticeMessage.due_at)
        .limit(AT_ONCE)
    )
    return [(person, message) for person, message in found]


async def _claim(session: Session, person: PersonId, message: UUID, vault: str) -> Letter | None:
    """Take a message for the time of a lease. Of several processes one gets it; None for the others."""
    taken = await session.execute(
        sa.update(NoticeMessage)
        .where(
            NoticeMessage.person_id == person,
            NoticeMessage.id == message,
            NoticeMessage.state == WAITING,
            NoticeMessage.due_at <= session.now,
        )
        .values(due_at=session.now + LEASE, tries=NoticeMessage.tries + 1)
        .returning(NoticeMessage.kind, NoticeMessage.sealed, NoticeMessage.at, NoticeMessage.ends_at)
        .execution_options(synchronize_session=False)
    )
    row = taken.one_or_none()
    if row is None:
        return None
    if session.now >= row.ends_at:
        await _set(session, person, message, state=DROPPED)
        return None
    content = open_content(session.ring, person, message, row.sealed)
    values = {"until": moment(content.until, content.locale), "vault": vault + _PAGES.get(row.kind, "/")}
    wording = worded(row.kind, content.locale, values | dict(content.values))
    return Letter(message, person, content.to, wording.subject, wording.body, content.locale, row.at)


async def _settle(session: Session, letter: Letter, outcome: Outcome) -> None:
    """Note what became of it. One that was removed meanwhile stays removed."""
    if outcome is Outcome.TAKEN:
        await _set(session, letter.person, letter.id, state=SENT)
        return
    tries = await session.scalar(
        sa.select(NoticeMessage.tries).where(NoticeMessage.person_id == letter.person, NoticeMessage.id == letter.id)
    )
    if tries is None:
        return
    if outcome is Outcome.NEVER or tries >= MOST_TRIES:
        _log.warning("message_dropped", message=letter.id.hex, outcome=outcome.value, at=millis(session.now))
        await _set(session, letter.person, letter.id, state=DROPPED)
    else:
        await _set(session, letter.person, letter.id, due_at=session.now + pause(tries))


async def _set(session: Session, person: PersonId, message: UUID, **values: object) -> None:
    await session.execute(
        sa.update(NoticeMessage)
        .where(NoticeMessage.person_id == person, NoticeMessage.id == message)
        .values(values)
        .execution_options(synchronize_session=False)
    )
