"""The consents that a grant went through before the one in force, each as it was signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from vault.consent import records
from vault.consent.tables import GrantVersion
from vault.crypto.sealing import same
from vault.db import Session
from vault.errors import Tampered
from vault.ids import PersonId


@dataclass(frozen=True)
class Superseded:
    """One consent that a later one took the place of. ``how``: ``merge`` or ``replace``."""

    number: int
    given_at: datetime
    superseded_at: datetime
    how: str
    record: Mapping[str, Any]
    receipt: Mapping[str, Any]


async def earlier(session: Session, person: PersonId, grant: UUID, signing_public: bytes) -> list[Superseded]:
    """What this person agreed to before in this grant, newest first. Raises Tampered."""
    rows = await session.scalars(
        sa.select(GrantVersion)
        .where(GrantVersion.person_id == person, GrantVersion.grant_id == grant)
        .order_by(GrantVersion.number.desc())
    )
    return [_superseded(row, signing_public) for row in rows]


def _superseded(row: GrantVersion, signing_public: bytes) -> Superseded:
    if not same(records.record_digest(row.record), row.record_digest):
        raise Tampered(private="an earlier consent record does not fit its digest")
    return Superseded(
        number=row.number,
        given_at=row.given_at,
        superseded_at=row.superseded_at,
        how=row.how,
        record=msgspec.json.decode(row.record),
        receipt=records.receipt(row.record, row.record_signature, signing_public, notice=row.notice),
    )
