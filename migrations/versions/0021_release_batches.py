"""Batches of releases, and what was told of their lines.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "release_batches",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=True),
        sa.Column("held_until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(body_digest) = 32", name=op.f("ck_release_batches_body_digest")),
        sa.PrimaryKeyConstraint("client_id", "idempotency_key", name=op.f("pk_release_batches")),
        sa.UniqueConstraint("id", name=op.f("uq_release_batches_id")),
    )
    op.create_index("ix_release_batches_expires_at", "release_batches", ["expires_at"])
    op.create_table(
        "release_batch_lines",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("told", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "line", name=op.f("pk_release_batch_lines")),
    )


def downgrade() -> None:
    op.drop_table("release_batch_lines")
    op.drop_table("release_batches")
