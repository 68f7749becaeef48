"""Redaction: taking the bytes of entries away after their time, never their place in the tree.

First an entry says so: which range, why, by whom, with a digest of the leaf hashes. Only when that entry is in the
tree does one function of the database remove the bodies, and it refuses any other; tags and sequence numbers stay, so
that nobody's count gets a hole. Inclusion and consistency of everything else are untouched. The earliest moment is
RETENTION after the newest entry of the range (PIPL art. 56 asks that records of handling be kept at least three years).
"""

import hashlib
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from vault.clock import millis
from vault.db import Session
from vault.errors import Conflict, Invalid
from vault.ids import EntryId
from vault.ledger import log
from vault.ledger.events import REGISTRY, Actor, Event
from vault.ledger.tables import BodyRow, EntryRow

EVENT: Final = "ledger.redacted"
RETENTION: Final = timedelta(days=3 * 366)
MOST: Final = 1 << 20
"""Entries of one redaction."""
_IN_TREE: Final = "SELECT idx FROM ledger_ids WHERE id = $1"
_REDACT: Final = "SELECT ledger_redact($1::smallint, $2, $3)"


async def announce(session: Session, first: int, count: int, *, reason: str, by: Actor = REGISTRY) -> EntryId:
    """Record that the bytes of ``count`` entries from ``first`` on are to be removed.

    ``reason`` is a code. Raises Invalid for a range that is not in the tree or not here, Conflict before its time.
    """
    if first < 0 or not 1 <= count <= MOST:
        raise Invalid.field("count", f"must be 1 to {MOST} entries from an index on")
    mine = (EntryRow.shard == log.SHARD, EntryRow.idx >= first, EntryRow.idx < first + count)
    hashes = list(await session.scalars(sa.select(EntryRow.leaf_hash).where(*mine).order_by(EntryRow.idx)))
    if len(hashes) != count:
        raise Invalid.field("first", "the range is not all in the ledger, or is archived")
    bodies = (BodyRow.shard == log.SHARD, BodyRow.idx >= first, BodyRow.idx < first + count)
    newest = await session.scalar(sa.select(sa.func.max(BodyRow.at)).where(*bodies))
    if newest is None:
        raise Conflict("There are no bytes left to remove in this range.")
    if newest > millis(session.now - RETENTION):
        raise Conflict(f"The newest of these entries is younger than {RETENTION.days} days.")
    digest = hashlib.sha256(b"".join(hashes)).digest()
    event = Event(name=EVENT, actor=by, first=first, count=count, digest=digest, reason=reason)
    return await log.append(session, event)


async def remove(connection: Any, announced: EntryId, first: int, count: int) -> int | None:
    """Remove the bodies, over a plain connection of the sequencer's role; how many, or None while the announcing
    entry is not in the tree. Raises what the database raises when no entry covers the range."""
    if await connection.fetchval(_IN_TREE, announced) is None:
        return None
    removed: int = await connection.fetchval(_REDACT, log.SHARD, first, count)
    return removed
