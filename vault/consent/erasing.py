"""A vault is erased: every grant ends, and of consents only what the person signed stays."""

import sqlalchemy as sa

from vault.consent.ending import end
from vault.consent.tables import WITHDRAWN, Grant, GrantPart, GrantWrap
from vault.db import Session
from vault.ids import PersonId
from vault.ledger.events import PERSON


async def end_all(session: Session, person: PersonId) -> None:
    """End every grant of a person that has not ended. Raises Tampered. Records ``grant.withdrawn``."""
    for row in await _locked(session, person):
        if row.status != WITHDRAWN and session.now < row.expires_at:
            await end(session, row, by=PERSON)


async def erase(session: Session, person: PersonId) -> None:
    """Destroy what opens anything under a person's grants: wraps, sealed keys, and the keys of the commitments that tie
    a consent to its entries. The signed consents stay. Raises Tampered."""
    for row in await _locked(session, person):
        row.commitment_key, row.withdrawal_reason = b"", None
    for table in (GrantWrap, GrantPart):
        await session.execute(sa.delete(table).where(table.person_id == person))
    await session.flush()


async def _locked(session: Session, person: PersonId) -> list[Grant]:
    """In the order of their ids, in which everybody locks several."""
    theirs = sa.select(Grant).where(Grant.person_id == person).order_by(Grant.id)
    found = await session.scalars(theirs.with_for_update().execution_options(populate_existing=True))
    return list(found.all())
