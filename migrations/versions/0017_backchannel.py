"""Consent out of band: hints, requests, messages to persons.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"

_TABLES = (
    "backchannel_paces",
    "prompt_paces",
    "consent_prompts",
    "backchannel_requests",
    "consent_hints",
    "notice_outbox",
    "notice_messages",
    "notice_addresses",
)


def upgrade() -> None:
    _create_addresses()
    _create_messages()
    _create_hints()
    _create_requests()
    _create_prompts()
    _create_paces()


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)


def _guard() -> list[sa.Column[object]]:
    return [
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
    ]


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.TIMESTAMP(timezone=True), nullable=nullable)


def _create_addresses() -> None:
    op.create_table(
        "notice_addresses",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _moment("at"),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        _moment("confirm_by", nullable=True),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        *_guard(),
        sa.CheckConstraint("kind IN ('mail')", name=op.f("ck_notice_addresses_kind")),
        sa.CheckConstraint("state IN ('pending', 'confirmed')", name=op.f("ck_notice_addresses_state")),
        sa.CheckConstraint("(state = 'pending') = (code_hash IS NOT NULL)", name=op.f("ck_notice_addresses_code")),
        sa.CheckConstraint(
            "(state = 'pending') = (confirm_by IS NOT NULL)", name=op.f("ck_notice_addresses_confirm_by")
        ),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_notice_addresses")),
        sa.UniqueConstraint("person_id", "state", name=op.f("uq_notice_addresses_person_id_state")),
    )


def _create_messages() -> None:
    op.create_table(
        "notice_messages",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _moment("at"),
        _moment("due_at"),
        _moment("ends_at"),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'dropped')", name=op.f("ck_notice_messages_state")),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_notice_messages")),
    )
    op.create_index(op.f("ix_notice_messages_person_id_at"), "notice_messages", ["person_id", "at"], unique=False)
    op.create_index(
        "ix_notice_messages_due_at",
        "notice_messages",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "notice_outbox",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _moment("at"),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_notice_outbox")),
    )
    op.create_index(op.f("ix_notice_outbox_person_id_at"), "notice_outbox", ["person_id", "at"], unique=False)


def _create_hints() -> None:
    op.create_table(
        "consent_hints",
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        _moment("ends_at"),
        _moment("used_at", nullable=True),
        *_guard(),
        sa.CheckConstraint("octet_length(value) = 32", name=op.f("ck_consent_hints_value")),
        sa.PrimaryKeyConstraint("value", name=op.f("pk_consent_hints")),
    )
    op.create_index("ix_consent_hints_ends_at", "consent_hints", ["ends_at"], unique=False)


def _create_requests() -> None:
    op.create_table(
        "backchannel_requests",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("body", JSONB(none_as_null=True), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("bound_to", sa.Text(), nullable=True),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        _moment("ends_at"),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("token_epoch", sa.BigInteger(), nullable=True),
        sa.Column("share", sa.LargeBinary(), nullable=True),
        sa.Column("wait", sa.BigInteger(), nullable=False),
        _moment("next_poll_at", nullable=True),
        _moment("announced_at", nullable=True),
        _moment("redeemed_at", nullable=True),
        *_guard(),
        sa.CheckConstraint(
            "octet_length(hash) = 32 AND octet_length(public) = 32", name=op.f("ck_backchannel_requests_lengths")
        ),
        sa.CheckConstraint("(grant_id IS NULL) = (share IS NULL)", name=op.f("ck_backchannel_requests_approved")),
        sa.CheckConstraint("(grant_id IS NULL) = (token_epoch IS NULL)", name=op.f("ck_backchannel_requests_epoch")),
        sa.CheckConstraint("wait BETWEEN 1 AND 60", name=op.f("ck_backchannel_requests_wait")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_backchannel_requests")),
    )
    op.create_index("ix_backchannel_requests_ends_at", "backchannel_requests", ["ends_at"], unique=False)
    op.create_index(
        op.f("ix_backchannel_requests_client_id_ends_at"),
        "backchannel_requests",
        ["client_id", "ends_at"],
        unique=False,
    )
    op.create_index(
        "ix_backchannel_requests_announced_at",
        "backchannel_requests",
        ["ends_at"],
        unique=False,
        postgresql_where=sa.text("announced_at IS NULL AND person_id IS NOT NULL"),
    )


def _create_prompts() -> None:
    op.create_table(
        "consent_prompts",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("declaration_id", sa.Uuid(), nullable=False),
        _moment("at"),
        _moment("ends_at"),
        sa.Column("state", sa.Text(), nullable=False),
        _moment("decided_at", nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        *_guard(),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'refused', 'reported', 'withheld')",
            name=op.f("ck_consent_prompts_state"),
        ),
        sa.CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name=op.f("ck_consent_prompts_decided")),
        sa.CheckConstraint("(state = 'withheld') = (reason IS NOT NULL)", name=op.f("ck_consent_prompts_reason")),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_consent_prompts")),
        sa.UniqueConstraint("person_id", "request_hash", name=op.f("uq_consent_prompts_person_id_request_hash")),
    )
    op.create_index(op.f("ix_consent_prompts_person_id_at"), "consent_prompts", ["person_id", "at"], unique=False)


def _create_paces() -> None:
    op.create_table(
        "prompt_paces",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        _moment("since"),
        sa.Column("hints", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_prompt_paces")),
    )
    op.create_table(
        "backchannel_paces",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        _moment("since"),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_backchannel_paces")),
    )
