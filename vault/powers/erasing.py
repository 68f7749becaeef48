"""Erasure and cases: what an authority's open case rests on is not taken away under it."""

import sqlalchemy as sa

from vault.db import Session
from vault.ids import PersonId
from vault.ledger.log import SHARD
from vault.ledger.subjects import is_about
from vault.powers.case_bounds import CLOSED
from vault.powers.tables import Evidence, Inquiry


async def rests_on(session: Session, person: PersonId) -> bool:
    """Whether an entry about this person is evidence in a case that is not closed."""
    attached = (
        sa.select(Evidence.entry_index)
        .join(Inquiry, Inquiry.id == Evidence.inquiry_id)
        .where(Inquiry.state != CLOSED, Evidence.entry_index.is_not(None))
    )
    return await is_about(session, person, set(await session.scalars(attached)), SHARD)
