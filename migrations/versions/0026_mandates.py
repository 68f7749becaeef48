"""Mandates of regulators, exports, what is hidden and until when.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    _create_hidden()
    _create_index()
    _create_mandates()


def downgrade() -> None:
    for table in ("mandates", "ledger_postings", "ledger_blocks", "ledger_hidden"):
        op.drop_table(table)


def _create_hidden() -> None:
    op.create_table(
        "ledger_hidden",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_ledger_hidden")),
    )
    op.create_index(op.f("ix_ledger_hidden_until"), "ledger_hidden", ["until"])


def _create_index() -> None:
    op.create_table(
        "ledger_blocks",
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("postings", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "block", name=op.f("pk_ledger_blocks")),
    )
    op.create_table(
        "ledger_postings",
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("facet", sa.Text(collation="C"), nullable=False),
        sa.Column("value", sa.Text(collation="C"), nullable=False),
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bits", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "facet", "value", "block", name=op.f("pk_ledger_postings")),
    )
    # Of 2 kB at most: read with the row, not from beside it.
    op.execute("ALTER TABLE ledger_postings ALTER COLUMN bits SET STORAGE MAIN")


def _create_mandates() -> None:
    op.create_table(
        "mandates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regulator_id", sa.Uuid(), nullable=False),
        sa.Column("sectors", postgresql.JSONB(), nullable=True),
        sa.Column("regions", postgresql.JSONB(), nullable=True),
        sa.Column("powers", postgresql.JSONB(), nullable=False),
        sa.Column("valid_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.Uuid(), nullable=True),
        sa.Column("second", sa.Uuid(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("status IN ('proposed', 'in_force', 'declined', 'ended')", name=op.f("ck_mandates_status")),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("ck_mandates_validity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandates")),
    )
    op.create_index(
        "uq_mandates_in_force",
        "mandates",
        ["regulator_id"],
        unique=True,
        postgresql_where=sa.text("status = 'in_force'"),
    )
