"""Rows of the room. No login name, address or password is in any of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import Base


class Credential(Base):
    """One way to unlock a holder's keys: the bundle wrapped under a key made from the credential.

    Needs no MAC: a row changed or moved to another holder does not open.
    """

    __tablename__ = "credentials"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('password')", name="kind"),
        {"info": {"shard": "holder_id"}},
    )

    holder_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    params: Mapped[dict[str, Any]]
    wrapped: Mapped[bytes]
    belongs_to: Mapped[UUID | None]
    """The organisation of a member, for entries; null for everybody else. Bound into ``wrapped``."""


class SignIn(Base):
    """One signed-in browser: the bundle wrapped under a key that only its cookie has.

    Realm, end, idle time and organisation are bound into ``wrapped``: prolonging a sign-in in SQL breaks it.
    """

    __tablename__ = "sign_ins"
    __table_args__ = (
        sa.CheckConstraint("realm IN ('person', 'officer', 'regulator', 'member')", name="realm"),
        sa.CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash"),
        sa.Index(None, "ends_at"),
        {"info": {"shard": "holder_id"}},
    )

    holder_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    realm: Mapped[str]
    secret_hash: Mapped[bytes]
    wrapped: Mapped[bytes]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    idle_seconds: Mapped[int]
    belongs_to: Mapped[UUID | None]


class LoginName(Base):
    """Global uniqueness of login names: one row per live version of the index key."""

    __tablename__ = "login_names"
    __table_args__ = (
        sa.CheckConstraint("octet_length(value) = 32", name="value"),
        sa.Index(None, "holder_id"),
        {"info": {"shard": "value"}},
    )

    value: Mapped[bytes] = mapped_column(primary_key=True)
    realm: Mapped[str]
    holder_id: Mapped[UUID]
    ring_version: Mapped[int]


class Throttle(Base):
    """A bucket of failed attempts, keyed by a MAC."""

    __tablename__ = "throttles"
    __table_args__ = (
        sa.Index(None, "at"),
        {"info": {"shard": "key"}},
    )

    key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    until: Mapped[datetime]
    at: Mapped[datetime]
