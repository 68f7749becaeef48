"""Rows of the requesters' room. None of them is about a person; all of them give power."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import Base, Guarded
from vault.ids import DeclarationId, RequesterId

_LAPSES = "status IN ('applied', 'active', 'suspended', 'revoked', 'surrendered')"
_REGISTER = {"vault_app": "SELECT, INSERT, UPDATE", "vault_regulator": "SELECT"}


class Requester(Guarded, Base):
    """A registered organisation; ``applied`` from the first approval on, so that its id can be signed for."""

    __tablename__ = "requesters"
    __table_args__ = (
        sa.UniqueConstraint("uscc"),
        sa.CheckConstraint(_LAPSES, name="status"),
        {"info": {"grants": _REGISTER}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("name", "uscc", "contact", "status", "vetted_at", "valid_until")

    id: Mapped[RequesterId] = mapped_column(primary_key=True)
    name: Mapped[dict[str, Any]] = mapped_column()
    uscc: Mapped[str] = mapped_column()
    contact: Mapped[dict[str, Any]] = mapped_column()
    status: Mapped[str] = mapped_column()
    vetted_at: Mapped[datetime | None] = mapped_column()
    valid_until: Mapped[datetime | None] = mapped_column()


class DeclarationRow(Guarded, Base):
    """An approved declaration. ``body`` is held by ``digest``, which is under the MAC: read it through
    :func:`vault.requesters.register.declaration`, which compares the two."""

    __tablename__ = "declarations"
    __table_args__ = (
        sa.ForeignKeyConstraint(["requester_id"], ["requesters.id"]),
        sa.UniqueConstraint("requester_id", "number"),
        sa.CheckConstraint(_LAPSES, name="status"),
        sa.CheckConstraint("valid_from < valid_until", name="validity"),
        {"info": {"grants": _REGISTER}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("requester_id", "number", "digest", "status", "valid_from", "valid_until")

    id: Mapped[DeclarationId] = mapped_column(primary_key=True)
    requester_id: Mapped[RequesterId] = mapped_column()
    number: Mapped[int] = mapped_column()
    body: Mapped[dict[str, Any]] = mapped_column()
    digest: Mapped[bytes] = mapped_column()
    status: Mapped[str] = mapped_column()
    valid_from: Mapped[datetime] = mapped_column()
    valid_until: Mapped[datetime] = mapped_column()


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
        sa.CheckConstraint(_LAPSES, name="status"),
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
    """Null for a client in production; else the client this one is the sandbox of."""
