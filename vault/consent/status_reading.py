"""What the token status lists are published from: which lists there are, and what their entries say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from vault.consent.status import INVALID, SUSPENDED_VALUE
from vault.consent.tables import StatusEntry, StatusList
from vault.crypto.keyring import KeyRing
from vault.db import Session
from vault.errors import NotFound

_ENTRIES: Final = str(
    sa.select(*(StatusEntry.__table__.c[name] for name in (*StatusEntry.guarded_columns(), "mac")))
    .where(StatusEntry.list_id == sa.bindparam("list", type_=sa.Uuid()))
    .compile(dialect=dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy's own gap
)


@dataclass(frozen=True)
class Listed:
    """A list: its seed decides about decoys (:func:`vault.consent.status.decoys`)."""

    seed: bytes
    opened_at: datetime


class Entry(NamedTuple):
    """One index in use: of which client, whether it has ended, when it ends by itself, and whether it is suspended,
    perhaps until then."""

    place: int
    client_id: UUID
    has_ended: bool
    until: datetime
    suspended: bool
    suspended_until: datetime | None

    def is_suspended(self, now: datetime) -> bool:
        """Whether a suspension holds that did not lapse."""
        return self.suspended and (self.suspended_until is None or now < self.suspended_until)


async def find_list(session: Session, list_id: UUID) -> Listed:
    """Raises NotFound."""
    found = await session.get(StatusList, list_id)
    if found is None:
        raise NotFound("There is no such status list.")
    return Listed(found.seed, found.opened_at)


async def all_lists(session: Session) -> list[UUID]:
    """The ids of all lists."""
    return list((await session.scalars(sa.select(StatusList.id).order_by(StatusList.id))).all())


async def rows_of(connection: asyncpg.Connection, list_id: UUID) -> list[Mapping[str, Any]]:
    """The entries of a list as they stand, still to be :func:`checked`."""
    return list(await connection.fetch(_ENTRIES, list_id))


def checked(ring: KeyRing, rows: Iterable[Mapping[str, Any]]) -> list[Entry]:
    """The entries, each one's MAC compared: some milliseconds for a thousand. Raises Tampered."""
    entries = []
    for row in rows:
        StatusEntry.check(ring, row)
        value = row["value"]
        ends = row["until"], value == SUSPENDED_VALUE, row["suspended_until"]
        entries.append(Entry(row["idx"], row["client_id"], value == INVALID, *ends))
    return entries
