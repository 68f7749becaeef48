"""Rows of lawful access. An order is global: before two have signed it, nobody may learn whether it has a vault."""

from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import APP, Base, Guarded
from vault.ids import EntryId, PersonId, StaffId

_KEPT: Final = {APP: "SELECT, INSERT, UPDATE"}
_SHARES: Final = {APP: "SELECT, INSERT, DELETE"}


class LawfulOrderRow(Guarded, Base):
    """One order: what the instrument says, who proposed it, who signed beside them, and what became of it.

    ``subject``: the blind index of the number that the instrument names, by ring version; ``person_id`` is found only
    when the second signs. ``document`` is sealed to both roles, and to nobody else.
    """

    __tablename__ = "lawful_orders"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('court', 'emergency')", name="kind"),
        sa.CheckConstraint("state IN ('proposed', 'in_force', 'refused', 'ended')", name="state"),
        sa.CheckConstraint("octet_length(recipient_public) = 32", name="recipient"),
        sa.CheckConstraint("used >= 0 AND used <= openings", name="used"),
        sa.CheckConstraint("officer_id IS NOT NULL OR regulator_id IS NOT NULL", name="signer"),
        sa.CheckConstraint(
            "state NOT IN ('in_force', 'ended') OR (officer_id IS NOT NULL AND regulator_id IS NOT NULL)", name="two"
        ),
        sa.CheckConstraint("state NOT IN ('in_force', 'ended') OR person_id IS NOT NULL", name="person"),
        sa.Index("ix_lawful_orders_reveal_at", "reveal_at", postgresql_where=sa.text("told_at IS NULL")),
        {"info": {"grants": _KEPT}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "kind",
        "basis",
        "authority",
        "number",
        "issued_on",
        "document_digest",
        "recipient_name",
        "recipient_public",
        "items",
        "subject",
        "valid_until",
        "openings",
        "reveal_at",
        "state",
        "proposed_by",
        "at",
        "lapses_at",
        "officer_id",
        "officer_signature",
        "regulator_id",
        "regulator_signature",
        "decided_at",
        "person_id",
        "used",
        "court_due_at",
        "court_number",
        "court_digest",
        "court_named_by",
        "court_confirmed_at",
        "told_at",
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column()
    basis: Mapped[str] = mapped_column()
    authority: Mapped[str] = mapped_column()
    number: Mapped[str] = mapped_column()
    issued_on: Mapped[str] = mapped_column()
    document_digest: Mapped[bytes] = mapped_column()
    document: Mapped[bytes] = mapped_column()
    document_keys: Mapped[dict[str, Any]] = mapped_column()
    """{role: the document's key sealed to that role's key, base64url}, and {"numbers": {role: which key}}."""
    recipient_name: Mapped[str] = mapped_column()
    recipient_public: Mapped[bytes] = mapped_column()
    items: Mapped[list[dict[str, Any]]] = mapped_column()
    """[{"item", "form"}]."""
    subject: Mapped[dict[str, Any]] = mapped_column()
    valid_until: Mapped[datetime] = mapped_column()
    openings: Mapped[int] = mapped_column()
    reveal_at: Mapped[datetime] = mapped_column()
    state: Mapped[str] = mapped_column()
    proposed_by: Mapped[StaffId] = mapped_column()
    at: Mapped[datetime] = mapped_column()
    lapses_at: Mapped[datetime] = mapped_column()
    officer_id: Mapped[StaffId | None] = mapped_column()
    officer_signature: Mapped[bytes | None] = mapped_column()
    regulator_id: Mapped[StaffId | None] = mapped_column()
    regulator_signature: Mapped[bytes | None] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column()
    person_id: Mapped[PersonId | None] = mapped_column()
    used: Mapped[int] = mapped_column()
    court_due_at: Mapped[datetime | None] = mapped_column()
    """Of an emergency: by when a court must have confirmed it."""
    court_number: Mapped[str | None] = mapped_column()
    court_digest: Mapped[bytes | None] = mapped_column()
    court_named_by: Mapped[StaffId | None] = mapped_column()
    court_confirmed_at: Mapped[datetime | None] = mapped_column()
    told_at: Mapped[datetime | None] = mapped_column()
    """When the person was told, on the day or after."""


class LawfulOpening(Guarded, Base):
    """One opening under an order. ``versions``: {section: number}, pinned when it began; ``content``: the file, sealed
    to the recipient, held by its digest."""

    __tablename__ = "lawful_openings"
    __table_args__ = (
        sa.CheckConstraint("state IN ('peeled', 'opened')", name="state"),
        sa.CheckConstraint("(state = 'opened') = (content_digest IS NOT NULL)", name="content"),
        sa.Index("ix_lawful_openings_order_id", "order_id", "id"),
        {"info": {"shard": "person_id", "grants": _KEPT}},
    )
    guarded: ClassVar[tuple[str, ...]] = (
        "order_id",
        "state",
        "versions",
        "peeled_by",
        "at",
        "expires_at",
        "opened_at",
        "content_digest",
        "entry_id",
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column()
    state: Mapped[str] = mapped_column()
    versions: Mapped[dict[str, Any]] = mapped_column()
    peeled_by: Mapped[StaffId] = mapped_column()
    at: Mapped[datetime] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    opened_at: Mapped[datetime | None] = mapped_column()
    content: Mapped[bytes | None] = mapped_column()
    content_digest: Mapped[bytes | None] = mapped_column()
    entry_id: Mapped[EntryId | None] = mapped_column()


class LawfulShare(Base):
    """A section key with its outer layer off, sealed to the regulator who goes on: opens with their own key and the
    supervisor's role key, both. Its place is sealed in with it. Deleted when it is used, or too late."""

    __tablename__ = "lawful_shares"
    __table_args__ = (
        sa.CheckConstraint("compartment IN ('general', 'sensitive')", name="compartment"),
        {"info": {"shard": "person_id", "grants": _SHARES}},
    )

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    opening_id: Mapped[UUID] = mapped_column(primary_key=True)
    section: Mapped[str] = mapped_column(primary_key=True)
    compartment: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    supervisor: Mapped[int] = mapped_column()
    """Which role key of recovery-supervisor the inner box is for."""
    sealed: Mapped[bytes] = mapped_column()
