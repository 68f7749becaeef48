"""Profile: section keys, section versions, attestations.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "section_keys",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("compartment", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("escrow", sa.LargeBinary(), nullable=False),
        sa.Column("escrow_registry", sa.BigInteger(), nullable=False),
        sa.Column("escrow_supervisor", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("compartment IN ('general', 'sensitive')", name="ck_section_keys_compartment"),
        sa.CheckConstraint("number >= 1", name="ck_section_keys_number"),
        sa.PrimaryKeyConstraint("person_id", "id", name="pk_section_keys"),
        sa.UniqueConstraint(
            "person_id",
            "section",
            "compartment",
            "number",
            name="uq_section_keys_person_id_section_compartment_number",
        ),
    )
    op.create_table(
        "section_versions",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("general", sa.LargeBinary(), nullable=True),
        sa.Column("sensitive", sa.LargeBinary(), nullable=True),
        sa.Column("general_key", sa.BigInteger(), nullable=True),
        sa.Column("sensitive_key", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("number >= 1", name="ck_section_versions_number"),
        sa.CheckConstraint("(general IS NULL) = (general_key IS NULL)", name="ck_section_versions_general"),
        sa.CheckConstraint("(sensitive IS NULL) = (sensitive_key IS NULL)", name="ck_section_versions_sensitive"),
        sa.PrimaryKeyConstraint("person_id", "id", name="pk_section_versions"),
        sa.UniqueConstraint("person_id", "section", "number", name="uq_section_versions_person_id_section_number"),
    )
    op.create_table(
        "attestations",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("checked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("key_number", sa.BigInteger(), nullable=False),
        sa.Column("value_digest", sa.LargeBinary(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "id", name="pk_attestations"),
    )
    op.create_index("ix_attestations_person_id_section", "attestations", ["person_id", "section"])


def downgrade() -> None:
    for table in ("attestations", "section_versions", "section_keys"):
        op.drop_table(table)
