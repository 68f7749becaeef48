"""Rows of the vetting room. None of them is about a data subject."""

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import Base, Guarded
from vault.ids import ApplicationId, StaffId


class ApplicationRow(Guarded, Base):
    """What an organisation handed in; ``outcome`` holds what the first approval fixed and the second one made."""

    __tablename__ = "applications"
    __table_args__ = (
        sa.CheckConstraint("status IN ('received', 'half_approved', 'approved', 'refused')", name="status"),
        sa.CheckConstraint("(status IN ('approved', 'refused')) = (decided_at IS NOT NULL)", name="decided"),
        sa.Index("ix_applications_open", "received_at", postgresql_where=sa.text("decided_at IS NULL")),
        {"info": {"grants": {"vault_app": "SELECT, INSERT, UPDATE"}}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("token_hash", "body", "status", "outcome", "received_at", "decided_at")

    id: Mapped[ApplicationId] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column()
    body: Mapped[dict[str, Any]] = mapped_column()
    status: Mapped[str] = mapped_column()
    outcome: Mapped[dict[str, Any]] = mapped_column()
    received_at: Mapped[datetime] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column()


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
