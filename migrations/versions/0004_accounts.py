"""Persons, the index of their national ids, their notices.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "persons",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("box_public", sa.LargeBinary(), nullable=False),
        sa.Column("signing_public", sa.LargeBinary(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_persons"),
        sa.CheckConstraint("level IN ('claimed', 'checked')", name="ck_persons_level"),
        sa.CheckConstraint("status IN ('active', 'suspended', 'erased')", name="ck_persons_status"),
        sa.CheckConstraint(
            "octet_length(box_public) = 32 AND octet_length(signing_public) = 32", name="ck_persons_keys"
        ),
    )
    op.create_table(
        "national_ids",
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("ring_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("value", name="pk_national_ids"),
        sa.CheckConstraint("octet_length(value) = 32", name="ck_national_ids_value"),
    )
    op.create_table(
        "notices",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("params", JSONB(none_as_null=True), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("person_id", "id", name="pk_notices"),
    )
    op.create_index("ix_notices_person_id_at", "notices", ["person_id", "at"])


def downgrade() -> None:
    for table in ("notices", "national_ids", "persons"):
        op.drop_table(table)
