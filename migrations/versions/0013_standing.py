"""Standing: suspensions that lapse, measures with their reasons, what the public register is searched by.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_LIFTED = "suspended_until IS NULL OR status = 'suspended'"


def upgrade() -> None:
    for table in ("requesters", "declarations"):
        op.add_column(table, sa.Column("suspended_until", sa.TIMESTAMP(timezone=True), nullable=True))
        op.create_check_constraint(op.f(f"ck_{table}_suspended_until"), table, _LIFTED)
    op.create_index("ix_requesters_status", "requesters", ["status", "id"])
    op.create_index(
        "ix_declarations_body",
        "declarations",
        ["body"],
        postgresql_using="gin",
        postgresql_ops={"body": "jsonb_path_ops"},
    )
    _create_measures()


def downgrade() -> None:
    op.drop_table("measures")
    op.drop_index("ix_declarations_body", "declarations")
    op.drop_index("ix_requesters_status", "requesters")
    for table in ("declarations", "requesters"):
        op.drop_constraint(op.f(f"ck_{table}_suspended_until"), table)
        op.drop_column(table, "suspended_until")


def _create_measures() -> None:
    op.create_table(
        "measures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("declaration_id", sa.Uuid(), nullable=True),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("lapses_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("second_id", sa.Uuid(), nullable=True),
        sa.Column("second_reason", sa.Text(), nullable=True),
        sa.Column("second_signature", sa.LargeBinary(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "act IN ('suspend', 'restore', 'revoke', 'surrender', 'shorten')", name=op.f("ck_measures_act")
        ),
        sa.CheckConstraint("state IN ('proposed', 'done', 'refused')", name=op.f("ck_measures_state")),
        sa.CheckConstraint("(act = 'shorten') = (until IS NOT NULL)", name=op.f("ck_measures_until")),
        sa.ForeignKeyConstraint(["requester_id"], ["requesters.id"], name=op.f("fk_measures_requester_id_requesters")),
        sa.ForeignKeyConstraint(
            ["declaration_id"], ["declarations.id"], name=op.f("fk_measures_declaration_id_declarations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measures")),
    )
    op.create_index("ix_measures_requester", "measures", ["requester_id", "id"])
