"""Rows of persons. No name, number or login is in any of them in a form that the registry can read."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import APP, Base, Guarded
from vault.ids import PersonId, RequesterId


class Person(Guarded, Base):
    """A person's public keys and standing. ``number``: their own national id, sealed to their own key. ``test_of``:
    null for everybody who exists; else the organisation whose sandboxes this made-up person is for. Never changed."""

    __tablename__ = "persons"
    __table_args__ = (
        sa.CheckConstraint("level IN ('claimed', 'checked')", name="level"),
        sa.CheckConstraint("status IN ('active', 'suspended', 'erased')", name="status"),
        sa.CheckConstraint("octet_length(box_public) = 32 AND octet_length(signing_public) = 32", name="keys"),
        {"info": {"shard": "person_id", "grants": {APP: "SELECT, INSERT, UPDATE"}}},
    )
    guarded = ("box_public", "signing_public", "level", "locale", "status", "number", "test_of")

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    box_public: Mapped[bytes]
    signing_public: Mapped[bytes]
    level: Mapped[str]
    locale: Mapped[str]
    status: Mapped[str]
    number: Mapped[bytes]
    test_of: Mapped[RequesterId | None]


class NationalId(Base):
    """Global uniqueness of national ids: one row per live version of the index key."""

    __tablename__ = "national_ids"
    __table_args__ = (
        sa.CheckConstraint("octet_length(value) = 32", name="value"),
        sa.Index(None, "person_id"),
        {"info": {"shard": "value"}},
    )

    value: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[PersonId]
    ring_version: Mapped[int]


class Notice(Base):
    """Something a person should know. ``params`` holds codes, counts and public ids, no value of anybody."""

    __tablename__ = "notices"
    __table_args__ = (
        sa.Index(None, "person_id", "at"),
        {"info": {"shard": "person_id"}},
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    params: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
