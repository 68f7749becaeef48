"""Rows of the deletion room. All belong to a person; none holds a value of theirs."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import Base, Guarded
from vault.ids import DeclarationId, GrantId, PersonId, RequesterId

_KEY = ("deletion_orders.person_id", "deletion_orders.id")


class DeletionOrder(Guarded, Base):
    """An order to one requester to delete what it holds under one grant. Overdue is no state: it is open past
    ``due_at``. ``outcome``, ``basis``, ``kept_until`` and ``answered_at`` are those of its newest statement."""

    __tablename__ = "deletion_orders"
    __table_args__ = (
        sa.CheckConstraint("why IN ('withdrawn', 'erasure', 'regulator', 'retention')", name="why"),
        sa.CheckConstraint("state IN ('open', 'answered')", name="state"),
        sa.CheckConstraint("(state = 'answered') = (answered_at IS NOT NULL)", name="answered"),
        sa.CheckConstraint("(answered_at IS NULL) = (outcome IS NULL)", name="outcome"),
        sa.CheckConstraint("outcome IN ('deleted', 'partly', 'kept')", name="outcomes"),
        sa.Index(
            "uq_deletion_orders_open", "person_id", "grant_id", unique=True, postgresql_where=sa.text("state = 'open'")
        ),
        sa.Index("ix_deletion_orders_requester", "requester_id", "id"),
        sa.Index("ix_deletion_orders_due", "due_at", postgresql_where=sa.text("state = 'open'")),
        {"info": {"shard": "person_id", "grants": {"vault_app": "SELECT, INSERT, UPDATE"}}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "grant_id",
        "requester_id",
        "client_id",
        "declaration_id",
        "why",
        "ordered_at",
        "due_at",
        "state",
        "outcome",
        "basis",
        "kept_until",
        "answered_at",
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[GrantId] = mapped_column()
    requester_id: Mapped[RequesterId] = mapped_column()
    client_id: Mapped[UUID] = mapped_column()
    declaration_id: Mapped[DeclarationId] = mapped_column()
    why: Mapped[str] = mapped_column()
    ordered_at: Mapped[datetime] = mapped_column()
    due_at: Mapped[datetime] = mapped_column()
    state: Mapped[str] = mapped_column()
    outcome: Mapped[str | None] = mapped_column()
    basis: Mapped[str | None] = mapped_column()
    kept_until: Mapped[datetime | None] = mapped_column()
    answered_at: Mapped[datetime | None] = mapped_column()


class DeletionStatement(Guarded, Base):
    """What a requester said about an order, signed by it: a compact JWS, as it came. Appended, never changed."""

    __tablename__ = "deletion_statements"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "order_id", "digest"),
        sa.ForeignKeyConstraint(["person_id", "order_id"], _KEY),
        {"info": {"shard": "person_id", "grants": {"vault_app": "SELECT, INSERT"}}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("order_id", "client_id", "digest", "at")

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column()
    client_id: Mapped[UUID] = mapped_column()
    statement: Mapped[str] = mapped_column()
    digest: Mapped[bytes] = mapped_column()
    """SHA-256 of the statement, which is in the entry too."""
    at: Mapped[datetime] = mapped_column()


class GrantRetention(Base):
    """When the time is over for which a requester may keep what it got under a grant. Needs no MAC: a row that is
    removed or moved by hand delays an order, which the person can give at any time."""

    __tablename__ = "grant_retentions"
    __table_args__ = (
        sa.Index("ix_grant_retentions_due", "due_at"),
        {"info": {"shard": "person_id"}},
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    grant_id: Mapped[GrantId] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column()
