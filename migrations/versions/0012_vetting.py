"""Vetting cases: checks, questions, appeals, renewal.

Decisions are about cases from here on: those of other kinds have ids that are no applications, so the foreign key goes.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    _create_cases()
    _create_checks()
    _create_questions()
    op.create_table(
        "vetting_work",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('case', 'watch')", name=op.f("ck_vetting_work_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vetting_work")),
    )
    op.create_index("ix_vetting_work_due_at", "vetting_work", ["due_at"])
    op.drop_constraint(
        op.f("fk_application_decisions_application_id_applications"), "application_decisions", type_="foreignkey"
    )


def downgrade() -> None:
    op.execute("DELETE FROM application_decisions WHERE application_id NOT IN (SELECT id FROM applications)")
    op.create_foreign_key(
        op.f("fk_application_decisions_application_id_applications"),
        "application_decisions",
        "applications",
        ["application_id"],
        ["id"],
    )
    for table in ("vetting_work", "case_questions", "case_checks", "vetting_cases"):
        op.drop_table(table)


def _create_cases() -> None:
    op.create_table(
        "vetting_cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=True),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("outcome", JSONB(none_as_null=True), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('application', 'appeal', 'renewal', 'reopened')", name=op.f("ck_vetting_cases_kind")
        ),
        sa.CheckConstraint(
            "status IN ('open', 'approved', 'refused', 'withdrawn')", name=op.f("ck_vetting_cases_status")
        ),
        sa.CheckConstraint("(status = 'open') = (decided_at IS NULL)", name=op.f("ck_vetting_cases_decided")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_vetting_cases_application_id_applications")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vetting_cases")),
    )
    for name in ("application_id", "requester_id", "opened_at"):
        op.create_index(f"ix_vetting_cases_{name}", "vetting_cases", [name])
    op.create_index(
        "uq_vetting_cases_appeal",
        "vetting_cases",
        ["application_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'appeal'"),
    )
    op.create_index(
        "uq_vetting_cases_open",
        "vetting_cases",
        ["requester_id", "kind"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL AND requester_id IS NOT NULL"),
    )


def _create_checks() -> None:
    op.create_table(
        "case_checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("run", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("reasons", JSONB(none_as_null=True), nullable=False),
        sa.Column("evidence", JSONB(none_as_null=True), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "result IN ('passed', 'failed', 'unavailable', 'exempt')", name=op.f("ck_case_checks_result")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["vetting_cases.id"], name=op.f("fk_case_checks_case_id_vetting_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_checks")),
    )
    op.create_index("ix_case_checks_case_id_id", "case_checks", ["case_id", "id"])


def _create_questions() -> None:
    op.create_table(
        "case_questions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_case_questions_answered")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["vetting_cases.id"], name=op.f("fk_case_questions_case_id_vetting_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_questions")),
    )
    op.create_index("ix_case_questions_case_id", "case_questions", ["case_id"])
