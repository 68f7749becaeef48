"""Whom an organisation's releases reached in a period: for regulators, counted by person."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from vault.db import Session
from vault.release.tables import DELIVERED, Release

_CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Reached:
    """What one person's releases with the same items came to. ``items``: names and forms, as ``name:form``."""

    person: UUID
    items: frozenset[str]
    count: int
    first: datetime
    last: datetime


async def reached(session: Session, requester: UUID, since: datetime, until: datetime) -> AsyncIterator[list[Reached]]:
    """Delivered releases by person and items, in no order, some thousand at a time. ``until`` excluded."""
    said = sa.cast(Release.items, sa.Text)
    wanted = (
        sa.select(Release.person_id, said, sa.func.count(), sa.func.min(Release.at), sa.func.max(Release.at))
        .where(Release.requester_id == requester, Release.state == DELIVERED, Release.at >= since, Release.at < until)
        .group_by(Release.person_id, said)
    )
    read: dict[str, frozenset[str]] = {}
    rows = await session.stream(wanted.execution_options(yield_per=_CHUNK))
    async for chunk in rows.partitions():
        for text in {row[1] for row in chunk} - read.keys():
            read[text] = _names(msgspec.json.decode(text))
        yield [Reached(person, read[text], count, first, last) for person, text, count, first, last in chunk]


async def days_of(session: Session, requester: UUID, since: datetime, until: datetime) -> dict[str, int]:
    """Delivered releases by day of the registry's zone (UTC+8), ``2026-11-22``."""
    day = sa.func.to_char(sa.func.timezone("Asia/Shanghai", Release.at), "YYYY-MM-DD")
    wanted = sa.select(day, sa.func.count()).where(
        Release.requester_id == requester, Release.state == DELIVERED, Release.at >= since, Release.at < until
    )
    return {at: int(count) for at, count in await session.execute(wanted.group_by(day).order_by(day))}


def _names(items: list[dict[str, Any]]) -> frozenset[str]:
    return frozenset(":".join(filter(None, (each["item"], each.get("form")))) for each in items)
