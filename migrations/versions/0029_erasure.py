"""Erasure: a person's wish that their vault be destroyed, and what finds its rows where they are keyed by a value.

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("state IN ('asked', 'called_off', 'done')", name=op.f("ck_erasures_state")),
        sa.CheckConstraint("(state = 'asked') = (ended_at IS NULL)", name=op.f("ck_erasures_ended")),
        sa.CheckConstraint("due_at > asked_at", name=op.f("ck_erasures_due")),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_erasures")),
    )
    asked = sa.text("state = 'asked'")
    op.create_index("uq_erasures_asked", "erasures", ["person_id"], unique=True, postgresql_where=asked)
    op.create_index("ix_erasures_due", "erasures", ["due_at"], postgresql_where=asked)
    op.create_index("ix_login_names_holder_id", "login_names", ["holder_id"])
    op.create_index("ix_national_ids_person_id", "national_ids", ["person_id"])
    op.create_index("ix_relay_names_person_id", "relay_names", ["person_id"])


def downgrade() -> None:
    op.drop_index("ix_relay_names_person_id", "relay_names")
    op.drop_index("ix_national_ids_person_id", "national_ids")
    op.drop_index("ix_login_names_holder_id", "login_names")
    op.drop_table("erasures")
