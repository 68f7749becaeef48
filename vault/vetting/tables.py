"""Rows of the vetting room. None of them is about a data subject."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import Base, Guarded
from vault.ids import ApplicationId, RequesterId, StaffId

_DECIDED = "'approved', 'refused', 'withdrawn'"


class ApplicationRow(Guarded, Base):
    """What an organisation handed in; ``outcome`` holds what the first approval fixed and the second one made."""

    __tablename__ = "applications"
    __table_args__ = (
        sa.CheckConstraint(
            "status IN ('received', 'half_approved', 'approved', 'refused', 'withdrawn')", name="status"
        ),
        sa.CheckConstraint(
            "(status IN ('approved', 'refused', 'withdrawn')) = (decided_at IS NOT NULL)", name="decided"
        ),
        sa.Index("ix_applications_open", "received_at", postgresql_where=sa.text("decided_at IS NULL")),
        {"info": {"grants": {"vault_app": "SELECT, INSERT, UPDATE"}}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "token_hash",
        "body",
        "status",
        "outcome",
        "received_at",
        "decided_at",
        "requester_id",
    )

    id: Mapped[ApplicationId] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column()
    body: Mapped[dict[str, Any]] = mapped_column()
    status: Mapped[str] = mapped_column()
    outcome: Mapped[dict[str, Any]] = mapped_column()
    received_at: Mapped[datetime] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column()
    requester_id: Mapped[RequesterId | None] = mapped_column()
    """The registered organisation whose members filed it; null: somebody with nothing but the token."""


class ApplicationDraft(Guarded, Base):
    """An application that was not handed in yet: any part of one. Goes when it is handed in, withdrawn or lapsed.

    ``origin`` is a MAC of the network address it was begun from, or of the requester that began it.
    """

    __tablename__ = "application_drafts"
    __table_args__ = (
        sa.CheckConstraint("bytes >= 0", name="bytes"),
        sa.CheckConstraint("octet_length(token_hash) = 32", name="token_hash"),
        sa.Index(None, "origin"),
        sa.Index(None, "lapses_at"),
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "token_hash",
        "body",
        "origin",
        "requester_id",
        "bytes",
        "begun_at",
        "changed_at",
        "lapses_at",
    )

    id: Mapped[ApplicationId] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column()
    body: Mapped[dict[str, Any]] = mapped_column()
    origin: Mapped[bytes] = mapped_column()
    requester_id: Mapped[RequesterId | None] = mapped_column()
    bytes: Mapped[int] = mapped_column()
    """Of its documents."""
    begun_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()
    lapses_at: Mapped[datetime] = mapped_column()


class ApplicationDocument(Base):
    """A document of an application or a draft of one, by the same id. ``sealed`` holds it under the key ring, bound
    to everything else in the row: that, not a MAC, is what holds it."""

    __tablename__ = "application_documents"
    __table_args__ = (
        sa.CheckConstraint("size > 0", name="size"),
        sa.CheckConstraint("octet_length(sha256) = 32", name="sha256"),
        sa.UniqueConstraint("application_id", "sha256"),
        {"info": {"grants": {"vault_app": "SELECT, INSERT, DELETE"}}},
    )

    application_id: Mapped[ApplicationId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column()
    media_type: Mapped[str] = mapped_column()
    size: Mapped[int] = mapped_column()
    sha256: Mapped[bytes] = mapped_column()
    sealed: Mapped[bytes] = mapped_column(deferred=True)
    at: Mapped[datetime] = mapped_column()


class ApplicationDecision(Base):
    """One officer's decision. Never changed; its signature, not a MAC, is what holds it."""

    __tablename__ = "application_decisions"
    __table_args__ = (
        sa.ForeignKeyConstraint(["application_id"], ["applications.id"]),
        sa.CheckConstraint("decision IN ('approve', 'refuse')", name="decision"),
        {"info": {"grants": {"vault_app": "SELECT, INSERT", "vault_regulator": "SELECT"}}},
    )

    application_id: Mapped[ApplicationId] = mapped_column(primary_key=True)
    officer_id: Mapped[StaffId] = mapped_column(primary_key=True)
    decision: Mapped[str] = mapped_column()
    reason: Mapped[str] = mapped_column()
    signature: Mapped[bytes] = mapped_column()
    permit_signature: Mapped[bytes | None] = mapped_column()
    at: Mapped[datetime] = mapped_column()
