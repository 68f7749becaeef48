"""Rows of the relay. What a contact is lies sealed under the ring's ``relay`` key, bound to its row."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import Base, Guarded
from vault.ids import GrantId, PersonId, RequesterId

SENDING, SENT, FAILED, DROPPED = "sending", "sent", "failed", "dropped"


class RelayAddress(Guarded, Base):
    """One address in the place of one item of one grant. ``sealed`` goes when it is closed."""

    __tablename__ = "relay_addresses"
    __table_args__ = (
        sa.CheckConstraint("by IN ('mail', 'call')", name="by"),
        sa.CheckConstraint("(closed_at IS NULL) = (sealed IS NOT NULL)", name="sealed"),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="closed_by"),
        sa.Index(None, "person_id", "grant_id"),
        sa.Index("ix_relay_addresses_open", "ends_at", postgresql_where=sa.text("closed_at IS NULL")),
        {"info": {"shard": "person_id"}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "grant_id",
        "requester_id",
        "client_id",
        "item",
        "by",
        "key_version",
        "sealed",
        "opened_at",
        "ends_at",
        "closed_at",
        "closed_by",
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[GrantId] = mapped_column()
    requester_id: Mapped[RequesterId] = mapped_column()
    client_id: Mapped[UUID] = mapped_column()
    item: Mapped[str] = mapped_column()
    by: Mapped[str] = mapped_column()
    key_version: Mapped[int] = mapped_column()
    """Under which version of the ring's key its name was made."""
    sealed: Mapped[bytes | None] = mapped_column()
    opened_at: Mapped[datetime] = mapped_column()
    ends_at: Mapped[datetime] = mapped_column()
    closed_at: Mapped[datetime | None] = mapped_column()
    closed_by: Mapped[str | None] = mapped_column()
    """``person``, ``grant`` (it ended or changed) or ``value`` (there is nothing behind it any more)."""
    messages: Mapped[int] = mapped_column()
    """A counter, outside the MAC, as is the next."""
    last_at: Mapped[datetime | None] = mapped_column()


class RelayName(Base):
    """Where an address is found by its name: SHA-256 of the name → the row. Global, so keyed by its value."""

    __tablename__ = "relay_names"
    __table_args__ = (sa.Index(None, "person_id"),)

    name_hash: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[PersonId] = mapped_column()
    address_id: Mapped[UUID] = mapped_column()


class RelayMessage(Base):
    """That something was sent: when, under which key, what became of it. Nothing of what it said."""

    __tablename__ = "relay_messages"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "address_id", "idempotency_key"),
        sa.CheckConstraint("state IN ('sending', 'sent', 'failed', 'dropped')", name="state"),
        sa.Index("ix_relay_messages_at", "at"),
        {"info": {"shard": "person_id"}},
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    address_id: Mapped[UUID] = mapped_column()
    idempotency_key: Mapped[str] = mapped_column()
    request_digest: Mapped[bytes] = mapped_column()
    state: Mapped[str] = mapped_column()
    at: Mapped[datetime] = mapped_column()
    tried_at: Mapped[datetime] = mapped_column()
