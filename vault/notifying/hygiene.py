"""Tidying: what was sent, what was kept to be looked at, addresses that nobody confirmed. Nothing is decided here."""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from vault.db import Session
from vault.notifying.tables import PENDING, WAITING, NoticeAddress, NoticeMessage, OutboxLetter

_MESSAGES: Final = timedelta(days=2)
"""Longer than any window in which messages are counted."""
_LETTERS: Final = timedelta(days=7)


async def delete_old_messages(session: Session) -> int:
    """Delete messages that are done, letters of the outbox after a week, addresses past their code. Returns how
    many."""
    ended = sa.or_(NoticeMessage.state != WAITING, NoticeMessage.ends_at <= session.now)
    gone = 0
    for table, when in (
        (NoticeMessage, sa.and_(ended, NoticeMessage.at < session.now - _MESSAGES)),
        (OutboxLetter, OutboxLetter.at < session.now - _LETTERS),
        (NoticeAddress, sa.and_(NoticeAddress.state == PENDING, NoticeAddress.confirm_by <= session.now)),
    ):
        gone += len((await session.execute(sa.delete(table).where(when).returning(table.id))).all())
    return gone
