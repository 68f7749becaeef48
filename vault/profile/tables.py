"""Rows of the profile room. All belong to a person; none holds a readable value.

None carries a row MAC: keys and versions are signed by the person, which not even the running server can
forge, and attestations are bound by a MAC under a section key.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import APP, Base
from vault.ids import PersonId

_COMPARTMENT = "compartment IN ('general', 'sensitive')"


class SectionKey(Base):
    """One key of one part (section and compartment) of a person. ``number`` counts from 1; the newest is used for
    writing. Rows go away only by erasure, and ``sealed`` changes only by recovery."""

    __tablename__ = "section_keys"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "section", "compartment", "number"),
        sa.CheckConstraint(_COMPARTMENT, name="compartment"),
        sa.CheckConstraint("number >= 1", name="number"),
        {"info": {"shard": "person_id"}},
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    section: Mapped[str] = mapped_column()
    compartment: Mapped[str] = mapped_column()
    number: Mapped[int] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    """The key, sealed to the person's public half."""
    escrow: Mapped[bytes] = mapped_column()
    """The key, sealed to recovery-supervisor, and that sealed to recovery-registry."""
    escrow_registry: Mapped[int] = mapped_column()
    """Which role key of recovery-registry the outer seal is for."""
    escrow_supervisor: Mapped[int] = mapped_column()
    """Which role key of recovery-supervisor the inner seal is for."""
    signature: Mapped[bytes] = mapped_column()
    """The person's, over all of the above: nobody else can bring in a key they know."""
    made_at: Mapped[datetime] = mapped_column()


class SectionVersion(Base):
    """One version of one section; never changed, and gone only by erasure. ``number`` is the section's ETag."""

    __tablename__ = "section_versions"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "section", "number"),
        sa.CheckConstraint("number >= 1", name="number"),
        sa.CheckConstraint("(general IS NULL) = (general_key IS NULL)", name="general"),
        sa.CheckConstraint("(sensitive IS NULL) = (sensitive_key IS NULL)", name="sensitive"),
        {"info": {"shard": "person_id", "grants": {APP: "SELECT, INSERT, DELETE"}}},
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    section: Mapped[str] = mapped_column()
    number: Mapped[int] = mapped_column()
    general: Mapped[bytes | None] = mapped_column()
    sensitive: Mapped[bytes | None] = mapped_column()
    general_key: Mapped[int | None] = mapped_column()
    sensitive_key: Mapped[int | None] = mapped_column()
    digest: Mapped[bytes] = mapped_column()
    signature: Mapped[bytes] = mapped_column()
    written_at: Mapped[datetime] = mapped_column()


class Attestation(Base):
    """A source's answer about one field's value; never changed, and gone only by erasure. Holds for a value, not for a
    version: the MAC tells whether today's value is still the attested one. ``evidence`` is the source's signed answer,
    encrypted."""

    __tablename__ = "attestations"
    __table_args__ = (
        sa.Index("ix_attestations_person_id_section", "person_id", "section"),
        {"info": {"shard": "person_id", "grants": {APP: "SELECT, INSERT, DELETE"}}},
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    section: Mapped[str] = mapped_column()
    field: Mapped[str] = mapped_column()
    level: Mapped[str] = mapped_column()
    source: Mapped[str] = mapped_column()
    checked_at: Mapped[datetime] = mapped_column()
    key_number: Mapped[int] = mapped_column()
    """Which key of the field's part ``value_digest`` and ``evidence`` are made with."""
    value_digest: Mapped[bytes] = mapped_column()
    evidence: Mapped[bytes] = mapped_column()
