"""Rows of the requesters' room. None of them is about a person; all of them give power."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import Base, Guarded
from vault.ids import DeclarationId, RequesterId, StaffId

_LAPSES = "status IN ('applied', 'active', 'suspended', 'revoked', 'surrendered')"
_LIFTED = "suspended_until IS NULL OR status = 'suspended'"
_REGISTER = {"vault_app": "SELECT, INSERT, UPDATE", "vault_regulator": "SELECT"}


class Requester(Guarded, Base):
    """A registered organisation; ``applied`` from the first approval on, so that its id can be signed for."""

    __tablename__ = "requesters"
    __table_args__ = (
        sa.UniqueConstraint("uscc"),
        sa.CheckConstraint(_LAPSES, name="status"),
        sa.CheckConstraint(_LIFTED, name="suspended_until"),
        sa.Index("ix_requesters_status", "status", "id"),
        {"info": {"grants": _REGISTER}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "name",
        "uscc",
        "contact",
        "status",
        "vetted_at",
        "valid_until",
        "suspended_until",
    )

    id: Mapped[RequesterId] = mapped_column(primary_key=True)
    name: Mapped[dict[str, Any]] = mapped_column()
    uscc: Mapped[str] = mapped_column()
    contact: Mapped[dict[str, Any]] = mapped_column()
    status: Mapped[str] = mapped_column()
    vetted_at: Mapped[datetime | None] = mapped_column()
    valid_until: Mapped[datetime | None] = mapped_column()
    suspended_until: Mapped[datetime | None] = mapped_column()
    """When a suspension that only one officer decided is over; null: not before somebody ends it."""


class DeclarationRow(Guarded, Base):
    """An approved declaration. ``body`` is held by ``digest``, which is under the MAC: read it through
    :func:`vault.requesters.register.declaration`, which compares the two."""

    __tablename__ = "declarations"
    __table_args__ = (
        sa.ForeignKeyConstraint(["requester_id"], ["requesters.id"]),
        sa.UniqueConstraint("requester_id", "number"),
        sa.CheckConstraint(_LAPSES, name="status"),
        sa.CheckConstraint("valid_from < valid_until", name="validity"),
        sa.CheckConstraint(_LIFTED, name="suspended_until"),
        # The public register is searched by what declarations contain: purpose, items, forms.
        sa.Index("ix_declarations_body", "body", postgresql_using="gin", postgresql_ops={"body": "jsonb_path_ops"}),
        {"info": {"grants": _REGISTER}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "requester_id",
        "number",
        "digest",
        "status",
        "valid_from",
        "valid_until",
        "suspended_until",
        "bounds_version",
        "narrowed",
    )

    id: Mapped[DeclarationId] = mapped_column(primary_key=True)
    requester_id: Mapped[RequesterId] = mapped_column()
    number: Mapped[int] = mapped_column()
    body: Mapped[dict[str, Any]] = mapped_column()
    digest: Mapped[bytes] = mapped_column()
    status: Mapped[str] = mapped_column()
    valid_from: Mapped[datetime] = mapped_column()
    valid_until: Mapped[datetime] = mapped_column()
    suspended_until: Mapped[datetime | None] = mapped_column()
    """As of a requester."""
    bounds_version: Mapped[int | None] = mapped_column()
    """Under which version of the bounds it was vetted; null: before there were any."""
    narrowed: Mapped[dict[str, Any] | None] = mapped_column()
    """What was cut from it since (:class:`vault.requesters.narrowing.Cut`); null: nothing."""


class BoundsRow(Guarded, Base):
    """A version of the bounds from 2 on (1 ships with the product): proposed by one officer, decided by another.
    Never changed once decided; what was vetted under it names its number."""

    __tablename__ = "bounds"
    __table_args__ = (
        sa.CheckConstraint("number > 1", name="number"),
        sa.CheckConstraint("status IN ('proposed', 'adopted', 'refused')", name="status"),
        sa.CheckConstraint("(status = 'proposed') = (decided_at IS NULL)", name="decided"),
        {"info": {"grants": _REGISTER}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "rules",
        "status",
        "reason",
        "proposed_by",
        "proposed_at",
        "decided_by",
        "decided_at",
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rules: Mapped[list[dict[str, Any]]] = mapped_column()
    status: Mapped[str] = mapped_column()
    reason: Mapped[str] = mapped_column()
    proposed_by: Mapped[StaffId] = mapped_column()
    proposed_at: Mapped[datetime] = mapped_column()
    decided_by: Mapped[StaffId | None] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column()


class PermitRow(Guarded, Base):
    """The registry's standing authorisation of a declaration. ``signatures``: [{officer, signature}], two of them.

    ``signed_until`` is what the officers signed; ``valid_until`` may be earlier (validity is only ever shortened).
    """

    __tablename__ = "permits"
    __table_args__ = (
        sa.ForeignKeyConstraint(["declaration_id"], ["declarations.id"]),
        sa.CheckConstraint(_LAPSES, name="status"),
        sa.CheckConstraint("valid_until <= signed_until", name="shortened"),
        {"info": {"grants": _REGISTER}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("declaration_digest", "signatures", "status", "signed_until", "valid_until")

    declaration_id: Mapped[DeclarationId] = mapped_column(primary_key=True)
    declaration_digest: Mapped[bytes] = mapped_column()
    signatures: Mapped[list[dict[str, Any]]] = mapped_column()
    status: Mapped[str] = mapped_column()
    signed_until: Mapped[datetime] = mapped_column()
    valid_until: Mapped[datetime] = mapped_column()


class Client(Guarded, Base):
    """One OAuth client of one declaration, with its public keys and the addresses people come back to."""

    __tablename__ = "clients"
    __table_args__ = (
        sa.ForeignKeyConstraint(["requester_id"], ["requesters.id"]),
        sa.ForeignKeyConstraint(["declaration_id"], ["declarations.id"]),
        sa.ForeignKeyConstraint(["sandbox_of"], ["clients.id"]),
        sa.UniqueConstraint("sandbox_of"),
        sa.CheckConstraint(_LAPSES, name="status"),
        sa.Index(None, "requester_id"),
        {"info": {"grants": _REGISTER}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "requester_id",
        "declaration_id",
        "jwks",
        "redirect_uris",
        "status",
        "registration",
        "key_times",
        "sandbox_of",
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    requester_id: Mapped[RequesterId] = mapped_column()
    declaration_id: Mapped[DeclarationId] = mapped_column()
    jwks: Mapped[dict[str, Any]] = mapped_column()
    redirect_uris: Mapped[list[str]] = mapped_column()
    status: Mapped[str] = mapped_column()
    registration: Mapped[dict[str, Any] | None] = mapped_column()
    """Its other metadata (:mod:`vault.requesters.client_metadata`); null: all defaults."""
    key_times: Mapped[dict[str, Any] | None] = mapped_column()
    """{kid: {"from": ms, "until": ms}} for keys that do not hold for ever; null: all do."""
    sandbox_of: Mapped[UUID | None] = mapped_column()
    """Null for a client in production; else the client this one is the sandbox of. Never changed."""


class Measure(Guarded, Base):
    """What was done about the standing of a requester, or of one of its declarations, by whom and why; also what one
    officer proposed and another one must still decide.

    ``signature`` and ``second_signature``: the officers' own, over what they did; ``until``: the new end of a
    validity that was shortened; ``lapses_at``: when a proposal, or a suspension by one officer, is over.
    """

    __tablename__ = "measures"
    __table_args__ = (
        sa.ForeignKeyConstraint(["requester_id"], ["requesters.id"]),
        sa.ForeignKeyConstraint(["declaration_id"], ["declarations.id"]),
        sa.CheckConstraint("act IN ('suspend', 'restore', 'revoke', 'surrender', 'shorten', 'narrow')", name="act"),
        sa.CheckConstraint("(act = 'narrow') = (cut IS NOT NULL)", name="cut"),
        sa.CheckConstraint("state IN ('proposed', 'done', 'refused')", name="state"),
        sa.CheckConstraint("(act = 'shorten') = (until IS NOT NULL)", name="until"),
        sa.Index("ix_measures_requester", "requester_id", "id"),
        {"info": {"grants": _REGISTER}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "requester_id",
        "declaration_id",
        "act",
        "state",
        "until",
        "reason",
        "actor_kind",
        "actor_id",
        "signature",
        "at",
        "lapses_at",
        "second_id",
        "second_reason",
        "second_signature",
        "decided_at",
        "cut",
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    requester_id: Mapped[RequesterId] = mapped_column()
    declaration_id: Mapped[DeclarationId | None] = mapped_column()
    act: Mapped[str] = mapped_column()
    state: Mapped[str] = mapped_column()
    until: Mapped[datetime | None] = mapped_column()
    reason: Mapped[str] = mapped_column()
    actor_kind: Mapped[str] = mapped_column()
    actor_id: Mapped[UUID | None] = mapped_column()
    signature: Mapped[bytes | None] = mapped_column()
    at: Mapped[datetime] = mapped_column()
    lapses_at: Mapped[datetime | None] = mapped_column()
    second_id: Mapped[UUID | None] = mapped_column()
    second_reason: Mapped[str | None] = mapped_column()
    second_signature: Mapped[bytes | None] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column()
    cut: Mapped[dict[str, Any] | None] = mapped_column()
    """With narrow: what is taken out."""


class ClientRegistration(Guarded, Base):
    """How a client came that registered itself: by which software statement (once), and what manages it since."""

    __tablename__ = "client_registrations"
    __table_args__ = (
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"]),
        sa.UniqueConstraint("statement_id"),
        sa.CheckConstraint("octet_length(token_hash) = 32", name="token_hash"),
        {"info": {"grants": {"vault_app": "SELECT, INSERT"}}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("statement_id", "statement", "token_hash", "registered_at")

    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    statement_id: Mapped[UUID] = mapped_column()
    statement: Mapped[dict[str, Any]] = mapped_column()
    """The product as the statement has it (:class:`vault.requesters.statements.Product`)."""
    token_hash: Mapped[bytes] = mapped_column()
    """SHA-256 of the registration access token."""
    registered_at: Mapped[datetime] = mapped_column()
