"""Rows of the watcher: how far it has read, what it counted, what it found. None is about a person."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import Base, Guarded
from vault.ids import RequesterId, StaffId

NOTED, THROTTLED, STOPPED = "noted", "throttled", "stopped"


class WatchMark(Base):
    """Up to which entry a log shard was read. Whoever holds the row's lock is the watcher."""

    __tablename__ = "watch_marks"
    __table_args__ = (sa.CheckConstraint("next_idx >= 0", name="next_idx"), {"info": {"shard": "shard"}})

    shard: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    next_idx: Mapped[int] = mapped_column()


class WatchHour(Base):
    """What one requester did in one hour, in counts. ``items``: released how often; ``granted``: likewise."""

    __tablename__ = "watch_hours"
    __table_args__ = (sa.Index("ix_watch_hours_hour", "hour"), {"info": {"shard": "requester_id"}})

    requester_id: Mapped[RequesterId] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    counts: Mapped[dict[str, Any]] = mapped_column()
    items: Mapped[dict[str, Any]] = mapped_column()
    granted: Mapped[dict[str, Any]] = mapped_column()


class WatchFinding(Guarded, Base):
    """A requester's behaviour crossed a line. ``findings``: [{"rule", "points", "figures"}]; closed by an officer."""

    __tablename__ = "watch_findings"
    __table_args__ = (
        sa.CheckConstraint("outcome IN ('noted', 'throttled', 'stopped')", name="outcome"),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="closed"),
        sa.Index("ix_watch_findings_requester_id_at", "requester_id", "at"),
        sa.Index("ix_watch_findings_open", "at", postgresql_where=sa.text("closed_at IS NULL")),
        {"info": {"shard": "requester_id"}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "score",
        "outcome",
        "findings",
        "at",
        "until",
        "closed_by",
        "closed_at",
        "closed_reason",
    )

    requester_id: Mapped[RequesterId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    score: Mapped[int] = mapped_column()
    outcome: Mapped[str] = mapped_column()
    findings: Mapped[list[dict[str, Any]]] = mapped_column()
    at: Mapped[datetime] = mapped_column()
    until: Mapped[datetime | None] = mapped_column()
    """When the slowing down ends by itself."""
    closed_by: Mapped[StaffId | None] = mapped_column()
    closed_at: Mapped[datetime | None] = mapped_column()
    closed_reason: Mapped[str | None] = mapped_column()
