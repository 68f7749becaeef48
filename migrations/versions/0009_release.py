"""Release: what was asked for and delivered, and the officers' approvals.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "releases",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("items", postgresql.JSONB(), nullable=False),
        sa.Column("versions", postgresql.JSONB(), nullable=False),
        sa.Column("commit_key", sa.LargeBinary(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'denied', 'delivered', 'refused')", name="ck_releases_state"
        ),
        sa.CheckConstraint("(state = 'refused') = (idempotency_key IS NULL)", name="ck_releases_repeatable"),
        sa.CheckConstraint("state <> 'delivered' OR commit_key IS NOT NULL", name="ck_releases_committed"),
        sa.PrimaryKeyConstraint("person_id", "id", name="pk_releases"),
        sa.UniqueConstraint(
            "person_id", "grant_id", "idempotency_key", name="uq_releases_person_id_grant_id_idempotency_key"
        ),
    )
    op.create_index("ix_releases_waiting", "releases", ["at"], postgresql_where=sa.text("state = 'waiting'"))
    op.create_table(
        "approvals",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("share", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("used_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("decision IN ('approve', 'deny')", name="ck_approvals_decision"),
        sa.PrimaryKeyConstraint("person_id", "id", name="pk_approvals"),
        sa.UniqueConstraint("person_id", "release_id", name="uq_approvals_person_id_release_id"),
    )


def downgrade() -> None:
    for table in ("approvals", "releases"):
        op.drop_table(table)
