"""Rows of the vetting room. None of them is about a data subject."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import Base, Guarded
from vault.ids import ApplicationId, CaseId, RequesterId, StaffId

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
    """One officer's decision in a case, of whatever kind. Never changed; its signature, not a MAC, is what holds it.

    Of the first case of an application, whose id is the application's; hence the name of the column.
    """

    __tablename__ = "application_decisions"
    __table_args__ = (
        sa.CheckConstraint("decision IN ('approve', 'refuse')", name="decision"),
        {"info": {"grants": {"vault_app": "SELECT, INSERT", "vault_regulator": "SELECT"}}},
    )

    case_id: Mapped[CaseId] = mapped_column("application_id", primary_key=True)
    officer_id: Mapped[StaffId] = mapped_column(primary_key=True)
    decision: Mapped[str] = mapped_column()
    reason: Mapped[str] = mapped_column()
    signature: Mapped[bytes] = mapped_column()
    permit_signature: Mapped[bytes | None] = mapped_column()
    at: Mapped[datetime] = mapped_column()


class VettingCase(Guarded, Base):
    """One round of looking at an organisation. The first case of an application has the application's own id.

    ``grounds``: what an appeal says, or which changed facts re-opened it (codes). ``token``: what the applicant's
    hosts must serve; it is no secret. ``outcome``: what was done because of the case.
    """

    __tablename__ = "vetting_cases"
    __table_args__ = (
        sa.ForeignKeyConstraint(["application_id"], ["applications.id"]),
        sa.CheckConstraint("kind IN ('application', 'appeal', 'renewal', 'reopened')", name="kind"),
        sa.CheckConstraint("status IN ('open', 'approved', 'refused', 'withdrawn')", name="status"),
        sa.CheckConstraint("(status = 'open') = (decided_at IS NULL)", name="decided"),
        sa.Index("ix_vetting_cases_application_id", "application_id"),
        sa.Index("ix_vetting_cases_requester_id", "requester_id"),
        sa.Index("ix_vetting_cases_opened_at", "opened_at"),
        # Races about who opens one are settled here.
        sa.Index("uq_vetting_cases_appeal", "application_id", unique=True, postgresql_where=sa.text("kind = 'appeal'")),
        sa.Index(
            "uq_vetting_cases_open",
            "requester_id",
            "kind",
            unique=True,
            postgresql_where=sa.text("decided_at IS NULL AND requester_id IS NOT NULL"),
        ),
        {"info": {"grants": {"vault_app": "SELECT, INSERT, UPDATE", "vault_regulator": "SELECT"}}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "application_id",
        "requester_id",
        "kind",
        "status",
        "grounds",
        "token",
        "outcome",
        "opened_at",
        "decided_at",
    )

    id: Mapped[CaseId] = mapped_column(primary_key=True)
    application_id: Mapped[ApplicationId] = mapped_column()
    requester_id: Mapped[RequesterId | None] = mapped_column()
    kind: Mapped[str] = mapped_column()
    status: Mapped[str] = mapped_column()
    grounds: Mapped[str | None] = mapped_column()
    token: Mapped[str] = mapped_column()
    outcome: Mapped[dict[str, Any]] = mapped_column()
    opened_at: Mapped[datetime] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column()


class CaseCheck(Guarded, Base):
    """One finding of one run of the checks. Never changed: the run-time role may only add."""

    __tablename__ = "case_checks"
    __table_args__ = (
        sa.ForeignKeyConstraint(["case_id"], ["vetting_cases.id"]),
        sa.CheckConstraint("result IN ('passed', 'failed', 'unavailable', 'exempt')", name="result"),
        sa.Index("ix_case_checks_case_id_id", "case_id", "id"),
        {"info": {"grants": {"vault_app": "SELECT, INSERT", "vault_regulator": "SELECT"}}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("case_id", "run", "name", "target", "result", "reasons", "evidence", "at")

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[CaseId] = mapped_column()
    run: Mapped[UUID] = mapped_column()
    name: Mapped[str] = mapped_column()
    target: Mapped[str] = mapped_column()
    result: Mapped[str] = mapped_column()
    reasons: Mapped[list[str]] = mapped_column()
    evidence: Mapped[dict[str, Any]] = mapped_column()
    at: Mapped[datetime] = mapped_column()


class CaseQuestion(Guarded, Base):
    """What an officer asked the applicant, and the answer once there is one."""

    __tablename__ = "case_questions"
    __table_args__ = (
        sa.ForeignKeyConstraint(["case_id"], ["vetting_cases.id"]),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
        sa.Index("ix_case_questions_case_id", "case_id"),
        {"info": {"grants": {"vault_app": "SELECT, INSERT, UPDATE", "vault_regulator": "SELECT"}}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("case_id", "officer_id", "question", "asked_at", "answer", "answered_at")

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[CaseId] = mapped_column()
    officer_id: Mapped[StaffId] = mapped_column()
    question: Mapped[str] = mapped_column()
    asked_at: Mapped[datetime] = mapped_column()
    answer: Mapped[str | None] = mapped_column()
    answered_at: Mapped[datetime | None] = mapped_column()


class VettingWork(Base):
    """When a case's checks are to be run (``case``), or an active requester is to be looked at again (``watch``).

    Gives no power: whoever loses these rows delays checks, and an approval needs them all the same.
    """

    __tablename__ = "vetting_work"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('case', 'watch')", name="kind"),
        sa.Index("ix_vetting_work_due_at", "due_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column()
    due_at: Mapped[datetime] = mapped_column()
    tries: Mapped[int] = mapped_column(default=0)
