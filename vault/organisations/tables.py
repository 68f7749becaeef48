"""Rows of the organisations' own desk. None of them is about a data subject; all of them give power."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import Base, Guarded
from vault.ids import ApplicationId, MemberId, RequesterId

_APPEND_AND_CHANGE = {"vault_app": "SELECT, INSERT, UPDATE"}


class Organisation(Guarded, Base):
    """One per requester that has a desk: how its first member came, and what it chose.

    The primary key lets one first member through. ``two_members``: changes that give power take two.
    """

    __tablename__ = "organisations"
    __table_args__ = ({"info": {"grants": _APPEND_AND_CHANGE}},)
    guarded: ClassVar[tuple[str, ...]] = ("application_id", "two_members", "opened_at")

    requester_id: Mapped[RequesterId] = mapped_column(primary_key=True)
    application_id: Mapped[ApplicationId] = mapped_column()
    """The application whose token its first member showed."""
    two_members: Mapped[bool] = mapped_column()
    opened_at: Mapped[datetime] = mapped_column()


class MemberRow(Guarded, Base):
    """A member of one organisation. Never deleted: entries and signatures name them."""

    __tablename__ = "members"
    __table_args__ = (
        sa.CheckConstraint("status IN ('active', 'suspended', 'left')", name="status"),
        sa.CheckConstraint("octet_length(box_public) = 32 AND octet_length(signing_public) = 32", name="keys"),
        sa.ForeignKeyConstraint(["requester_id"], ["organisations.requester_id"]),
        sa.Index(None, "requester_id"),
        {"info": {"grants": _APPEND_AND_CHANGE}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "requester_id",
        "name",
        "roles",
        "box_public",
        "signing_public",
        "status",
        "joined_at",
    )

    id: Mapped[MemberId] = mapped_column(primary_key=True)
    requester_id: Mapped[RequesterId] = mapped_column()
    name: Mapped[str] = mapped_column()
    roles: Mapped[list[str]] = mapped_column()
    box_public: Mapped[bytes] = mapped_column()
    signing_public: Mapped[bytes] = mapped_column()
    status: Mapped[str] = mapped_column()
    joined_at: Mapped[datetime] = mapped_column()


class Invitation(Guarded, Base):
    """An invitation, good for one joining until ``expires_at``; the database has its token's hash alone.

    ``waiting``: it gives roles for which a second member must confirm it first.
    """

    __tablename__ = "member_invitations"
    __table_args__ = (
        sa.CheckConstraint("status IN ('waiting', 'open', 'used', 'withdrawn')", name="status"),
        sa.CheckConstraint("octet_length(token_hash) = 32", name="token_hash"),
        sa.CheckConstraint("(status = 'used') = (member_id IS NOT NULL)", name="used"),
        sa.ForeignKeyConstraint(["requester_id"], ["organisations.requester_id"]),
        sa.Index(None, "requester_id"),
        {"info": {"grants": _APPEND_AND_CHANGE}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "requester_id",
        "token_hash",
        "roles",
        "invited_by",
        "made_at",
        "expires_at",
        "status",
        "member_id",
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    requester_id: Mapped[RequesterId] = mapped_column()
    token_hash: Mapped[bytes] = mapped_column()
    roles: Mapped[list[str]] = mapped_column()
    invited_by: Mapped[MemberId] = mapped_column()
    made_at: Mapped[datetime] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    status: Mapped[str] = mapped_column()
    member_id: Mapped[MemberId | None] = mapped_column()
    """Who joined with it."""


class ChangeRow(Guarded, Base):
    """A change that a member made or proposed, with their signature; where it takes two, with the other's.

    ``body`` says what becomes what, by ``kind`` (:mod:`vault.organisations.changes`). Expiry is decided when reading.
    """

    __tablename__ = "organisation_changes"
    __table_args__ = (
        sa.CheckConstraint("status IN ('open', 'made', 'refused')", name="status"),
        sa.CheckConstraint("(status = 'open') = (decided_at IS NULL)", name="decided"),
        sa.CheckConstraint("(decided_by IS NULL) = (decision_signature IS NULL)", name="signed"),
        sa.CheckConstraint("decided_by IS NULL OR status = 'refused' OR decided_by <> proposed_by", name="two"),
        sa.ForeignKeyConstraint(["requester_id"], ["organisations.requester_id"]),
        sa.Index(None, "requester_id", "id"),
        {"info": {"grants": _APPEND_AND_CHANGE}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "requester_id",
        "kind",
        "subject",
        "body",
        "proposed_by",
        "signature",
        "made_at",
        "expires_at",
        "status",
        "decided_by",
        "decision_signature",
        "decided_at",
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    requester_id: Mapped[RequesterId] = mapped_column()
    kind: Mapped[str] = mapped_column()
    subject: Mapped[UUID | None] = mapped_column()
    """The client, member or invitation that it changes; null: the organisation itself."""
    body: Mapped[dict[str, Any]] = mapped_column()
    proposed_by: Mapped[MemberId] = mapped_column()
    signature: Mapped[bytes] = mapped_column()
    made_at: Mapped[datetime] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    status: Mapped[str] = mapped_column()
    decided_by: Mapped[MemberId | None] = mapped_column()
    decision_signature: Mapped[bytes | None] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column()
