"""Signing in: credentials, sign-ins, login names, throttles.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "credentials",
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("params", JSONB(none_as_null=True), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("holder_id", "id", name="pk_credentials"),
        sa.CheckConstraint("kind IN ('password')", name="ck_credentials_kind"),
    )
    op.create_table(
        "sign_ins",
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("realm", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("idle_seconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("holder_id", "id", name="pk_sign_ins"),
        sa.CheckConstraint("realm IN ('person', 'officer', 'regulator')", name="ck_sign_ins_realm"),
        sa.CheckConstraint("octet_length(secret_hash) = 32", name="ck_sign_ins_secret_hash"),
    )
    op.create_index("ix_sign_ins_ends_at", "sign_ins", ["ends_at"])
    op.create_table(
        "login_names",
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("realm", sa.Text(), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("ring_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("value", name="pk_login_names"),
        sa.CheckConstraint("octet_length(value) = 32", name="ck_login_names_value"),
    )
    op.create_table(
        "throttles",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_throttles"),
    )
    op.create_index("ix_throttles_at", "throttles", ["at"])


def downgrade() -> None:
    for table in ("throttles", "login_names", "sign_ins", "credentials"):
        op.drop_table(table)
