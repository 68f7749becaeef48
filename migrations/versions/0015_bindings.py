"""Tokens bound to a DPoP key or a certificate; options of clients.

Revision ID: 0015
Revises: 0014
"""

from alembic import op

revision = "0015"
down_revision = "0014"

_BOUND = ("pushed_requests", "codes", "refresh_tokens")


def upgrade() -> None:
    for table in _BOUND:
        op.alter_column(table, "dpop_jkt", new_column_name="bound_to")


def downgrade() -> None:
    for table in _BOUND:
        op.alter_column(table, "bound_to", new_column_name="dpop_jkt")
