"""Sandboxes: one for each client, and the test persons of an organisation.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("persons", sa.Column("test_of", sa.Uuid(), nullable=True))
    op.create_unique_constraint(op.f("uq_clients_sandbox_of"), "clients", ["sandbox_of"])
    op.create_foreign_key(op.f("fk_clients_sandbox_of_clients"), "clients", "clients", ["sandbox_of"], ["id"])
    op.create_table(
        "test_persons",
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("number BETWEEN 1 AND 5", name=op.f("ck_test_persons_number")),
        sa.ForeignKeyConstraint(
            ["requester_id"], ["requesters.id"], name=op.f("fk_test_persons_requester_id_requesters")
        ),
        sa.PrimaryKeyConstraint("requester_id", "number", name=op.f("pk_test_persons")),
    )


def downgrade() -> None:
    op.drop_table("test_persons")
    op.drop_constraint(op.f("fk_clients_sandbox_of_clients"), "clients", type_="foreignkey")
    op.drop_constraint(op.f("uq_clients_sandbox_of"), "clients", type_="unique")
    op.drop_column("persons", "test_of")
