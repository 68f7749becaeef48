"""Rows of the auditors who may read what entries say. Global: not distributed."""

from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import APP, REGULATOR, Base, Guarded

_REGISTER: Final = {APP: "SELECT, INSERT, UPDATE", REGULATOR: "SELECT"}


class Auditor(Guarded, Base):
    """An outside auditor or mirror, known by a key of its own (Ed25519). Never deleted: entries name it."""

    __tablename__ = "ledger_auditors"
    __table_args__ = (
        sa.CheckConstraint("status IN ('active', 'ended')", name="status"),
        sa.CheckConstraint("octet_length(public) = 32", name="public_length"),
        {"info": {"grants": _REGISTER}},
    )
    guarded = ("name", "public", "status", "officers", "added_at")

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    public: Mapped[bytes]
    status: Mapped[str]
    officers: Mapped[list[str]]
    """Public ids of the two officers who let it in."""
    added_at: Mapped[datetime]
