"""Rows of the webhooks room. Each belongs to a requester; none names a person."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import Base
from vault.ids import GrantId, ReleaseId, RequesterId


class WebhookEvent(Base):
    """Something that a client is told. ``state``: waiting to be sent, sent, kept because the client has no address,
    dead because nobody took it in time. Sharded by the requester, who lists its own."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        sa.CheckConstraint(
            "type IN ('section.changed', 'grant.changed', 'grant.withdrawn', 'approval.decided', "
            "'deletion.ordered', 'test')",
            name="type",
        ),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'kept', 'dead')", name="state"),
        sa.CheckConstraint("(type = 'test') = (grant_id IS NULL)", name="subject"),
        sa.Index("ix_webhook_events_due_at", "due_at", postgresql_where=sa.text("state = 'waiting'")),
        sa.Index("ix_webhook_events_unsent", "requester_id", "grant_id", postgresql_where=sa.text("state = 'waiting'")),
        {"info": {"shard": "requester_id"}},
    )

    requester_id: Mapped[RequesterId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column()
    type: Mapped[str] = mapped_column()
    grant_id: Mapped[GrantId | None] = mapped_column()
    release_id: Mapped[ReleaseId | None] = mapped_column()
    order_id: Mapped[UUID | None] = mapped_column()
    delete_by: Mapped[datetime | None] = mapped_column()
    """Of a deletion order: until when."""
    at: Mapped[datetime] = mapped_column()
    state: Mapped[str] = mapped_column()
    since: Mapped[datetime] = mapped_column()
    """From when on it is tried, for three days: ``at``, or when it was asked for again."""
    due_at: Mapped[datetime] = mapped_column()
    """Not to be tried before; whoever tries moves it on first, so that nobody else does."""
    tries: Mapped[int] = mapped_column()
    result: Mapped[str | None] = mapped_column()
    """How the last try ended: a code."""
    tried_at: Mapped[datetime | None] = mapped_column()
