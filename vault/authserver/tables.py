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
from vault.ids import DeclarationId, GrantId, PersonId, RequesterId


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
    """{"details", "redirect_uri", "state", "challenge", "certificate"}: what was checked when it was pushed."""
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
    guarded: ClassVar[tuple[str, ...]] = (
        "client_id",
        "grant_id",
        "bound_to",
        "status",
        "issued_at",
        "expires_at",
        "share_number",
    )

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column()
    grant_id: Mapped[GrantId] = mapped_column()
    bound_to: Mapped[str] = mapped_column()
    """:attr:`vault.authserver.bindings.Binding.lasting`."""
    status: Mapped[str] = mapped_column()
    issued_at: Mapped[datetime] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    share_number: Mapped[int | None] = mapped_column()
    """Which share of the grant is in it: after a merge or replacement it is the one before. Null: the first."""


class ResourceServer(Guarded, Base):
    """A server that may ask how tokens for it stand (RFC 7662): let in by two officers, with keys of its own."""

    __tablename__ = "resource_servers"
    __table_args__ = (
        sa.CheckConstraint("status IN ('active', 'ended')", name="status"),
        {"info": {"grants": {"vault_app": "SELECT, INSERT, UPDATE", "vault_regulator": "SELECT"}}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("name", "audience", "jwks", "status", "officers", "added_at")

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column()
    audience: Mapped[str] = mapped_column()
    """The ``aud`` of the tokens it may ask about, and of no others."""
    jwks: Mapped[dict[str, Any]] = mapped_column()
    status: Mapped[str] = mapped_column()
    officers: Mapped[list[str]] = mapped_column()
    """Who let it in: two ids."""
    added_at: Mapped[datetime] = mapped_column()


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


class ConsentHint(Guarded, Base):
    """A person's one-time hint: what they tell a clerk so that a request finds them. Known by its blind index only."""

    __tablename__ = "consent_hints"
    __table_args__ = (
        sa.CheckConstraint("octet_length(value) = 32", name="value"),
        sa.Index("ix_consent_hints_ends_at", "ends_at"),
        {"info": {"shard": "value"}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("person_id", "ends_at")

    value: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[PersonId] = mapped_column()
    ends_at: Mapped[datetime] = mapped_column()
    used_at: Mapped[datetime | None] = mapped_column()


class BackchannelRequest(Guarded, Base):
    """A request for consent out of band (CIBA), as its client polls for it. A no is not written here: whatever was
    refused, and whoever does not exist, leaves a row that nothing happens to."""

    __tablename__ = "backchannel_requests"
    __table_args__ = (
        sa.CheckConstraint("octet_length(hash) = 32 AND octet_length(public) = 32", name="lengths"),
        sa.CheckConstraint("(grant_id IS NULL) = (share IS NULL)", name="approved"),
        sa.CheckConstraint("(grant_id IS NULL) = (token_epoch IS NULL)", name="epoch"),
        sa.CheckConstraint("wait BETWEEN 1 AND 60", name="wait"),
        sa.Index("ix_backchannel_requests_ends_at", "ends_at"),
        sa.Index(None, "client_id", "ends_at"),
        sa.Index(
            "ix_backchannel_requests_announced_at",
            "ends_at",
            postgresql_where=sa.text("announced_at IS NULL AND person_id IS NOT NULL"),
        ),
        {"info": {"shard": "hash"}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "client_id",
        "person_id",
        "body",
        "message",
        "bound_to",
        "public",
        "ends_at",
        "grant_id",
        "token_epoch",
        "share",
    )

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    """Of ``auth_req_id``."""
    client_id: Mapped[UUID] = mapped_column()
    person_id: Mapped[PersonId | None] = mapped_column()
    """Whom the hint led to; null where it led to nobody."""
    body: Mapped[dict[str, Any]] = mapped_column()
    """{"details", "openid"}: what was checked when it came."""
    message: Mapped[bytes] = mapped_column()
    """The binding message, under the ring."""
    bound_to: Mapped[str | None] = mapped_column()
    public: Mapped[bytes] = mapped_column()
    """X25519, derived from ``auth_req_id``: the person's share is sealed to it."""
    ends_at: Mapped[datetime] = mapped_column()
    grant_id: Mapped[GrantId | None] = mapped_column()
    token_epoch: Mapped[int | None] = mapped_column()
    share: Mapped[bytes | None] = mapped_column()
    """The person's share, sealed to ``public``."""
    wait: Mapped[int] = mapped_column()
    """Seconds that must lie between two polls now."""
    next_poll_at: Mapped[datetime | None] = mapped_column()
    announced_at: Mapped[datetime | None] = mapped_column()
    redeemed_at: Mapped[datetime | None] = mapped_column()


class Prompt(Guarded, Base):
    """A request for consent out of band, as it was put before a person, or kept from them (``withheld``)."""

    __tablename__ = "consent_prompts"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "request_hash"),
        sa.CheckConstraint("state IN ('waiting', 'approved', 'refused', 'reported', 'withheld')", name="state"),
        sa.CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="decided"),
        sa.CheckConstraint("(state = 'withheld') = (reason IS NOT NULL)", name="reason"),
        sa.Index(None, "person_id", "at"),
        {"info": {"shard": "person_id"}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "request_hash",
        "requester_id",
        "declaration_id",
        "at",
        "ends_at",
        "state",
        "decided_at",
        "reason",
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes] = mapped_column()
    requester_id: Mapped[RequesterId] = mapped_column()
    declaration_id: Mapped[DeclarationId] = mapped_column()
    at: Mapped[datetime] = mapped_column()
    ends_at: Mapped[datetime] = mapped_column()
    state: Mapped[str] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column()
    reason: Mapped[str | None] = mapped_column()


class PromptPace(Base):
    """How many hints a person made in the present hour; also the lock under which their prompts are counted."""

    __tablename__ = "prompt_paces"
    __table_args__ = ({"info": {"shard": "person_id"}},)

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column()
    hints: Mapped[int] = mapped_column()


class BackchannelPace(Base):
    """How many requests out of band a client started in the present hour; also the lock under which they are
    counted."""

    __tablename__ = "backchannel_paces"
    __table_args__ = ({"info": {"shard": "client_id"}},)

    client_id: Mapped[UUID] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column()
    asked: Mapped[int] = mapped_column()
