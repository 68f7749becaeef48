"""Rows of oversight: references to persons, orders of courts, exports, counters. None holds a value of a person."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import APP, REGULATOR, Base, Guarded
from vault.ids import PersonId, StaffId


class PersonReference(Guarded, Base):
    """What lets a regulator ask for the entries about one person, without knowing who: by its blind index only.

    ``person_id`` null: an order named somebody who has no vault; the answer is as empty as it would be anyway.
    """

    __tablename__ = "person_references"
    __table_args__ = (
        sa.CheckConstraint("octet_length(value) = 32", name="value"),
        sa.Index("ix_person_references_person_id", "person_id"),
        {"info": {"shard": "value", "grants": {APP: "SELECT, INSERT, UPDATE, DELETE"}}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("person_id", "order_id", "ends_at", "ended_at")

    value: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[PersonId | None] = mapped_column()
    order_id: Mapped[UUID | None] = mapped_column()
    """The court's order it came from; null: the person made it."""
    ends_at: Mapped[datetime] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()


class ReferenceOrder(Guarded, Base):
    """A court's order to look up one person's entries: filed by one regulator, confirmed by another."""

    __tablename__ = "reference_orders"
    __table_args__ = (
        sa.CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        {"info": {"grants": {APP: "SELECT, INSERT, UPDATE"}}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "instrument",
        "ground",
        "authority",
        "person_id",
        "hidden_until",
        "filed_by",
        "filed_at",
        "confirmed_by",
        "confirmed_at",
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    instrument: Mapped[str] = mapped_column()
    """The court's own number of the order."""
    ground: Mapped[str] = mapped_column()
    authority: Mapped[str] = mapped_column()
    person_id: Mapped[PersonId | None] = mapped_column()
    hidden_until: Mapped[datetime | None] = mapped_column()
    """Until when the person is not told; null: they are told at once."""
    filed_by: Mapped[StaffId] = mapped_column()
    filed_at: Mapped[datetime] = mapped_column()
    confirmed_by: Mapped[StaffId | None] = mapped_column()
    confirmed_at: Mapped[datetime | None] = mapped_column()


class ReferenceGuess(Base):
    """How many references a regulator named that are none, in the present hour."""

    __tablename__ = "reference_guesses"
    __table_args__ = ({"info": {"grants": {APP: "SELECT, INSERT, UPDATE"}}},)

    staff_id: Mapped[StaffId] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column()
    wrong: Mapped[int] = mapped_column()


class Export(Guarded, Base):
    """An export a regulator ordered: what of the ledger as it stood at ``size``. How far it came is outside the MAC."""

    __tablename__ = "exports"
    __table_args__ = (
        sa.CheckConstraint("format IN ('csv', 'parquet', 'bundle')", name="format"),
        sa.Index("ix_exports_regulator_id", "regulator_id", "id"),
        {"info": {"grants": {APP: "SELECT, INSERT, UPDATE, DELETE"}}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("regulator_id", "format", "sieve", "size", "total", "at", "ends_at")

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regulator_id: Mapped[StaffId] = mapped_column()
    format: Mapped[str] = mapped_column()
    sieve: Mapped[dict[str, Any]] = mapped_column()
    size: Mapped[int] = mapped_column()
    total: Mapped[int] = mapped_column()
    """Entries it will hold."""
    at: Mapped[datetime] = mapped_column()
    ends_at: Mapped[datetime] = mapped_column()


class ExportProgress(Base):
    """How far an export has come: entries and parts made, the next entry lies below ``below``."""

    __tablename__ = "export_progress"
    __table_args__ = (
        sa.ForeignKeyConstraint(["export_id"], ["exports.id"], ondelete="CASCADE"),
        sa.CheckConstraint("state IN ('running', 'done')", name="state"),
        {"info": {"grants": {APP: "SELECT, INSERT, UPDATE, DELETE"}}},
    )

    export_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column()
    entries: Mapped[int] = mapped_column()
    parts: Mapped[int] = mapped_column()
    length: Mapped[int] = mapped_column()
    below: Mapped[int] = mapped_column()
    made: Mapped[list[Any]] = mapped_column()
    """What the format must know of parts already made, to write its end."""


class ExportPart(Base):
    """A piece of an export's file: the file is all of them in order."""

    __tablename__ = "export_parts"
    __table_args__ = (
        sa.ForeignKeyConstraint(["export_id"], ["exports.id"], ondelete="CASCADE"),
        {"info": {"grants": {APP: "SELECT, INSERT, DELETE"}}},
    )

    export_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first: Mapped[int] = mapped_column()
    """The place of its first byte in the file."""
    content: Mapped[bytes] = mapped_column()


class FigureCount(Base):
    """How often something happened in an hour that the ledger does not say: stages of consent, latency. No contents."""

    __tablename__ = "figure_counts"
    __table_args__ = ({"info": {"grants": {APP: "SELECT, INSERT, UPDATE", REGULATOR: "SELECT"}}},)

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    requester_id: Mapped[UUID] = mapped_column(primary_key=True)
    """All zeros: of no requester in particular."""
    count: Mapped[int] = mapped_column()
