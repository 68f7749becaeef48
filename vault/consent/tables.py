"""Rows of the consent room. All belong to a person; none holds a value of theirs."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import Base, Guarded
from vault.ids import DeclarationId, GrantId, PersonId, RequesterId

ACTIVE, SUSPENDED, WITHDRAWN = "active", "suspended", "withdrawn"
_GRANT = ("grants.person_id", "grants.id")
_COMPARTMENT = "compartment IN ('general', 'sensitive')"


class Grant(Guarded, Base):
    """What a person allowed. ``token_epoch`` is what tokens are checked against; ``record`` is held by
    ``record_digest``. Expiry is no status, nor is the end of a suspension that nobody confirmed: both are decided when
    reading."""

    __tablename__ = "grants"
    __table_args__ = (
        sa.CheckConstraint("status IN ('active', 'suspended', 'withdrawn')", name="status"),
        sa.CheckConstraint("suspended_until IS NULL OR status = 'suspended'", name="suspended_until"),
        sa.CheckConstraint("(status = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn"),
        sa.CheckConstraint("expires_at > given_at", name="expires"),
        sa.CheckConstraint("approval_needed = (sensitive_public IS NOT NULL)", name="approval"),
        sa.CheckConstraint("approval_needed = (officer_share IS NOT NULL)", name="officer_share"),
        sa.CheckConstraint("token_epoch >= 1", name="token_epoch"),
        sa.Index("ix_grants_id", "id"),
        sa.Index("ix_grants_in_force", "requester_id", "id", postgresql_where=sa.text("status = 'active'")),
        sa.Index("ix_grants_lapsing", "suspended_until", postgresql_where=sa.text("status = 'suspended'")),
        {"info": {"shard": "person_id"}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "requester_id",
        "client_id",
        "declaration_id",
        "declaration_number",
        "items",
        "parts",
        "status",
        "token_epoch",
        "given_at",
        "expires_at",
        "withdrawn_at",
        "max_uses",
        "frequency",
        "locale",
        "record_digest",
        "record_signature",
        "commitment_key",
        "general_public",
        "sensitive_public",
        "officer_share",
        "officer_key",
        "approval_needed",
        "share_number",
        "first_given_at",
        "ended_by",
        "status_list",
        "status_index",
        "suspended_until",
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[GrantId] = mapped_column(primary_key=True)
    requester_id: Mapped[RequesterId] = mapped_column()
    client_id: Mapped[UUID] = mapped_column()
    declaration_id: Mapped[DeclarationId] = mapped_column()
    declaration_number: Mapped[int] = mapped_column()
    items: Mapped[list[dict[str, Any]]] = mapped_column()
    """[{"item", "form"}], in the order of the request."""
    parts: Mapped[list[dict[str, Any]]] = mapped_column()
    """[{"section", "compartment"}]: whose section keys are sealed to this grant."""
    status: Mapped[str] = mapped_column()
    token_epoch: Mapped[int] = mapped_column()
    given_at: Mapped[datetime] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    withdrawn_at: Mapped[datetime | None] = mapped_column()
    max_uses: Mapped[int | None] = mapped_column()
    frequency: Mapped[dict[str, Any]] = mapped_column()
    """{"per": "hour" | "day", "count"}."""
    locale: Mapped[str] = mapped_column()
    record: Mapped[bytes] = mapped_column()
    record_digest: Mapped[bytes] = mapped_column()
    record_signature: Mapped[bytes] = mapped_column()
    commitment_key: Mapped[bytes] = mapped_column()
    """Opens the commitments to this consent in the ledger; goes with erasure."""
    general_public: Mapped[bytes | None] = mapped_column()
    sensitive_public: Mapped[bytes | None] = mapped_column()
    officer_share: Mapped[bytes | None] = mapped_column()
    """The officers' share, sealed to key ``officer_key`` of the release role."""
    officer_key: Mapped[int | None] = mapped_column()
    approval_needed: Mapped[bool] = mapped_column()
    withdrawal_signature: Mapped[bytes | None] = mapped_column()
    withdrawal_reason: Mapped[bytes | None] = mapped_column()
    """The person's words, sealed to the person: nobody else needs them."""
    keys_replaced_at: Mapped[datetime | None] = mapped_column()
    """When the section keys this grant had were replaced after its withdrawal."""
    share_number: Mapped[int | None] = mapped_column()
    """Which share ``g`` this is: one more with each merge or replacement; null: the first. Refresh tokens name it."""
    first_given_at: Mapped[datetime | None] = mapped_column()
    """When the consent was given that the one in force goes back to; null: ``given_at``."""
    ended_by: Mapped[str | None] = mapped_column()
    """Who ended it, where it was not the person: ``requester``."""
    status_list: Mapped[UUID | None] = mapped_column()
    status_index: Mapped[int | None] = mapped_column()
    """Where the token status list speaks of this grant's tokens; null for grants older than the lists."""
    notice: Mapped[bytes | None] = mapped_column()
    """What the consent page said, canonical; the digest of it is in the signed record."""
    suspended_until: Mapped[datetime | None] = mapped_column()
    """When a suspension that one regulator decided is over; null: not before somebody ends it."""


