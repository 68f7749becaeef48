"""Limits of releases that all workers share: quotas of requesters, and how much of each period is leased.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "requester_quotas",
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("per_day", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("per_minute", sa.BigInteger(), nullable=True),
        sa.Column("slowed_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("slowed_reason", sa.Text(), nullable=True),
        sa.Column("proposed_per_day", sa.BigInteger(), nullable=True),
        sa.Column("proposed_reason", sa.Text(), nullable=True),
        sa.Column("proposed_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("per_day IS NULL OR per_day >= 0", name=op.f("ck_requester_quotas_per_day")),
        sa.CheckConstraint("(per_minute IS NULL) = (slowed_until IS NULL)", name=op.f("ck_requester_quotas_slowed")),
        sa.CheckConstraint(
            "(proposed_per_day IS NULL) = (proposed_by IS NULL)", name=op.f("ck_requester_quotas_proposed")
        ),
        sa.PrimaryKeyConstraint("requester_id", name=op.f("pk_requester_quotas")),
    )
    op.create_table(
        "quota_periods",
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("starts", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("leased", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('quota', 'rate')", name=op.f("ck_quota_periods_kind")),
        sa.CheckConstraint("leased >= 0", name=op.f("ck_quota_periods_leased")),
        sa.PrimaryKeyConstraint("requester_id", "kind", "starts", name=op.f("pk_quota_periods")),
    )


def downgrade() -> None:
    op.drop_table("quota_periods")
    op.drop_table("requester_quotas")
