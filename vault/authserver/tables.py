"""Rows of the authorization server. Hashes of codes and tokens, never the things themselves; no person, no share.

Whoever steals these tables learns which client asked for what and when. Whoever can change them can revive a used
code or a revoked refresh token, which opens nothing without the thing itself and the client's keys.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import Base, Guarded
from vault.ids import GrantId


class PushedRequest(Guarded, Base):
    """A pushed authorization request (RFC 9126). It may be opened until ``expires_at`` and, once opened, decided once
    until ``decide_by``."""

    __tablename__ = "pushed_requests"
    __table_args__ = (
        sa.UniqueConstraint("uri_hash"),
        sa.CheckConstraint("expires_at < decide_by", name="times"),
        sa.Index("ix_pushed_requests_decide_by", "decide_by"),
    )
    guarded: ClassVar[tuple[str, ...]] = ("client_id", "uri_hash", "body", "bound_to", "expires_at", "decide_by")

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column()
    uri_hash: Mapped[bytes] = mapped_column()
    body: Mapped[dict[str, Any]] = mapped_column()
    """{"details", "redirect_uri", "state", "challenge"}: what was checked when it was pushed."""
    bound_to: Mapped[str | None] = mapped_column()
    """What the code will be bound to (:attr:`vault.authserver.bindings.Binding.text`), if anything was shown."""
    expires_at: Mapped[datetime] = mapped_column()
    decide_by: Mapped[datetime] = mapped_column()
    opened_at: Mapped[datetime | None] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column()


class Code(Guarded, Base):
    """An authorization code: consumed by one statement that sets ``consumed_at`` where it is null."""

    __tablename__ = "codes"
    __table_args__ = (
        sa.CheckConstraint("octet_length(hash) = 32", name="hash"),
        sa.Index("ix_codes_expires_at", "expires_at"),
        {"info": {"shard": "hash"}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "client_id",
        "grant_id",
        "token_epoch",
        "bound_to",
        "challenge",
        "redirect_uri",
        "expires_at",
    )

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column()
    grant_id: Mapped[GrantId] = mapped_column()
    token_epoch: Mapped[int] = mapped_column()
    bound_to: Mapped[str | None] = mapped_column()
    challenge: Mapped[str] = mapped_column()
    redirect_uri: Mapped[str] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    consumed_at: Mapped[datetime | None] = mapped_column()


class RefreshToken(Guarded, Base):
    """A refresh token, bound to one client and what it holds. Not rotated: it lives as long as its grant, or until
    it is revoked. There is one per code."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        sa.CheckConstraint("octet_length(hash) = 32", name="hash"),
        sa.CheckConstraint("status IN ('active', 'revoked')", name="status"),
        sa.Index("ix_refresh_tokens_grant_id", "grant_id"),
        sa.Index("ix_refresh_tokens_expires_at", "expires_at"),
        {"info": {"shard": "hash"}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("client_id", "grant_id", "bound_to", "status", "issued_at", "expires_at")

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column()
    grant_id: Mapped[GrantId] = mapped_column()
    bound_to: Mapped[str] = mapped_column()
    """:attr:`vault.authserver.bindings.Binding.lasting`."""
    status: Mapped[str] = mapped_column()
    issued_at: Mapped[datetime] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()


class TokenKeyRow(Base):
    """An hourly key under the key ring. Its times are bound to the wrapped key: a changed time does not open."""

    __tablename__ = "token_keys"
    __table_args__ = (sa.UniqueConstraint("valid_from"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes] = mapped_column()
    valid_from: Mapped[datetime] = mapped_column()
    delete_after: Mapped[datetime] = mapped_column()


class SeenProof(Base):
    """A DPoP proof's or client assertion's jti, hashed with whose it is; kept until the proof is too old anyway."""

    __tablename__ = "seen_proofs"
    __table_args__ = (sa.Index("ix_seen_proofs_expires_at", "expires_at"), {"info": {"shard": "hash"}})

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column()
