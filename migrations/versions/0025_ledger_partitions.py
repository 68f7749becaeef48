"""The ledger by partitions that can be archived, guarded by triggers where the engine has them; redaction.

Revision ID: 0025
Revises: 0024
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

WIDTH = 1 << 24
PARENTS = ("entries", "bodies")
INDEXES = (
    ("requester", ["shard", "requester", "idx"], "requester", "btree"),
    ("purpose", ["shard", "purpose", "idx"], "purpose", "btree"),
    ("event", ["shard", "event", "idx"], None, "btree"),
    ("at", ["shard", "at"], None, "btree"),
    ("tag", ["tag"], "tag", "hash"),
)
FUNCTIONS = Path(__file__).parent.parent / "sql" / "0025_ledger.sql"
SIGNATURES = (
    "redact(smallint, bigint, bigint)",
    "withhold(smallint, bigint, bigint)",
    "add_partition(bigint)",
    "guard(text, text)",
    "check_removed()",
    "covered(smallint, bigint)",
    "check_head()",
    "check_bodies()",
    "check_entries()",
    "refuse()",
)


def upgrade() -> None:
    _create_tables()
    op.execute("INSERT INTO ledger_ids (id, shard, idx) SELECT id, shard, idx FROM ledger_entries")
    op.drop_constraint("uq_ledger_entries_id", "ledger_entries")
    for kind in PARENTS:
        _partition(kind)
    partitions = sa.table("ledger_partitions", sa.column("first"), sa.column("until"))
    op.execute(partitions.insert().values(first=0, until=_room()))
    for function in FUNCTIONS.read_text().split("\n$$;\n")[:-1]:
        op.get_bind().exec_driver_sql(function + "\n$$")
    for signature in SIGNATURES:
        op.execute(f"REVOKE ALL ON FUNCTION ledger_{signature} FROM PUBLIC")
    for signature in ("add_partition(bigint)", "redact(smallint, bigint, bigint)"):
        op.execute(f"GRANT EXECUTE ON FUNCTION ledger_{signature} TO vault_ledger")
    op.execute("GRANT EXECUTE ON FUNCTION ledger_covered(smallint, bigint) TO vault_app, vault_ledger, vault_regulator")
    _guard()


def downgrade() -> None:
    connection = op.get_bind()
    if connection.execute(
        sa.text("SELECT EXISTS (SELECT FROM ledger_partitions WHERE detached_at IS NOT NULL)")
    ).scalar():
        raise RuntimeError("attach the detached partitions of the ledger first")
    for kind in PARENTS:
        _unite(kind)
    op.create_unique_constraint("uq_ledger_entries_id", "ledger_entries", ["id"])
    for table in ("heads", "tiles", "checkpoints"):
        for trigger in ("append_only", "forward"):
            op.execute(f"DROP TRIGGER IF EXISTS {trigger} ON ledger_{table}")
    for table in ("sequences", "withheld", "partitions", "ids"):
        op.drop_table(f"ledger_{table}")
    for signature in SIGNATURES:
        op.execute(f"DROP FUNCTION ledger_{signature}")


def _create_tables() -> None:
    op.create_table(
        "ledger_ids",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_ids")),
    )
    op.create_table(
        "ledger_partitions",
        sa.Column("first", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("detached_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("first >= 0 AND until > first", name=op.f("ck_ledger_partitions_range")),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ck_ledger_partitions_digest_length")),
        sa.PrimaryKeyConstraint("first", name=op.f("pk_ledger_partitions")),
    )
    op.create_table(
        "ledger_withheld",
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tag", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("shard", "idx", name=op.f("pk_ledger_withheld")),
    )
    op.create_index("ix_ledger_withheld_tag", "ledger_withheld", ["tag"], postgresql_using="hash")
    op.create_table(
        "ledger_sequences",
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("requester", sa.Text(collation="C"), nullable=False),
        sa.Column("following", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "requester", name=op.f("pk_ledger_sequences")),
    )


def _partition(kind: str) -> None:
    """The table of old becomes the first partition of one with the same name, rows untouched."""
    parent, part = f"ledger_{kind}", f"ledger_{kind}_0"
    op.execute(f"ALTER TABLE {parent} RENAME TO {part}")
    op.execute(f"ALTER TABLE {part} RENAME CONSTRAINT pk_{parent} TO pk_{part}")
    if kind == "bodies":
        for name, *_ in INDEXES:
            op.execute(f"ALTER INDEX ix_{parent}_{name} RENAME TO ix_{part}_{name}")
    op.execute(f"CREATE TABLE {parent} (LIKE {part} INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (idx)")
    _index(kind)
    op.execute(f"ALTER TABLE {parent} ATTACH PARTITION {part} FOR VALUES FROM (0) TO ({_room()})")


def _room() -> int:
    """The least multiple of the width that has room for what is there."""
    size: int = op.get_bind().execute(sa.text("SELECT coalesce(max(size), 0) FROM ledger_heads")).scalar_one()
    return (size // WIDTH + 1) * WIDTH


def _unite(kind: str) -> None:
    parent = f"ledger_{kind}"
    op.execute(f"CREATE TABLE united (LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns(parent)]
    old, new = (sa.table(name, *map(sa.column, columns)) for name in (parent, "united"))
    op.execute(new.insert().from_select(columns, sa.select(old)))
    op.execute(f"DROP TABLE {parent}")
    op.execute(f"ALTER TABLE united RENAME TO {parent}")
    _index(kind)


def _index(kind: str) -> None:
    parent = f"ledger_{kind}"
    op.execute(f"ALTER TABLE {parent} ADD CONSTRAINT pk_{parent} PRIMARY KEY (shard, idx)")
    for name, columns, present, using in INDEXES if kind == "bodies" else ():
        op.create_index(
            f"ix_{parent}_{name}",
            parent,
            columns,
            postgresql_using=using,
            postgresql_where=None if present is None else sa.text(f"{present} IS NOT NULL"),
        )


def _guard() -> None:
    """The second barrier, where the engine has triggers over what a statement added; elsewhere the sequencer checks."""
    guarded = [(f"ledger_{kind}", kind) for kind in (*PARENTS, "heads", "tiles", "checkpoints", "ids")]
    guarded += [(f"ledger_{kind}_0", kind) for kind in PARENTS]
    try:
        with op.get_bind().begin_nested():
            for table, kind in guarded:
                op.execute(f"SELECT ledger_guard('{table}', '{kind}')")
    except sa.exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") != "0A000":  # feature_not_supported
            raise
