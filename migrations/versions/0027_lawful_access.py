"""Powers of regulators, and access that the law orders.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0027"
down_revision = "0026"

_MOMENT = sa.TIMESTAMP(timezone=True)
_ACTS = "act IN ('suspend', 'restore', 'revoke', 'surrender', 'shorten'{})"


def upgrade() -> None:
    _let_grants_be_suspended()
    _let_declarations_be_narrowed()
    _create_orders()
    _create_cases()
    _create_lawful()


def downgrade() -> None:
    for table in ("lawful_shares", "lawful_openings", "lawful_orders", "inquiry_evidence", "inquiries", "power_orders"):
        op.drop_table(table)
    _keep_declarations_whole()
    _let_grants_be_active()


def _let_grants_be_suspended() -> None:
    for table in ("grants", "status_entries"):
        op.add_column(table, sa.Column("suspended_until", _MOMENT, nullable=True))
    _replace("ck_grants_status", "grants", "status IN ('active', 'suspended', 'withdrawn')")
    op.create_check_constraint(
        op.f("ck_grants_suspended_until"), "grants", "suspended_until IS NULL OR status = 'suspended'"
    )
    op.create_index(
        "ix_grants_lapsing", "grants", ["suspended_until"], postgresql_where=sa.text("status = 'suspended'")
    )
    _replace("ck_status_entries_value", "status_entries", "value IN (0, 1, 2)")


def _let_grants_be_active() -> None:
    _replace("ck_status_entries_value", "status_entries", "value IN (0, 1)")
    op.drop_index("ix_grants_lapsing", "grants")
    op.drop_constraint(op.f("ck_grants_suspended_until"), "grants")
    _replace("ck_grants_status", "grants", "status IN ('active', 'withdrawn')")
    for table in ("status_entries", "grants"):
        op.drop_column(table, "suspended_until")


def _let_declarations_be_narrowed() -> None:
    op.add_column("declarations", sa.Column("narrowed", JSONB(none_as_null=True), nullable=True))
    op.add_column("measures", sa.Column("cut", JSONB(none_as_null=True), nullable=True))
    _replace("ck_measures_act", "measures", _ACTS.format(", 'narrow'"))
    op.create_check_constraint(op.f("ck_measures_cut"), "measures", "(act = 'narrow') = (cut IS NOT NULL)")


def _keep_declarations_whole() -> None:
    op.drop_constraint(op.f("ck_measures_cut"), "measures")
    op.execute("DELETE FROM measures WHERE act = 'narrow'")
    _replace("ck_measures_act", "measures", _ACTS.format(""))
    op.drop_column("measures", "cut")
    op.drop_column("declarations", "narrowed")


def _create_orders() -> None:
    op.create_table(
        "power_orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("is_urgent", sa.Boolean(), nullable=False),
        sa.Column("cut", JSONB(none_as_null=True), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("inquiry_id", sa.Uuid(), nullable=True),
        sa.Column("measure_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("lapses_at", _MOMENT, nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=True),
        sa.Column("second_reason", sa.Text(), nullable=True),
        sa.Column("second_signature", sa.LargeBinary(), nullable=True),
        sa.Column("decided_at", _MOMENT, nullable=True),
        *_guarded(),
        _law("power_orders", "act", "act IN ('suspend', 'lift', 'narrow', 'order_deletion')"),
        _law("power_orders", "target_kind", "target_kind IN ('requester', 'declaration', 'grant')"),
        _law("power_orders", "state", "state IN ('proposed', 'done', 'refused')"),
        _law("power_orders", "cut", "(act = 'narrow') = (cut IS NOT NULL)"),
        _law("power_orders", "two", "second_id IS NULL OR second_id <> proposed_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_power_orders")),
    )
    op.create_index("ix_power_orders_target", "power_orders", ["target_id", "id"])


def _create_cases() -> None:
    op.create_table(
        "inquiries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=True),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decision_text", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closed_at", _MOMENT, nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("second_id", sa.Uuid(), nullable=True),
        sa.Column("second_signature", sa.LargeBinary(), nullable=True),
        *_guarded(),
        _law("inquiries", "state", "state IN ('open', 'closing', 'closed')"),
        _law("inquiries", "decision", "(state = 'open') = (decision IS NULL)"),
        _law("inquiries", "closed", "(state = 'closed') = (second_id IS NOT NULL)"),
        _law("inquiries", "two", "second_id IS NULL OR second_id <> closed_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiries")),
    )
    op.create_table(
        "inquiry_evidence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("entry_index", sa.BigInteger(), nullable=True),
        sa.Column("receipt", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        *_guarded(),
        _law("inquiry_evidence", "kind", "kind IN ('entry', 'note', 'document')"),
        _law("inquiry_evidence", "entry", "(kind = 'entry') = (entry_index IS NOT NULL AND receipt IS NOT NULL)"),
        _law("inquiry_evidence", "document", "(kind = 'document') = (digest IS NOT NULL)"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiry_evidence")),
    )
    op.create_index("ix_inquiry_evidence_inquiry", "inquiry_evidence", ["inquiry_id", "id"])
    op.create_foreign_key(
        op.f("fk_inquiry_evidence_inquiry_id_inquiries"), "inquiry_evidence", "inquiries", ["inquiry_id"], ["id"]
    )


def _create_lawful() -> None:
    needed = ("kind", "basis", "authority", "number", "issued_on", "recipient_name", "state")
    op.create_table(
        "lawful_orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in needed),
        *(sa.Column(n, sa.LargeBinary(), nullable=False) for n in ("document_digest", "document", "recipient_public")),
        *(sa.Column(n, JSONB(none_as_null=True), nullable=False) for n in ("document_keys", "items", "subject")),
        *(sa.Column(name, _MOMENT, nullable=False) for name in ("valid_until", "reveal_at", "at", "lapses_at")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("openings", "used")),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        *(
            sa.Column(n, sa.Uuid(), nullable=True)
            for n in ("officer_id", "regulator_id", "person_id", "court_named_by")
        ),
        *(sa.Column(name, sa.LargeBinary(), nullable=True) for name in ("officer_signature", "regulator_signature")),
        sa.Column("court_digest", sa.LargeBinary(), nullable=True),
        sa.Column("court_number", sa.Text(), nullable=True),
        *(
            sa.Column(n, _MOMENT, nullable=True)
            for n in ("decided_at", "court_due_at", "court_confirmed_at", "told_at")
        ),
        *_guarded(),
        _law("lawful_orders", "kind", "kind IN ('court', 'emergency')"),
        _law("lawful_orders", "state", "state IN ('proposed', 'in_force', 'refused', 'ended')"),
        _law("lawful_orders", "recipient", "octet_length(recipient_public) = 32"),
        _law("lawful_orders", "used", "used >= 0 AND used <= openings"),
        _law("lawful_orders", "signer", "officer_id IS NOT NULL OR regulator_id IS NOT NULL"),
        _law(
            "lawful_orders",
            "two",
            "state NOT IN ('in_force', 'ended') OR (officer_id IS NOT NULL AND regulator_id IS NOT NULL)",
        ),
        _law("lawful_orders", "person", "state NOT IN ('in_force', 'ended') OR person_id IS NOT NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lawful_orders")),
    )
    op.create_index(
        "ix_lawful_orders_reveal_at", "lawful_orders", ["reveal_at"], postgresql_where=sa.text("told_at IS NULL")
    )
    _create_openings()


def _create_openings() -> None:
    op.create_table(
        "lawful_openings",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("versions", JSONB(none_as_null=True), nullable=False),
        sa.Column("peeled_by", sa.Uuid(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("content_digest", sa.LargeBinary(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        *_guarded(),
        _law("lawful_openings", "state", "state IN ('peeled', 'opened')"),
        _law("lawful_openings", "content", "(state = 'opened') = (content_digest IS NOT NULL)"),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_lawful_openings")),
    )
    op.create_index("ix_lawful_openings_order_id", "lawful_openings", ["order_id", "id"])
    op.create_table(
        "lawful_shares",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("opening_id", sa.Uuid(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("compartment", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("supervisor", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _law("lawful_shares", "compartment", "compartment IN ('general', 'sensitive')"),
        sa.PrimaryKeyConstraint(
            "person_id", "opening_id", "section", "compartment", "number", name=op.f("pk_lawful_shares")
        ),
    )


def _guarded() -> tuple[sa.Column[int], sa.Column[bytes]]:
    return sa.Column("version", sa.BigInteger(), nullable=False), sa.Column("mac", sa.LargeBinary(), nullable=False)


def _law(table: str, name: str, law: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(law, name=op.f(f"ck_{table}_{name}"))


def _replace(name: str, table: str, law: str) -> None:
    """Under either of the names it may have: the naming convention was applied twice where ``op.f`` was missing."""
    for called in (name, f"ck_{table}_{name}"):
        op.execute(f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS "{called}"')
    op.create_check_constraint(op.f(name), table, law)
