"""Rows of the erasure room."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import APP, Base, Guarded
from vault.ids import PersonId

ASKED, CALLED_OFF, DONE = "asked", "called_off", "done"


class Erasure(Guarded, Base):
    """A person's wish that their vault be erased, signed by them. Of one person one is asked for at a time."""

    __tablename__ = "erasures"
    __table_args__ = (
        sa.CheckConstraint("state IN ('asked', 'called_off', 'done')", name="state"),
        sa.CheckConstraint("(state = 'asked') = (ended_at IS NULL)", name="ended"),
        sa.CheckConstraint("due_at > asked_at", name="due"),
        sa.Index("uq_erasures_asked", "person_id", unique=True, postgresql_where=sa.text("state = 'asked'")),
        sa.Index("ix_erasures_due", "due_at", postgresql_where=sa.text("state = 'asked'")),
        {"info": {"shard": "person_id", "grants": {APP: "SELECT, INSERT, UPDATE"}}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("asked_at", "due_at", "state", "ended_at", "signature")

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime] = mapped_column()
    due_at: Mapped[datetime] = mapped_column()
    """Until then it can be called off; from then on it is carried out, once nothing holds the vault."""
    state: Mapped[str] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()
    signature: Mapped[bytes] = mapped_column()
    """The person's, over whose vault, which wish and when it is due."""
