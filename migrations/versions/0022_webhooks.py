"""Change events to requesters, deletion orders, standing approvals.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    _webhook_events()
    op.add_column("approvals", sa.Column("code", sa.Text(), nullable=True))
    _standing_approvals()
    _deletion_orders()
    _deletion_statements()
    _grant_retentions()


def _standing_approvals() -> None:
    op.create_table(
        "standing_approvals",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("record_digest", sa.LargeBinary(), nullable=False),
        sa.Column("permit_digest", sa.LargeBinary(), nullable=False),
        sa.Column("items", JSONB(none_as_null=True), nullable=False),
        sa.Column("ceiling", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("share", sa.LargeBinary(), nullable=True),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("ceiling >= 1 AND uses >= 0 AND uses <= ceiling", name=op.f("ck_standing_approvals_uses")),
        sa.CheckConstraint("expires_at > at", name=op.f("ck_standing_approvals_expires")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_standing_approvals_ended")),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_standing_approvals")),
    )
    op.create_index(op.f("ix_standing_approvals_person_id_grant_id"), "standing_approvals", ["person_id", "grant_id"])
    op.create_index(
        "ix_standing_approvals_share",
        "standing_approvals",
        ["expires_at"],
        postgresql_where=sa.text("share IS NOT NULL"),
    )


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


def _deletion_orders() -> None:
    op.create_table(
        "deletion_orders",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("ordered_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("kept_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("answered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "why IN ('withdrawn', 'erasure', 'regulator', 'retention')", name=op.f("ck_deletion_orders_why")
        ),
        sa.CheckConstraint("state IN ('open', 'answered')", name=op.f("ck_deletion_orders_state")),
        sa.CheckConstraint(
            "(state = 'answered') = (answered_at IS NOT NULL)", name=op.f("ck_deletion_orders_answered")
        ),
        sa.CheckConstraint("(answered_at IS NULL) = (outcome IS NULL)", name=op.f("ck_deletion_orders_outcome")),
        sa.CheckConstraint("outcome IN ('deleted', 'partly', 'kept')", name=op.f("ck_deletion_orders_outcomes")),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_deletion_orders")),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "uq_deletion_orders_open", "deletion_orders", ["person_id", "grant_id"], unique=True, postgresql_where=is_open
    )
    op.create_index("ix_deletion_orders_requester", "deletion_orders", ["requester_id", "id"])
    op.create_index("ix_deletion_orders_due", "deletion_orders", ["due_at"], postgresql_where=is_open)


def _deletion_statements() -> None:
    op.create_table(
        "deletion_statements",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id", "order_id"],
            ["deletion_orders.person_id", "deletion_orders.id"],
            name=op.f("fk_deletion_statements_person_id_order_id_deletion_orders"),
        ),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_deletion_statements")),
        sa.UniqueConstraint(
            "person_id", "order_id", "digest", name=op.f("uq_deletion_statements_person_id_order_id_digest")
        ),
    )


def _grant_retentions() -> None:
    """Of the grants there are, too: as their consents, which the persons signed, have it."""
    op.create_table(
        "grant_retentions",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "grant_id", name=op.f("pk_grant_retentions")),
    )
    op.create_index("ix_grant_retentions_due", "grant_retentions", ["due_at"])
    op.execute(
        """
        INSERT INTO grant_retentions (person_id, grant_id, due_at)
        SELECT person_id, id, COALESCE(withdrawn_at, expires_at) + make_interval(days =>
            (convert_from(record, 'UTF8')::jsonb #>> '{pii_processing,purposes,0,retention_period,days}')::int)
        FROM grants
        """
    )


def downgrade() -> None:
    op.drop_table("grant_retentions")
    op.drop_table("deletion_statements")
    op.drop_table("deletion_orders")
    op.drop_table("standing_approvals")
    op.drop_column("approvals", "code")
    op.drop_table("webhook_events")
