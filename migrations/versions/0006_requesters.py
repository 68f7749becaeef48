"""Requesters: applications and decisions, declarations, permits, clients.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _create_applications()
    _create_requesters()
    _create_permits()
    _create_clients()


def downgrade() -> None:
    for table in ("clients", "permits", "declarations", "requesters", "application_decisions", "applications"):
        op.drop_table(table)


def _create_applications() -> None:
    op.create_table(
        "applications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", JSONB(none_as_null=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("outcome", JSONB(none_as_null=True), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "(status IN ('approved', 'refused')) = (decided_at IS NOT NULL)", name=op.f("ck_applications_decided")
        ),
        sa.CheckConstraint(
            "status IN ('received', 'half_approved', 'approved', 'refused')", name=op.f("ck_applications_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
    )
    op.create_index(
        "ix_applications_open",
        "applications",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_table(
        "application_decisions",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("permit_signature", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("decision IN ('approve', 'refuse')", name=op.f("ck_application_decisions_decision")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_application_decisions_application_id_applications")
        ),
        sa.PrimaryKeyConstraint("application_id", "officer_id", name=op.f("pk_application_decisions")),
    )


def _create_requesters() -> None:
    op.create_table(
        "requesters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", JSONB(none_as_null=True), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("contact", JSONB(none_as_null=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("vetted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("valid_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "status IN ('applied', 'active', 'suspended', 'revoked', 'surrendered')", name=op.f("ck_requesters_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requesters")),
        sa.UniqueConstraint("uscc", name=op.f("uq_requesters_uscc")),
    )
    op.create_table(
        "declarations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("body", JSONB(none_as_null=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "status IN ('applied', 'active', 'suspended', 'revoked', 'surrendered')",
            name=op.f("ck_declarations_status"),
        ),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("ck_declarations_validity")),
        sa.ForeignKeyConstraint(
            ["requester_id"], ["requesters.id"], name=op.f("fk_declarations_requester_id_requesters")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declarations")),
        sa.UniqueConstraint("requester_id", "number", name=op.f("uq_declarations_requester_id_number")),
    )


def _create_permits() -> None:
    op.create_table(
        "permits",
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("declaration_digest", sa.LargeBinary(), nullable=False),
        sa.Column("signatures", JSONB(none_as_null=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("signed_until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "status IN ('applied', 'active', 'suspended', 'revoked', 'surrendered')", name=op.f("ck_permits_status")
        ),
        sa.CheckConstraint("valid_until <= signed_until", name=op.f("ck_permits_shortened")),
        sa.ForeignKeyConstraint(
            ["declaration_id"], ["declarations.id"], name=op.f("fk_permits_declaration_id_declarations")
        ),
        sa.PrimaryKeyConstraint("declaration_id", name=op.f("pk_permits")),
    )


def _create_clients() -> None:
    op.create_table(
        "clients",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        sa.Column("jwks", JSONB(none_as_null=True), nullable=False),
        sa.Column("redirect_uris", JSONB(none_as_null=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "status IN ('applied', 'active', 'suspended', 'revoked', 'surrendered')", name=op.f("ck_clients_status")
        ),
        sa.ForeignKeyConstraint(
            ["declaration_id"], ["declarations.id"], name=op.f("fk_clients_declaration_id_declarations")
        ),
        sa.ForeignKeyConstraint(["requester_id"], ["requesters.id"], name=op.f("fk_clients_requester_id_requesters")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
    )
