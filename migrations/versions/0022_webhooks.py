"""Change events to requesters, deletion orders, standing approvals.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    _webhook_events()


def _webhook_events() -> None:
    op.create_table(
        "webhook_events",
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("release_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("delete_by", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("tried_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "type IN ('section.changed', 'grant.changed', 'grant.withdrawn', 'approval.decided', "
            "'deletion.ordered', 'test')",
            name=op.f("ck_webhook_events_type"),
        ),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'kept', 'dead')", name=op.f("ck_webhook_events_state")),
        sa.CheckConstraint("(type = 'test') = (grant_id IS NULL)", name=op.f("ck_webhook_events_subject")),
        sa.PrimaryKeyConstraint("requester_id", "id", name=op.f("pk_webhook_events")),
    )
    op.create_index(
        "ix_webhook_events_due_at", "webhook_events", ["due_at"], postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_index(
        "ix_webhook_events_unsent",
        "webhook_events",
        ["requester_id", "grant_id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_table("webhook_events")
