"""Rows of the release room. Both belong to a person; neither holds a value of theirs."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import Base, Guarded
from vault.ids import DeclarationId, GrantId, PersonId, ReleaseId, RequesterId, StaffId

WAITING, APPROVED, DENIED, DELIVERED, REFUSED = "waiting", "approved", "denied", "delivered", "refused"


class Release(Base):
    """One release, asked for or delivered. What makes a repetition safe: the pinned versions, the key of the
    payload's commitment, the entry.

    Needs no MAC: a delivered release is only repeated when the payload fits the commitment in its entry, and a
    waiting one only leaves with an approval, which is signed, guarded and names ``request_digest``.
    A refused one keeps no idempotency key, so that the same request may be tried again.
    """

    __tablename__ = "releases"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "grant_id", "idempotency_key"),
        sa.CheckConstraint("state IN ('waiting', 'approved', 'denied', 'delivered', 'refused')", name="state"),
        sa.CheckConstraint("(state = 'refused') = (idempotency_key IS NULL)", name="repeatable"),
        sa.CheckConstraint("state <> 'delivered' OR commit_key IS NOT NULL", name="committed"),
        sa.Index("ix_releases_waiting", "at", postgresql_where=sa.text("state = 'waiting'")),
        {"info": {"shard": "person_id"}},
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[ReleaseId] = mapped_column(primary_key=True)
    grant_id: Mapped[GrantId] = mapped_column()
    requester_id: Mapped[RequesterId] = mapped_column()
    client_id: Mapped[UUID] = mapped_column()
    declaration_id: Mapped[DeclarationId] = mapped_column()
    idempotency_key: Mapped[str | None] = mapped_column()
    request_digest: Mapped[bytes] = mapped_column()
    state: Mapped[str] = mapped_column()
    purpose: Mapped[str] = mapped_column()
    items: Mapped[list[dict[str, Any]]] = mapped_column()
    versions: Mapped[dict[str, Any]] = mapped_column()
    commit_key: Mapped[bytes | None] = mapped_column()
    entry_id: Mapped[UUID] = mapped_column()
    at: Mapped[datetime] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column()
    reason: Mapped[str | None] = mapped_column()


class Approval(Guarded, Base):
    """A release officer's decision about one waiting release.

    ``share`` is the officer share under ``derive("approval", id)``; it and ``used_at`` change with use and stay
    outside the MAC: the share has its own, and a reset ``used_at`` brings no share back.
    """

    __tablename__ = "approvals"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "release_id"),
        sa.CheckConstraint("decision IN ('approve', 'deny')", name="decision"),
        {"info": {"shard": "person_id"}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "release_id",
        "officer_id",
        "decision",
        "reason",
        "request_digest",
        "signature",
        "at",
        "expires_at",
        "code",
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    release_id: Mapped[ReleaseId] = mapped_column()
    officer_id: Mapped[StaffId] = mapped_column()
    decision: Mapped[str] = mapped_column()
    reason: Mapped[str] = mapped_column()
    request_digest: Mapped[bytes] = mapped_column()
    signature: Mapped[bytes] = mapped_column()
    share: Mapped[bytes | None] = mapped_column()
    at: Mapped[datetime] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    used_at: Mapped[datetime | None] = mapped_column()
    code: Mapped[str | None] = mapped_column()
    """Why it was denied: one of ``vault.release.denials``; null for approvals, and for denials of before."""


class StandingApproval(Guarded, Base):
    """A release officer's approval of a grant's releases, up to a ceiling and an end.

    ``share`` and ``uses`` change with every use and stay outside the MAC: each share opens only with its number of
    uses, so that a count that is set back brings nothing back.
    """

    __tablename__ = "standing_approvals"
    __table_args__ = (
        sa.CheckConstraint("ceiling >= 1 AND uses >= 0 AND uses <= ceiling", name="uses"),
        sa.CheckConstraint("expires_at > at", name="expires"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended"),
        sa.Index(None, "person_id", "grant_id"),
        sa.Index("ix_standing_approvals_share", "expires_at", postgresql_where=sa.text("share IS NOT NULL")),
        {"info": {"shard": "person_id"}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "grant_id",
        "requester_id",
        "declaration_id",
        "officer_id",
        "record_digest",
        "permit_digest",
        "items",
        "ceiling",
        "reason",
        "signature",
        "at",
        "expires_at",
        "ended_at",
        "ended_by",
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[GrantId] = mapped_column()
    requester_id: Mapped[RequesterId] = mapped_column()
    declaration_id: Mapped[DeclarationId] = mapped_column()
    officer_id: Mapped[StaffId] = mapped_column()
    record_digest: Mapped[bytes] = mapped_column()
    permit_digest: Mapped[bytes] = mapped_column()
    items: Mapped[list[dict[str, Any]]] = mapped_column()
    """[{"item", "form"}]: the sensitive items it covers."""
    ceiling: Mapped[int] = mapped_column()
    reason: Mapped[str] = mapped_column()
    signature: Mapped[bytes] = mapped_column()
    share: Mapped[bytes | None] = mapped_column()
    uses: Mapped[int] = mapped_column()
    at: Mapped[datetime] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()
    ended_by: Mapped[StaffId | None] = mapped_column()


class ReleaseBatch(Base):
    """One batch under its idempotency key, kept until ``expires_at``. ``holder``: the run that works on it until
    ``held_until``, so that two do not; what makes a line happen once is the constraint on releases.

    Needs no MAC: whoever edits it can make a client be refused, or pay a second use for what it may have anyway.
    """

    __tablename__ = "release_batches"
    __table_args__ = (
        sa.UniqueConstraint("id"),
        sa.CheckConstraint("octet_length(body_digest) = 32", name="body_digest"),
        sa.Index("ix_release_batches_expires_at", "expires_at"),
    )

    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column()
    body_digest: Mapped[bytes] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    holder: Mapped[UUID | None] = mapped_column()
    held_until: Mapped[datetime] = mapped_column()


class ReleaseBatchLine(Base):
    """A line of a batch that was refused: what its sender was told, so that it is told and recorded once. Whose line it
    was is not here."""

    __tablename__ = "release_batch_lines"

    batch_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    told: Mapped[dict[str, Any]] = mapped_column()


class RequesterQuota(Guarded, Base):
    """How much a requester may take, where that is not the default; and what an officer proposed about it.

    ``per_day`` null: the default. ``per_minute`` holds until ``slowed_until``, over all of its clients together.
    """

    __tablename__ = "requester_quotas"
    __table_args__ = (
        sa.CheckConstraint("per_day IS NULL OR per_day >= 0", name="per_day"),
        sa.CheckConstraint("(per_minute IS NULL) = (slowed_until IS NULL)", name="slowed"),
        sa.CheckConstraint("(proposed_per_day IS NULL) = (proposed_by IS NULL)", name="proposed"),
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "per_day",
        "reason",
        "per_minute",
        "slowed_until",
        "slowed_reason",
        "proposed_per_day",
        "proposed_reason",
        "proposed_by",
    )

    requester_id: Mapped[RequesterId] = mapped_column(primary_key=True)
    per_day: Mapped[int | None] = mapped_column()
    reason: Mapped[str | None] = mapped_column()
    per_minute: Mapped[int | None] = mapped_column()
    slowed_until: Mapped[datetime | None] = mapped_column()
    slowed_reason: Mapped[str | None] = mapped_column()
    proposed_per_day: Mapped[int | None] = mapped_column()
    proposed_reason: Mapped[str | None] = mapped_column()
    proposed_by: Mapped[StaffId | None] = mapped_column()


class QuotaPeriod(Base):
    """How much of one day, or of one minute, the server processes have leased. Counters like a grant's uses: without
    a MAC."""

    __tablename__ = "quota_periods"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('quota', 'rate')", name="kind"),
        sa.CheckConstraint("leased >= 0", name="leased"),
    )

    requester_id: Mapped[RequesterId] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    starts: Mapped[datetime] = mapped_column(primary_key=True)
    leased: Mapped[int] = mapped_column()
