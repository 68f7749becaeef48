"""Which made-up persons an organisation has. Says who counts; whose a person is stands in the person's own row."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import Base
from vault.ids import PersonId, RequesterId


class SandboxPersonRow(Base):
    """One of an organisation's places for test persons, numbered from 1: the primary key holds how many there are."""

    __tablename__ = "test_persons"
    __table_args__ = (
        sa.CheckConstraint("number BETWEEN 1 AND 5", name="number"),
        sa.ForeignKeyConstraint(["requester_id"], ["requesters.id"]),
        {"info": {"grants": {"vault_app": "SELECT, INSERT, UPDATE"}}},
    )

    requester_id: Mapped[RequesterId] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[PersonId] = mapped_column()
    made_at: Mapped[datetime] = mapped_column()
