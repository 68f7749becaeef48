"""The register of staff and the keys of the roles.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("realm", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("roles", JSONB(none_as_null=True), nullable=False),
        sa.Column("box_public", sa.LargeBinary(), nullable=False),
        sa.Column("signing_public", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.CheckConstraint("realm IN ('officer', 'regulator')", name="ck_staff_realm"),
        sa.CheckConstraint("status IN ('active', 'suspended', 'left')", name="ck_staff_status"),
        sa.CheckConstraint("octet_length(box_public) = 32 AND octet_length(signing_public) = 32", name="ck_staff_keys"),
    )
    op.create_table(
        "role_keys",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("role", "number", name="pk_role_keys"),
        sa.CheckConstraint("number >= 1", name="ck_role_keys_number"),
        sa.CheckConstraint("octet_length(public) = 32", name="ck_role_keys_public"),
    )
    op.create_table(
        "role_key_holders",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("role", "number", "staff_id", name="pk_role_key_holders"),
    )


def downgrade() -> None:
    for table in ("role_key_holders", "role_keys", "staff"):
        op.drop_table(table)
