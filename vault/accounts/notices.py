"""Notices: what a person is told when they look, whoever caused it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.accounts.tables import Notice
from vault.db import Session
from vault.errors import Invalid
from vault.ids import PersonId

MOST: Final = 100
_KIND: Final = re.compile(r"[a-z][a-z_]{0,39}")
_PARAM: Final = re.compile(r"[A-Za-z0-9_.:-]{1,80}")


@dataclass(frozen=True)
class NoticeView:
    """One notice; ``seen_at`` is None until the person looked."""

    id: UUID
    kind: str
    params: dict[str, Any]
    at: datetime
    seen_at: datetime | None


async def notify(session: Session, person: PersonId, kind: str, params: Mapping[str, str | int]) -> None:
    """Leave a notice. ``params``: codes, counts and public ids only; anything like a sentence is Invalid."""
    if not _KIND.fullmatch(kind):
        raise Invalid.field("kind", "must be a code")
    for name, value in params.items():
        if not _KIND.fullmatch(name) or (isinstance(value, str) and not _PARAM.fullmatch(value)):
            raise Invalid.field("params", "may hold codes, counts and public ids only")
    session.add(
        Notice(person_id=person, id=ids.new_uuid(), kind=kind, params=dict(params), at=session.now, seen_at=None)
    )
    await session.flush()


async def notify_once(session: Session, person: PersonId, kind: str, *, hours: int) -> bool:
    """Leave a notice without params unless one of this kind was left in the last hours. Whether one was left."""
    since = session.now - timedelta(hours=hours)
    recent = sa.select(Notice.id).where(Notice.person_id == person, Notice.kind == kind, Notice.at > since).limit(1)
    if (await session.execute(recent)).first() is not None:
        return False
    await notify(session, person, kind, {})
    return True


async def notices(session: Session, person: PersonId) -> list[NoticeView]:
    """The person's newest notices, at most a hundred, newest first."""
    theirs = sa.select(Notice).where(Notice.person_id == person)
    rows = (await session.execute(theirs.order_by(Notice.at.desc(), Notice.id.desc()).limit(MOST))).scalars()
    return [NoticeView(row.id, row.kind, row.params, row.at, row.seen_at) for row in rows]


async def mark_seen(session: Session, person: PersonId) -> int:
    """Note that the person has looked at all of them. Returns how many were new."""
    seen = sa.update(Notice).where(Notice.person_id == person, Notice.seen_at.is_(None)).values(seen_at=session.now)
    return len((await session.execute(seen.returning(Notice.id))).all())
