"""Relay addresses in place of a contact.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "relay_addresses",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("key_version", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("by IN ('mail', 'call')", name=op.f("ck_relay_addresses_by")),
        sa.CheckConstraint("(closed_at IS NULL) = (sealed IS NOT NULL)", name=op.f("ck_relay_addresses_sealed")),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name=op.f("ck_relay_addresses_closed_by")),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_relay_addresses")),
    )
    op.create_index(op.f("ix_relay_addresses_person_id_grant_id"), "relay_addresses", ["person_id", "grant_id"])
    op.create_index(
        "ix_relay_addresses_open", "relay_addresses", ["ends_at"], postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_table(
        "relay_names",
        sa.Column("name_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("address_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("name_hash", name=op.f("pk_relay_names")),
    )
    op.create_table(
        "relay_messages",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address_id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("tried_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('sending', 'sent', 'failed', 'dropped')", name=op.f("ck_relay_messages_state")),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_relay_messages")),
        sa.UniqueConstraint(
            "person_id",
            "address_id",
            "idempotency_key",
            name=op.f("uq_relay_messages_person_id_address_id_idempotency_key"),
        ),
    )
    op.create_index("ix_relay_messages_at", "relay_messages", ["at"])


def downgrade() -> None:
    op.drop_table("relay_messages")
    op.drop_table("relay_names")
    op.drop_table("relay_addresses")
