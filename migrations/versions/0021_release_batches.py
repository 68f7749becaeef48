"""Batches of releases, and where each one stands.

Revision ID: 0021
Revises: 0020
"""

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
