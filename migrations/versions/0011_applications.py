"""Applications: drafts, documents, versions of the bounds.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"

_STATUS = "status IN ('received', 'half_approved', 'approved', 'refused'{more})"
_DECIDED = "(status IN ('approved', 'refused'{more})) = (decided_at IS NOT NULL)"


def upgrade() -> None:
    _constrain(", 'withdrawn'")
    op.add_column("applications", sa.Column("requester_id", sa.Uuid(), nullable=True))
    op.add_column("declarations", sa.Column("bounds_version", sa.BigInteger(), nullable=True))
    _create_drafts()
    _create_bounds()


def downgrade() -> None:
    for table in ("bounds", "application_documents", "application_drafts"):
        op.drop_table(table)
    op.drop_column("declarations", "bounds_version")
    op.drop_column("applications", "requester_id")
    _constrain("")


def _constrain(more: str) -> None:
    for name, rule in (("status", _STATUS), ("decided", _DECIDED)):
        op.drop_constraint(op.f(f"ck_applications_{name}"), "applications")
        op.create_check_constraint(op.f(f"ck_applications_{name}"), "applications", rule.format(more=more))


def _create_drafts() -> None:
    op.create_table(
        "application_drafts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", JSONB(none_as_null=True), nullable=False),
        sa.Column("origin", sa.LargeBinary(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("lapses_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("bytes >= 0", name=op.f("ck_application_drafts_bytes")),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_application_drafts_token_hash")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_drafts")),
    )
    for column in ("origin", "lapses_at"):
        op.create_index(op.f(f"ix_application_drafts_{column}"), "application_drafts", [column], unique=False)
    op.create_table(
        "application_documents",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_application_documents_sha256")),
        sa.CheckConstraint("size > 0", name=op.f("ck_application_documents_size")),
        sa.PrimaryKeyConstraint("application_id", "id", name=op.f("pk_application_documents")),
        sa.UniqueConstraint("application_id", "sha256", name=op.f("uq_application_documents_application_id_sha256")),
    )


def _create_bounds() -> None:
    op.create_table(
        "bounds",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rules", JSONB(none_as_null=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("(status = 'proposed') = (decided_at IS NULL)", name=op.f("ck_bounds_decided")),
        sa.CheckConstraint("number > 1", name=op.f("ck_bounds_number")),
        sa.CheckConstraint("status IN ('proposed', 'adopted', 'refused')", name=op.f("ck_bounds_status")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_bounds")),
    )
