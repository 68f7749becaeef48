"""Rows of the notifier. Addresses and messages are sealed under the ring's ``notice`` key, bound to their row."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import Base, Guarded
from vault.ids import PersonId

PENDING, CONFIRMED = "pending", "confirmed"
WAITING, SENT, DROPPED = "waiting", "sent", "dropped"


class NoticeAddress(Guarded, Base):
    """Where a person wants to be told: at most one that is confirmed, and one that waits for its code."""

    __tablename__ = "notice_addresses"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "state"),
        sa.CheckConstraint("kind IN ('mail')", name="kind"),
        sa.CheckConstraint("state IN ('pending', 'confirmed')", name="state"),
        sa.CheckConstraint("(state = 'pending') = (code_hash IS NOT NULL)", name="code"),
        sa.CheckConstraint("(state = 'pending') = (confirm_by IS NOT NULL)", name="confirm_by"),
        {"info": {"shard": "person_id"}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("kind", "sealed", "state", "at", "code_hash", "confirm_by")

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    state: Mapped[str] = mapped_column()
    at: Mapped[datetime] = mapped_column()
    """When it was given; once confirmed, when that was."""
    code_hash: Mapped[bytes | None] = mapped_column()
    confirm_by: Mapped[datetime | None] = mapped_column()
    tries: Mapped[int] = mapped_column()
    """Codes that were typed for it so far: a counter, outside the MAC."""


class NoticeMessage(Base):
    """A message on its way. ``sealed``: whereto, and what it is about (:class:`vault.notifying.telling.Content`)."""

    __tablename__ = "notice_messages"
    __table_args__ = (
        sa.CheckConstraint("state IN ('waiting', 'sent', 'dropped')", name="state"),
        sa.Index(None, "person_id", "at"),
        sa.Index("ix_notice_messages_due_at", "due_at", postgresql_where=sa.text("state = 'waiting'")),
        {"info": {"shard": "person_id"}},
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    at: Mapped[datetime] = mapped_column()
    due_at: Mapped[datetime] = mapped_column()
    """Not to be tried before; whoever tries moves it on first, so that nobody else does."""
    ends_at: Mapped[datetime] = mapped_column()
    """From then on it is worth nothing."""
    tries: Mapped[int] = mapped_column()
    state: Mapped[str] = mapped_column()


class OutboxLetter(Base):
    """What would have been sent, where no mail server is connected. ``sealed``: the letter."""

    __tablename__ = "notice_outbox"
    __table_args__ = (
        sa.Index(None, "person_id", "at"),
        {"info": {"shard": "person_id"}},
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    sealed: Mapped[bytes] = mapped_column()
    at: Mapped[datetime] = mapped_column()
