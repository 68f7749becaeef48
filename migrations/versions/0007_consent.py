"""Consent: grants, their wraps, sealed section keys and counters.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    _create_grants()
    op.create_table(
        "grant_wraps",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("compartment", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("compartment IN ('general', 'sensitive')", name="ck_grant_wraps_compartment"),
        sa.PrimaryKeyConstraint("person_id", "grant_id", "compartment", name="pk_grant_wraps"),
    )
    op.create_table(
        "grant_parts",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("compartment", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("compartment IN ('general', 'sensitive')", name="ck_grant_parts_compartment"),
        sa.PrimaryKeyConstraint("person_id", "grant_id", "section", "compartment", "number", name="pk_grant_parts"),
    )
    op.create_table(
        "grant_uses",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("window_start", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("window_uses", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("uses >= 0 AND window_uses >= 0", name="ck_grant_uses_counts"),
        sa.PrimaryKeyConstraint("person_id", "grant_id", name="pk_grant_uses"),
    )
    for table in ("grant_wraps", "grant_parts", "grant_uses"):
        name = f"fk_{table}_person_id_grant_id_grants"
        op.create_foreign_key(name, table, "grants", ["person_id", "grant_id"], ["person_id", "id"])


def downgrade() -> None:
    for table in ("grant_uses", "grant_parts", "grant_wraps", "grants"):
        op.drop_table(table)


def _create_grants() -> None:
    op.create_table(
        "grants",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("declaration_number", sa.BigInteger(), nullable=False),
        sa.Column("items", postgresql.JSONB(), nullable=False),
        sa.Column("parts", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("token_epoch", sa.BigInteger(), nullable=False),
        sa.Column("given_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("max_uses", sa.BigInteger(), nullable=True),
        sa.Column("frequency", postgresql.JSONB(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("record_digest", sa.LargeBinary(), nullable=False),
        sa.Column("record_signature", sa.LargeBinary(), nullable=False),
        sa.Column("commitment_key", sa.LargeBinary(), nullable=False),
        sa.Column("general_public", sa.LargeBinary(), nullable=True),
        sa.Column("sensitive_public", sa.LargeBinary(), nullable=True),
        sa.Column("officer_share", sa.LargeBinary(), nullable=True),
        sa.Column("officer_key", sa.BigInteger(), nullable=True),
        sa.Column("approval_needed", sa.Boolean(), nullable=False),
        sa.Column("withdrawal_signature", sa.LargeBinary(), nullable=True),
        sa.Column("withdrawal_reason", sa.LargeBinary(), nullable=True),
        sa.Column("keys_replaced_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("status IN ('active', 'withdrawn')", name="ck_grants_status"),
        sa.CheckConstraint("(status = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="ck_grants_withdrawn"),
        sa.CheckConstraint("expires_at > given_at", name="ck_grants_expires"),
        sa.CheckConstraint("approval_needed = (sensitive_public IS NOT NULL)", name="ck_grants_approval"),
        sa.CheckConstraint("approval_needed = (officer_share IS NOT NULL)", name="ck_grants_officer_share"),
        sa.CheckConstraint("token_epoch >= 1", name="ck_grants_token_epoch"),
        sa.PrimaryKeyConstraint("person_id", "id", name="pk_grants"),
    )
