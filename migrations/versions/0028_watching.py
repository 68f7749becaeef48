"""The watcher: how far it has read, what it counted, what it found.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "watch_marks",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("next_idx", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("next_idx >= 0", name=op.f("ck_watch_marks_next_idx")),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_watch_marks")),
    )
    op.create_table(
        "watch_hours",
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("hour", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("counts", JSONB(none_as_null=True), nullable=False),
        sa.Column("items", JSONB(none_as_null=True), nullable=False),
        sa.Column("granted", JSONB(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("requester_id", "hour", name=op.f("pk_watch_hours")),
    )
    op.create_index("ix_watch_hours_hour", "watch_hours", ["hour"])
    op.create_table(
        "watch_findings",
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("findings", JSONB(none_as_null=True), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("outcome IN ('noted', 'throttled', 'stopped')", name=op.f("ck_watch_findings_outcome")),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name=op.f("ck_watch_findings_closed")),
        sa.PrimaryKeyConstraint("requester_id", "id", name=op.f("pk_watch_findings")),
    )
    op.create_index("ix_watch_findings_requester_id_at", "watch_findings", ["requester_id", "at"])
    op.create_index("ix_watch_findings_open", "watch_findings", ["at"], postgresql_where=sa.text("closed_at IS NULL"))


def downgrade() -> None:
    op.drop_table("watch_findings")
    op.drop_table("watch_hours")
    op.drop_table("watch_marks")
