"""The ledger: outbox, tree, checkpoints, persons' counters.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BODY_FITS = """
CREATE FUNCTION ledger_body_fits(
    body bytea, at bigint, event text, requester text, declaration text,
    purpose text, outcome text, tag text, seq bigint
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ($2, $3, $4, $5, $6, $7, $8, $9) IS NOT DISTINCT FROM
           (m.at, m.event, m.requester, m.declaration, m.purpose, m.outcome, m.tag, m.seq)
    FROM json_to_record(encode($1, 'escape')::json) AS m (
        at bigint, event text, requester text, declaration text, purpose text, outcome text, tag text, seq bigint
    )
$$
"""
EMPTY_TREE = """
INSERT INTO ledger_heads (shard, size, root, frontier, epoch, at) VALUES (0, 0, sha256(''), '', 0, now())
"""


def upgrade() -> None:
    # convert_from() is not immutable; of a leaf, which is ASCII without backslashes, encode(…, 'escape') is the same.
    op.execute(BODY_FITS)
    _create_outbox()
    _create_tree()
    _create_bodies()
    op.create_table(
        "ledger_subjects",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("next_n", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_ledger_subjects"),
    )
    op.execute(EMPTY_TREE)


def downgrade() -> None:
    for table in ("subjects", "checkpoints", "tiles", "bodies", "entries", "heads", "outbox"):
        op.drop_table(f"ledger_{table}")
    op.execute("DROP FUNCTION ledger_body_fits")


def _create_outbox() -> None:
    op.create_table(
        "ledger_outbox",
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("draft", sa.LargeBinary(), nullable=False),
        sa.Column("tag", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("shard", "id", name="pk_ledger_outbox"),
        sa.CheckConstraint("octet_length(draft) <= 60000", name="draft_length"),
        sa.CheckConstraint("octet_length(tag) = 32", name="tag_length"),
        postgresql_with={"autovacuum_vacuum_scale_factor": "0", "autovacuum_vacuum_threshold": "2000"},
    )


def _create_tree() -> None:
    op.create_table(
        "ledger_heads",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shard", name="pk_ledger_heads"),
        sa.CheckConstraint("size >= 0", name="size"),
        sa.CheckConstraint("octet_length(root) = 32", name="root_length"),
        postgresql_with={"fillfactor": "10"},
    )
    op.create_table(
        "ledger_entries",
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "idx", name="pk_ledger_entries"),
        sa.UniqueConstraint("id", name="uq_ledger_entries_id"),
        sa.CheckConstraint("idx >= 0", name="idx"),
        sa.CheckConstraint("octet_length(leaf_hash) = 32", name="leaf_hash_length"),
    )
    op.create_table(
        "ledger_tiles",
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "level", "n", name="pk_ledger_tiles"),
        sa.CheckConstraint("octet_length(hashes) = 8192 AND octet_length(root) = 32", name="length"),
    )
    # Hashes do not compress; whole tiles are read from beside the row, their roots from within it.
    op.execute("ALTER TABLE ledger_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL")
    op.create_table(
        "ledger_checkpoints",
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shard", "size", name="pk_ledger_checkpoints"),
    )


def _create_bodies() -> None:
    op.create_table(
        "ledger_bodies",
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(collation="C"), nullable=False),
        sa.Column("requester", sa.Text(collation="C"), nullable=True),
        sa.Column("declaration", sa.Text(collation="C"), nullable=True),
        sa.Column("purpose", sa.Text(collation="C"), nullable=True),
        sa.Column("outcome", sa.Text(collation="C"), nullable=True),
        sa.Column("tag", sa.Text(collation="C"), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shard", "idx", name="pk_ledger_bodies"),
        sa.CheckConstraint(
            "ledger_body_fits(body, at, event, requester, declaration, purpose, outcome, tag, seq)",
            name="fits",
        ),
    )
    for name, columns, present, using in (
        ("requester", ["shard", "requester", "idx"], "requester", "btree"),
        ("purpose", ["shard", "purpose", "idx"], "purpose", "btree"),
        ("event", ["shard", "event", "idx"], None, "btree"),
        ("at", ["shard", "at"], None, "btree"),
        ("tag", ["tag"], "tag", "hash"),  # looked up by equality only
    ):
        op.create_index(
            f"ix_ledger_bodies_{name}",
            "ledger_bodies",
            columns,
            postgresql_using=using,
            postgresql_where=None if present is None else sa.text(f"{present} IS NOT NULL"),
        )
