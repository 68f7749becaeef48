"""Organisations: members, roles, changes that two of them make; members among those who sign in.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"

_REALMS = "realm IN ('person', 'officer', 'regulator')"
_REALMS_WITH_MEMBERS = "realm IN ('person', 'officer', 'regulator', 'member')"


def upgrade() -> None:
    for table in ("credentials", "sign_ins"):
        op.add_column(table, sa.Column("belongs_to", sa.Uuid(), nullable=True))
    _replace_realms(_REALMS_WITH_MEMBERS)
    _create_members()
    _create_changes()
    op.create_index("ix_clients_requester_id", "clients", ["requester_id"])
    op.create_index(
        "ix_grants_in_force", "grants", ["requester_id", "id"], postgresql_where=sa.text("status = 'active'")
    )


def downgrade() -> None:
    op.drop_index("ix_grants_in_force", "grants")
    op.drop_index("ix_clients_requester_id", "clients")
    for table in ("organisation_changes", "member_invitations", "members", "organisations"):
        op.drop_table(table)
    op.execute("DELETE FROM sign_ins WHERE realm = 'member'")
    _replace_realms(_REALMS)
    for table in ("credentials", "sign_ins"):
        op.drop_column(table, "belongs_to")


def _replace_realms(condition: str) -> None:
    # 0002 gave the constraint a name with its prefix twice; from here on it has the one that the models give it.
    for name in ("ck_sign_ins_ck_sign_ins_realm", "ck_sign_ins_realm"):
        op.execute(f"ALTER TABLE sign_ins DROP CONSTRAINT IF EXISTS {name}")
    op.create_check_constraint(op.f("ck_sign_ins_realm"), "sign_ins", condition)


def _guard() -> list[sa.Column[object]]:
    return [
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
    ]


def _create_members() -> None:
    op.create_table(
        "organisations",
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("two_members", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        *_guard(),
        sa.PrimaryKeyConstraint("requester_id", name=op.f("pk_organisations")),
    )
    op.create_table(
        "members",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", JSONB(none_as_null=True), nullable=False),
        sa.Column("box_public", sa.LargeBinary(), nullable=False),
        sa.Column("signing_public", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.TIMESTAMP(timezone=True), nullable=False),
        *_guard(),
        sa.CheckConstraint("status IN ('active', 'suspended', 'left')", name=op.f("ck_members_status")),
        sa.CheckConstraint(
            "octet_length(box_public) = 32 AND octet_length(signing_public) = 32", name=op.f("ck_members_keys")
        ),
        sa.ForeignKeyConstraint(
            ["requester_id"], ["organisations.requester_id"], name=op.f("fk_members_requester_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
    )
    op.create_index("ix_members_requester_id", "members", ["requester_id"])
    op.create_table(
        "member_invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("roles", JSONB(none_as_null=True), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        *_guard(),
        sa.CheckConstraint(
            "status IN ('waiting', 'open', 'used', 'withdrawn')", name=op.f("ck_member_invitations_status")
        ),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_member_invitations_token_hash")),
        sa.CheckConstraint("(status = 'used') = (member_id IS NOT NULL)", name=op.f("ck_member_invitations_used")),
        sa.ForeignKeyConstraint(
            ["requester_id"],
            ["organisations.requester_id"],
            name=op.f("fk_member_invitations_requester_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_invitations")),
    )
    op.create_index("ix_member_invitations_requester_id", "member_invitations", ["requester_id"])


def _create_changes() -> None:
    op.create_table(
        "organisation_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=True),
        sa.Column("body", JSONB(none_as_null=True), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decision_signature", sa.LargeBinary(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        *_guard(),
        sa.CheckConstraint("status IN ('open', 'made', 'refused')", name=op.f("ck_organisation_changes_status")),
        sa.CheckConstraint("(status = 'open') = (decided_at IS NULL)", name=op.f("ck_organisation_changes_decided")),
        sa.CheckConstraint(
            "(decided_by IS NULL) = (decision_signature IS NULL)", name=op.f("ck_organisation_changes_signed")
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR status = 'refused' OR decided_by <> proposed_by",
            name=op.f("ck_organisation_changes_two"),
        ),
        sa.ForeignKeyConstraint(
            ["requester_id"],
            ["organisations.requester_id"],
            name=op.f("fk_organisation_changes_requester_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation_changes")),
    )
    op.create_index("ix_organisation_changes_requester_id_id", "organisation_changes", ["requester_id", "id"])
