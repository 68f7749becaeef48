"""Rows of the powers' room. Global: orders name organisations, declarations and grants, never a person."""

from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import APP, REGULATOR, Base, Guarded
from vault.ids import RequesterId, StaffId

_KEPT: Final = {APP: "SELECT, INSERT, UPDATE", REGULATOR: "SELECT"}
_ADDED: Final = {APP: "SELECT, INSERT", REGULATOR: "SELECT"}


class PowerOrder(Guarded, Base):
    """What one regulator ordered and another one confirms, declines or leaves to lapse.

    ``signature`` and ``second_signature``: their own, over the order and over the decision. ``measure_id``: the measure
    it became, where it is about a requester or a declaration and holds at once.
    """

    __tablename__ = "power_orders"
    __table_args__ = (
        sa.CheckConstraint("act IN ('suspend', 'lift', 'narrow', 'order_deletion')", name="act"),
        sa.CheckConstraint("target_kind IN ('requester', 'declaration', 'grant')", name="target_kind"),
        sa.CheckConstraint("state IN ('proposed', 'done', 'refused')", name="state"),
        sa.CheckConstraint("(act = 'narrow') = (cut IS NOT NULL)", name="cut"),
        sa.CheckConstraint("second_id IS NULL OR second_id <> proposed_by", name="two"),
        sa.Index("ix_power_orders_target", "target_id", "id"),
        {"info": {"grants": _KEPT}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "act",
        "target_kind",
        "target_id",
        "requester_id",
        "is_urgent",
        "cut",
        "reason_code",
        "reason",
        "inquiry_id",
        "measure_id",
        "state",
        "proposed_by",
        "at",
        "signature",
        "lapses_at",
        "second_id",
        "second_reason",
        "second_signature",
        "decided_at",
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    act: Mapped[str] = mapped_column()
    target_kind: Mapped[str] = mapped_column()
    target_id: Mapped[UUID] = mapped_column()
    requester_id: Mapped[RequesterId] = mapped_column()
    is_urgent: Mapped[bool] = mapped_column()
    cut: Mapped[dict[str, Any] | None] = mapped_column()
    reason_code: Mapped[str] = mapped_column()
    reason: Mapped[str] = mapped_column()
    inquiry_id: Mapped[UUID | None] = mapped_column()
    measure_id: Mapped[UUID | None] = mapped_column()
    state: Mapped[str] = mapped_column()
    proposed_by: Mapped[StaffId] = mapped_column()
    at: Mapped[datetime] = mapped_column()
    signature: Mapped[bytes] = mapped_column()
    lapses_at: Mapped[datetime] = mapped_column()
    second_id: Mapped[StaffId | None] = mapped_column()
    second_reason: Mapped[str | None] = mapped_column()
    second_signature: Mapped[bytes | None] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column()


class Inquiry(Guarded, Base):
    """A case of a supervisory authority: opened by one regulator, closed with a decision by two."""

    __tablename__ = "inquiries"
    __table_args__ = (
        sa.CheckConstraint("state IN ('open', 'closing', 'closed')", name="state"),
        sa.CheckConstraint("(state = 'open') = (decision IS NULL)", name="decision"),
        sa.CheckConstraint("(state = 'closed') = (second_id IS NOT NULL)", name="closed"),
        sa.CheckConstraint("second_id IS NULL OR second_id <> closed_by", name="two"),
        {"info": {"grants": _KEPT}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "title",
        "requester_id",
        "opened_by",
        "opened_at",
        "state",
        "decision",
        "decision_text",
        "closed_by",
        "closed_at",
        "signature",
        "second_id",
        "second_signature",
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column()
    requester_id: Mapped[RequesterId | None] = mapped_column()
    opened_by: Mapped[StaffId] = mapped_column()
    opened_at: Mapped[datetime] = mapped_column()
    state: Mapped[str] = mapped_column()
    decision: Mapped[str | None] = mapped_column()
    decision_text: Mapped[str | None] = mapped_column()
    closed_by: Mapped[StaffId | None] = mapped_column()
    closed_at: Mapped[datetime | None] = mapped_column()
    signature: Mapped[bytes | None] = mapped_column()
    second_id: Mapped[StaffId | None] = mapped_column()
    second_signature: Mapped[bytes | None] = mapped_column()


class Evidence(Guarded, Base):
    """Something attached to a case: an entry with its receipt, a note, a document by its digest. Never changed."""

    __tablename__ = "inquiry_evidence"
    __table_args__ = (
        sa.ForeignKeyConstraint(["inquiry_id"], ["inquiries.id"]),
        sa.CheckConstraint("kind IN ('entry', 'note', 'document')", name="kind"),
        sa.CheckConstraint("(kind = 'entry') = (entry_index IS NOT NULL AND receipt IS NOT NULL)", name="entry"),
        sa.CheckConstraint("(kind = 'document') = (digest IS NOT NULL)", name="document"),
        sa.Index("ix_inquiry_evidence_inquiry", "inquiry_id", "id"),
        {"info": {"grants": _ADDED}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "inquiry_id",
        "kind",
        "text",
        "entry_index",
        "receipt",
        "digest",
        "added_by",
        "at",
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    inquiry_id: Mapped[UUID] = mapped_column()
    kind: Mapped[str] = mapped_column()
    text: Mapped[str] = mapped_column()
    """A note; the name of a document; why an entry matters."""
    entry_index: Mapped[int | None] = mapped_column()
    receipt: Mapped[bytes | None] = mapped_column()
    digest: Mapped[bytes | None] = mapped_column()
    """SHA-256 of the document, which the authority keeps."""
    added_by: Mapped[StaffId] = mapped_column()
    at: Mapped[datetime] = mapped_column()
