"""Powers of regulators, and access that the law orders.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

_MOMENT = sa.TIMESTAMP(timezone=True)
_ACTS = "act IN ('suspend', 'restore', 'revoke', 'surrender', 'shorten'{})"


def upgrade() -> None:
    _let_grants_be_suspended()


def downgrade() -> None:
    _let_grants_be_active()


def _let_grants_be_suspended() -> None:
    for table in ("grants", "status_entries"):
        op.add_column(table, sa.Column("suspended_until", _MOMENT, nullable=True))
    _replace("ck_grants_status", "grants", "status IN ('active', 'suspended', 'withdrawn')")
    op.create_check_constraint(
        op.f("ck_grants_suspended_until"), "grants", "suspended_until IS NULL OR status = 'suspended'"
    )
    op.create_index(
        "ix_grants_lapsing", "grants", ["suspended_until"], postgresql_where=sa.text("status = 'suspended'")
    )
    _replace("ck_status_entries_value", "status_entries", "value IN (0, 1, 2)")


def _let_grants_be_active() -> None:
    _replace("ck_status_entries_value", "status_entries", "value IN (0, 1)")
    op.drop_index("ix_grants_lapsing", "grants")
    op.drop_constraint(op.f("ck_grants_suspended_until"), "grants")
    _replace("ck_grants_status", "grants", "status IN ('active', 'withdrawn')")
    for table in ("status_entries", "grants"):
        op.drop_column(table, "suspended_until")


def _replace(name: str, table: str, law: str) -> None:
    """Under either of the names it may have: the naming convention was applied twice where ``op.f`` was missing."""
    for called in (name, f"ck_{table}_{name}"):
        op.execute(f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS "{called}"')
    op.create_check_constraint(op.f(name), table, law)
