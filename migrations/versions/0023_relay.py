"""Relay addresses in place of a contact, and how a release was answered.

Revision ID: 0023
Revises: 0022
"""

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
