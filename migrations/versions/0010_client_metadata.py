"""Clients: their other metadata, times of their keys, sandboxes.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("clients", sa.Column("registration", JSONB(none_as_null=True), nullable=True))
    op.add_column("clients", sa.Column("key_times", JSONB(none_as_null=True), nullable=True))
    op.add_column("clients", sa.Column("sandbox_of", sa.Uuid(), nullable=True))


def downgrade() -> None:
    for column in ("sandbox_of", "key_times", "registration"):
        op.drop_column("clients", column)
