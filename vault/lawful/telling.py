"""On the day: the person is told who ordered what about them, and what was opened."""

import sqlalchemy as sa

from vault import ids
from vault.db import Session
from vault.lawful.deciding import ENDED, IN_FORCE
from vault.lawful.tables import LawfulOrderRow
from vault.notifying import tell


async def tell_revealed(session: Session) -> int:
    """Tell the persons whose day has come. Returns how many. What they may read does not wait for this."""
    due = (
        sa.select(LawfulOrderRow)
        .where(
            LawfulOrderRow.told_at.is_(None),
            LawfulOrderRow.reveal_at <= session.now,
            LawfulOrderRow.state.in_((IN_FORCE, ENDED)),
        )
        .order_by(LawfulOrderRow.id)
        .limit(100)
        .with_for_update(skip_locked=True)
    )
    rows = list(await session.scalars(due))
    for row in rows:
        assert row.person_id is not None
        row.told_at = session.now
        await tell(session, row.person_id, "lawful_access", {"order": ids.public(ids.LAWFUL_ORDER, row.id)})
    await session.flush()
    return len(rows)
