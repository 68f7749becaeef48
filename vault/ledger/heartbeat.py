"""A sign of life: an entry of its own when nothing else came, so that whoever watches sees that nothing is withheld.

As an entry, and not only as a checkpoint signed anew, since a gap between two heartbeats can then be found by anybody
who holds the log, years later.
"""

import asyncio
from datetime import timedelta
from typing import Final

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from vault.db import Database, Session
from vault.errors import VaultError
from vault.ledger import log
from vault.ledger.events import REGISTRY, Event
from vault.ledger.sequencer import Sequencer
from vault.ledger.tables import HeadRow, OutboxRow

LOOK_EVERY: Final = 1.0
"""Seconds between two looks."""
_log = structlog.get_logger(__name__)


async def beat(session: Session, after: timedelta) -> bool:
    """Record a heartbeat when nothing has been recorded for so long. A log without entries has no heart yet.

    Where the clock was set back, the newest entry is of a time to come: how long ago it was nobody knows, and a beat is
    due. Without it the log would be silent until the clock is there again.
    """
    row = (await session.execute(sa.select(HeadRow.size, HeadRow.at).where(HeadRow.shard == log.SHARD))).one()
    if not row.size or timedelta() <= session.now - row.at < after:
        return False
    waiting = sa.select(sa.exists().where(OutboxRow.shard == log.SHARD))
    if (await session.execute(waiting)).scalar_one():
        return False
    await log.append(session, Event(name="log.heartbeat", actor=REGISTRY))
    return True


async def run(database: Database, sequencer: Sequencer, seconds: float) -> None:
    """Beat while this process leads, until cancelled."""
    after = timedelta(seconds=seconds)
    while True:
        await asyncio.sleep(LOOK_EVERY)
        try:
            if sequencer.leading and await database.run(beat, after):
                sequencer.hint()
        except (VaultError, SQLAlchemyError, OSError) as error:
            _log.warning("log.no_heartbeat", kind=type(error).__name__)
