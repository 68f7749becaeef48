"""Batches under their idempotency keys: claimed by one run at a time, kept for a day, never done twice.

A line that was delivered, or waits, is found by its release; a line that was refused by what was told of it. So a
batch that is sent again tells of each line what it told before, and goes on where it ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from vault import ids
from vault.crypto.sealing import same
from vault.db import Session
from vault.errors import Conflict, IdempotencyMismatch
from vault.release.tables import ReleaseBatch, ReleaseBatchLine

KEPT: Final = timedelta(hours=24)
HELD: Final = timedelta(seconds=20)
"""How long a run may be silent before another one may take its batch: longer than a chunk takes."""


class BatchUnderWay(Conflict):
    """The same batch is being answered over another connection."""

    name, title = "batch-under-way", "This batch is being answered over another connection"
    advice = "Read that answer; if its connection broke, send the same batch again in half a minute."


@dataclass(frozen=True)
class Claimed:
    """A batch that is this run's to answer. ``told``: what was told of refused lines before, by line."""

    id: UUID
    holder: UUID
    told: Mapping[int, dict[str, Any]]

    def line_key(self, number: int) -> str:
        """The idempotency key of one line's release. Holds a space, which no key of a caller's may."""
        return f"{self.id.hex} {number}"


async def claim(session: Session, client: UUID, key: str, body_digest: bytes) -> Claimed:
    """Take the batch, new or begun. Raises IdempotencyMismatch for another body, BatchUnderWay."""
    now, holder = session.now, ids.new_uuid()
    fresh = {
        "id": ids.new_uuid(),
        "body_digest": body_digest,
        "expires_at": now + KEPT,
        "holder": holder,
        "held_until": now + HELD,
    }
    made = insert(ReleaseBatch).values(client_id=client, idempotency_key=key, **fresh)
    over = ReleaseBatch.expires_at <= now  # one of the day before yesterday: the key is free again
    await session.execute(
        made.on_conflict_do_update(index_elements=["client_id", "idempotency_key"], set_=fresh, where=over)
    )
    row = await session.get(ReleaseBatch, (client, key), with_for_update=True, populate_existing=True)
    assert row is not None
    if not same(row.body_digest, body_digest):
        raise IdempotencyMismatch
    if row.holder not in (None, holder) and now < row.held_until:
        raise BatchUnderWay
    row.holder, row.held_until = holder, now + HELD
    lines = await session.execute(sa.select(ReleaseBatchLine).where(ReleaseBatchLine.batch_id == row.id))
    return Claimed(row.id, holder, {each.line: each.told for each in lines.scalars()})


async def keep_holding(session: Session, claimed: Claimed) -> None:
    """Before each chunk. Raises BatchUnderWay when another run has taken the batch meanwhile."""
    if not await _set(session, claimed, holder=claimed.holder, held_until=session.now + HELD):
        raise BatchUnderWay


async def let_go(session: Session, claimed: Claimed) -> None:
    """At the end, however it came: who sends the batch again need not wait."""
    await _set(session, claimed, holder=None, held_until=session.now)


async def keep_told(session: Session, claimed: Claimed, told: Mapping[int, dict[str, Any]]) -> None:
    """Write down what is told of refused lines, in the transaction that records the refusals."""
    rows = [{"batch_id": claimed.id, "line": number, "told": each} for number, each in told.items()]
    if rows:
        await session.execute(insert(ReleaseBatchLine).values(rows).on_conflict_do_nothing())


async def delete_old_batches(session: Session) -> int:
    """Hygiene: batches that nobody can ask for again. Returns how many."""
    gone = await session.execute(
        sa.delete(ReleaseBatch).where(ReleaseBatch.expires_at <= session.now).returning(ReleaseBatch.id)
    )
    ended = len(gone.scalars().all())
    kept = sa.select(ReleaseBatch.id).where(ReleaseBatch.id == ReleaseBatchLine.batch_id)
    await session.execute(sa.delete(ReleaseBatchLine).where(~kept.exists()))
    return ended


async def _set(session: Session, claimed: Claimed, **values: Any) -> bool:
    done = await session.execute(
        sa.update(ReleaseBatch)
        .where(ReleaseBatch.id == claimed.id, ReleaseBatch.holder == claimed.holder)
        .values(values)
        .returning(ReleaseBatch.id)
        .execution_options(synchronize_session=False)
    )
    return done.first() is not None