class GrantVersion(Guarded, Base):
    """A consent that another one took the place of: the record as it was signed. Appended, never changed."""

    __tablename__ = "grant_versions"
    __table_args__ = (
        sa.ForeignKeyConstraint(["person_id", "grant_id"], _GRANT),
        sa.CheckConstraint("number >= 1", name="number"),
        sa.CheckConstraint("how IN ('merge', 'replace')", name="how"),
        {"info": {"shard": "person_id", "grants": {"vault_app": "SELECT, INSERT"}}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("record_digest", "record_signature", "given_at", "superseded_at", "how")

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    grant_id: Mapped[GrantId] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """The ``share_number`` it had."""
    record: Mapped[bytes] = mapped_column()
    record_digest: Mapped[bytes] = mapped_column()
    record_signature: Mapped[bytes] = mapped_column()
    notice: Mapped[bytes | None] = mapped_column()
    given_at: Mapped[datetime] = mapped_column()
    superseded_at: Mapped[datetime] = mapped_column()
    how: Mapped[str] = mapped_column()
    """What ended it: ``merge`` or ``replace``."""


class GrantWrap(Base):
    """A grant's secret half for one compartment, under its shares. Deleted when the grant ends."""

    __tablename__ = "grant_wraps"
    __table_args__ = (
        sa.ForeignKeyConstraint(["person_id", "grant_id"], _GRANT),
        sa.CheckConstraint(_COMPARTMENT, name="compartment"),
        {"info": {"shard": "person_id"}},
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    grant_id: Mapped[GrantId] = mapped_column(primary_key=True)
    compartment: Mapped[str] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes] = mapped_column()


class GrantPart(Base):
    """One section key, sealed to the grant's public half. Deleted when the grant ends."""

    __tablename__ = "grant_parts"
    __table_args__ = (
        sa.ForeignKeyConstraint(["person_id", "grant_id"], _GRANT),
        sa.CheckConstraint(_COMPARTMENT, name="compartment"),
        {"info": {"shard": "person_id"}},
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    grant_id: Mapped[GrantId] = mapped_column(primary_key=True)
    section: Mapped[str] = mapped_column(primary_key=True)
    compartment: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes] = mapped_column()


class GrantUse(Base):
    """How often a grant was used: counters, which change with every release and so carry no MAC. The ledger has
    every use as an entry."""

    __tablename__ = "grant_uses"
    __table_args__ = (
        sa.ForeignKeyConstraint(["person_id", "grant_id"], _GRANT),
        sa.CheckConstraint("uses >= 0 AND window_uses >= 0", name="counts"),
        {"info": {"shard": "person_id"}},
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    grant_id: Mapped[GrantId] = mapped_column(primary_key=True)
    uses: Mapped[int] = mapped_column()
    last_used_at: Mapped[datetime | None] = mapped_column()
    window_start: Mapped[datetime | None] = mapped_column()
    window_uses: Mapped[int] = mapped_column()


class StatusList(Base):
    """One token status list. ``seed`` decides which of its indexes are decoys, and when each of those seems to end."""

    __tablename__ = "status_lists"
    __table_args__ = (
        sa.CheckConstraint("octet_length(seed) = 32", name="seed"),
        {"info": {"shard": "id"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    seed: Mapped[bytes] = mapped_column()
    opened_at: Mapped[datetime] = mapped_column()
    closed_at: Mapped[datetime | None] = mapped_column()
    """When it was found full: no index of it is given any more."""


class StatusEntry(Guarded, Base):
    """An index in use. No grant, no person: a list says of nobody whose it is. ``value`` 1: invalid for good; 2:
    suspended, until ``suspended_until`` or until it is lifted."""

    __tablename__ = "status_entries"
    __table_args__ = (
        sa.CheckConstraint("idx >= 0", name="idx"),
        sa.CheckConstraint("value IN (0, 1, 2)", name="value"),
        {"info": {"shard": "list_id"}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("client_id", "value", "until", "suspended_until")

    list_id: Mapped[UUID] = mapped_column(primary_key=True)
    idx: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    client_id: Mapped[UUID] = mapped_column()
    value: Mapped[int] = mapped_column()
    until: Mapped[datetime] = mapped_column()
    suspended_until: Mapped[datetime | None] = mapped_column()
