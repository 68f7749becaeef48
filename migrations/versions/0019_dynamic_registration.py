"""Clients that registered themselves with a software statement of the registry (RFC 7591, 7592).

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "client_registrations",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("statement", JSONB(none_as_null=True), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("registered_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_client_registrations_token_hash")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_client_registrations_client_id_clients")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client_registrations")),
        sa.UniqueConstraint("statement_id", name=op.f("uq_client_registrations_statement_id")),
    )


def downgrade() -> None:
    op.drop_table("client_registrations")
