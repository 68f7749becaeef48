"""Grants that are merged or replaced; token status; resource servers.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"

_OF_GRANTS = (
    ("share_number", sa.BigInteger()),
    ("first_given_at", sa.TIMESTAMP(timezone=True)),
    ("ended_by", sa.Text()),
    ("status_list", sa.Uuid()),
    ("status_index", sa.BigInteger()),
    ("notice", sa.LargeBinary()),
)


def upgrade() -> None:
    for name, kind in _OF_GRANTS:
        op.add_column("grants", sa.Column(name, kind, nullable=True))
    op.create_index("ix_grants_id", "grants", ["id"], unique=False)
    op.add_column("refresh_tokens", sa.Column("share_number", sa.BigInteger(), nullable=True))
    _create_versions()
    _create_status_lists()
    _create_resource_servers()


def downgrade() -> None:
    for table in ("resource_servers", "status_entries", "status_lists", "grant_versions"):
        op.drop_table(table)
    op.drop_column("refresh_tokens", "share_number")
    op.drop_index("ix_grants_id", "grants")
    for name, _ in reversed(_OF_GRANTS):
        op.drop_column("grants", name)


def _create_versions() -> None:
    op.create_table(
        "grant_versions",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("record_digest", sa.LargeBinary(), nullable=False),
        sa.Column("record_signature", sa.LargeBinary(), nullable=False),
        sa.Column("notice", sa.LargeBinary(), nullable=True),
        sa.Column("given_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("number >= 1", name="ck_grant_versions_number"),
        sa.CheckConstraint("how IN ('merge', 'replace')", name="ck_grant_versions_how"),
        sa.PrimaryKeyConstraint("person_id", "grant_id", "number", name="pk_grant_versions"),
    )
    op.create_foreign_key(
        "fk_grant_versions_person_id_grant_id_grants",
        "grant_versions",
        "grants",
        ["person_id", "grant_id"],
        ["person_id", "id"],
    )


def _create_status_lists() -> None:
    op.create_table(
        "status_lists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("octet_length(seed) = 32", name="ck_status_lists_seed"),
        sa.PrimaryKeyConstraint("id", name="pk_status_lists"),
    )
    op.create_table(
        "status_entries",
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("idx >= 0", name="ck_status_entries_idx"),
        sa.CheckConstraint("value IN (0, 1)", name="ck_status_entries_value"),
        sa.PrimaryKeyConstraint("list_id", "idx", name="pk_status_entries"),
    )


def _create_resource_servers() -> None:
    op.create_table(
        "resource_servers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("jwks", JSONB(none_as_null=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("officers", JSONB(none_as_null=True), nullable=False),
        sa.Column("added_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("status IN ('active', 'ended')", name="ck_resource_servers_status"),
        sa.PrimaryKeyConstraint("id", name="pk_resource_servers"),
    )
