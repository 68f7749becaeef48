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
    _create_references()
    _create_exports()


def downgrade() -> None:
    later = ("figure_counts", "export_parts", "export_progress", "exports")
    references = ("reference_guesses", "reference_orders", "person_references")
    for table in (*later, *references, "mandates", "ledger_postings", "ledger_blocks", "ledger_hidden"):
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


def _create_references() -> None:
    op.create_table(
        "person_references",
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("octet_length(value) = 32", name=op.f("ck_person_references_value")),
        sa.PrimaryKeyConstraint("value", name=op.f("pk_person_references")),
    )
    op.create_index(op.f("ix_person_references_person_id"), "person_references", ["person_id"])
    op.create_table(
        "reference_orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("hidden_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("filed_by", sa.Uuid(), nullable=False),
        sa.Column("filed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_reference_orders_confirmed")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_orders")),
    )
    op.create_table(
        "reference_guesses",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("wrong", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_reference_guesses")),
    )


def _create_exports() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("regulator_id", sa.Uuid(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("sieve", postgresql.JSONB(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("format IN ('csv', 'parquet', 'bundle')", name=op.f("ck_exports_format")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_index(op.f("ix_exports_regulator_id"), "exports", ["regulator_id", "id"])
    op.create_table(
        "export_progress",
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("parts", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("below", sa.BigInteger(), nullable=False),
        sa.Column("made", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("state IN ('running', 'done')", name=op.f("ck_export_progress_state")),
        sa.ForeignKeyConstraint(
            ["export_id"], ["exports.id"], name=op.f("fk_export_progress_export_id_exports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("export_id", name=op.f("pk_export_progress")),
    )
    op.create_table(
        "export_parts",
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"], ["exports.id"], name=op.f("fk_export_parts_export_id_exports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("export_id", "number", name=op.f("pk_export_parts")),
    )
    op.create_table(
        "figure_counts",
        sa.Column("hour", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "kind", "code", "requester_id", name=op.f("pk_figure_counts")),
    )
