"""What was released about a person, for that person: who, what, for what, by which entry."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault.db import Session
from vault.ids import EntryId, GrantId, PersonId, ReleaseId, RequesterId
from vault.release.tables import Release
from vault.requesters.names import names

MOST_LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class Released:
    """One release, delivered or not. ``items``: [{"item", "form"}]; ``entry``: where the ledger says so."""

    id: ReleaseId
    grant: GrantId
    requester_id: RequesterId
    requester_name: dict[str, str]
    purpose: str
    items: list[dict[str, str]]
    state: str
    reason: str | None
    entry: EntryId
    at: datetime


async def for_person(
    session: Session, person: PersonId, *, grant: UUID | None = None, before: datetime | None = None, limit: int = 50
) -> list[Released]:
    """A person's releases, newest first, at most 200; of one grant, or older than ``before``, where given."""
    wanted = sa.select(Release).where(Release.person_id == person)
    if grant is not None:
        wanted = wanted.where(Release.grant_id == grant)
    if before is not None:
        wanted = wanted.where(Release.at < before)
    ordered = wanted.order_by(Release.at.desc(), Release.id.desc()).limit(min(limit, MOST_LISTED))
    rows = (await session.execute(ordered)).scalars().all()
    called = await names(session, {row.requester_id for row in rows})
    return [
        Released(
            id=row.id,
            grant=row.grant_id,
            requester_id=row.requester_id,
            requester_name=called.get(row.requester_id, {}),
            purpose=row.purpose,
            items=row.items,
            state=row.state,
            reason=row.reason,
            entry=EntryId(row.entry_id),
            at=row.at,
        )
        for row in rows
    ]
