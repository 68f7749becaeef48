"""The ledger's tables: one outbox, one tree per log shard, one counter per person.

Append-only is held by privileges: the application may put drafts into the outbox and read the rest;
only the sequencer's role writes the tree, and nobody but the owner may change or remove what is in it.
Leaf hashes and bodies are in separate tables so that a body can be taken away (retention, a court)
while the tree stays whole; both are partitioned by index, so that old ranges can be archived. Where the
engine has triggers they refuse, also to the owner, whatever does not append (``guards``). Who gets around
them is found out by ``fsck`` and by everybody who kept a checkpoint.
"""

from datetime import datetime
from typing import ClassVar, Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import APP, LEDGER, REGULATOR, Base, Guarded
from vault.ids import EntryId, PersonId

_TREE: Final = {
    "shard": "shard",
    "grants": {APP: "SELECT", LEDGER: "SELECT, INSERT", REGULATOR: "SELECT"},
}

_CODE: Final = sa.Text(collation="C")
"""Codes and ids are compared byte by byte, in every locale."""

BODY_FITS: Final = "ledger_body_fits(body, at, event, requester, declaration, purpose, outcome, tag, seq)"
"""The database parses each stored leaf once and refuses a row whose columns say anything else.

A check, not eight generated columns: those parse the leaf eight times, which cost five times as much and
more than all else a commit does; the law held is the same.
"""


class OutboxRow(Base):
    """A draft that is recorded, because its act's transaction committed, and not yet in the tree."""

    __tablename__ = "ledger_outbox"
    __table_args__ = (
        sa.CheckConstraint("octet_length(draft) <= 60000", name="draft_length"),
        sa.CheckConstraint("octet_length(tag) = 32", name="tag_length"),
        {
            "info": {
                "shard": "shard",
                "grants": {APP: "SELECT, INSERT", LEDGER: "SELECT, DELETE"},
            },
            # Rows live for milliseconds: vacuum early, or the scan for the oldest wades through dead ones.
            "postgresql_with": {"autovacuum_vacuum_scale_factor": "0", "autovacuum_vacuum_threshold": "2000"},
        },
    )

    shard: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    id: Mapped[EntryId] = mapped_column(primary_key=True)
    draft: Mapped[bytes]
    tag: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.text("now()"))


class HeadRow(Base):
    """Where a tree stands. One row per shard; ``epoch`` rises with every new sequencer and fences the old one."""

    __tablename__ = "ledger_heads"
    __table_args__ = (
        sa.CheckConstraint("size >= 0", name="size"),
        sa.CheckConstraint("octet_length(root) = 32", name="root_length"),
        {
            "info": {
                "shard": "shard",
                "grants": {APP: "SELECT", LEDGER: "SELECT, UPDATE", REGULATOR: "SELECT"},
            },
            "postgresql_with": {"fillfactor": "10"},
        },
    )

    shard: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    size: Mapped[int]
    root: Mapped[bytes]
    frontier: Mapped[bytes]
    """The hashes of the tree's perfect subtrees, largest first, in one piece."""
    epoch: Mapped[int]
    at: Mapped[datetime]


class EntryRow(Base):
    """One leaf of the tree: its hash, and the id by which an act finds its entry."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        sa.CheckConstraint("idx >= 0", name="idx"),
        sa.CheckConstraint("octet_length(leaf_hash) = 32", name="leaf_hash_length"),
        {"info": _TREE, "postgresql_partition_by": "RANGE (idx)"},
    )

    shard: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    idx: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    leaf_hash: Mapped[bytes]
    id: Mapped[EntryId]


class IdRow(Base):
    """Where the entry of an id is. A table of its own: a partition cannot promise that an id is in no other."""

    __tablename__ = "ledger_ids"
    __table_args__ = ({"info": _TREE},)

    id: Mapped[EntryId] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(sa.SmallInteger)
    idx: Mapped[int]


class BodyRow(Base):
    """The bytes of a leaf, and beside them the members that are searched."""

    __tablename__ = "ledger_bodies"
    __table_args__ = (
        sa.CheckConstraint(BODY_FITS, name="fits"),
        sa.Index(
            "ix_ledger_bodies_requester", "shard", "requester", "idx", postgresql_where=sa.text("requester IS NOT NULL")
        ),
        sa.Index(
            "ix_ledger_bodies_purpose", "shard", "purpose", "idx", postgresql_where=sa.text("purpose IS NOT NULL")
        ),
        sa.Index("ix_ledger_bodies_event", "shard", "event", "idx"),
        sa.Index("ix_ledger_bodies_at", "shard", "at"),
        sa.Index("ix_ledger_bodies_tag", "tag", postgresql_using="hash", postgresql_where=sa.text("tag IS NOT NULL")),
        {"info": _TREE, "postgresql_partition_by": "RANGE (idx)"},
    )

    shard: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    idx: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[bytes]
    at: Mapped[int]
    event: Mapped[str] = mapped_column(_CODE)
    requester: Mapped[str | None] = mapped_column(_CODE)
    declaration: Mapped[str | None] = mapped_column(_CODE)
    purpose: Mapped[str | None] = mapped_column(_CODE)
    outcome: Mapped[str | None] = mapped_column(_CODE)
    tag: Mapped[str | None] = mapped_column(_CODE)
    seq: Mapped[int | None]


class TileRow(Base):
    """A full tile (C2SP tlog-tiles): 256 hashes of 32 bytes, and the hash of the node above them."""

    __tablename__ = "ledger_tiles"
    __table_args__ = (
        sa.CheckConstraint("octet_length(hashes) = 8192 AND octet_length(root) = 32", name="length"),
        {"info": _TREE},
    )

    shard: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    level: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hashes: Mapped[bytes]
    root: Mapped[bytes]


class CheckpointRow(Base):
    """A signed checkpoint: written in the same statement as the entries it covers."""

    __tablename__ = "ledger_checkpoints"
    __table_args__ = ({"info": _TREE},)

    shard: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    note: Mapped[str]
    at: Mapped[datetime]


class PartitionRow(Base):
    """A range of indexes, ``first`` up to, not including, ``until``: its rows are here, or archived and detached."""

    __tablename__ = "ledger_partitions"
    __table_args__ = (
        sa.CheckConstraint("first >= 0 AND until > first", name="range"),
        sa.CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        {"info": {"shard": "shard", "grants": {APP: "SELECT", LEDGER: "SELECT", REGULATOR: "SELECT"}}},
    )

    first: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    until: Mapped[int]
    digest: Mapped[bytes | None]
    """SHA-256 of the archive's manifest, once there is one that was verified."""
    detached_at: Mapped[datetime | None]


class WithheldRow(Base):
    """The tag of an entry whose body is not here any more: a person still sees that nothing was left out."""

    __tablename__ = "ledger_withheld"
    __table_args__ = (
        sa.Index("ix_ledger_withheld_tag", "tag", postgresql_using="hash"),
        {"info": {"shard": "shard", "grants": {APP: "SELECT", LEDGER: "SELECT", REGULATOR: "SELECT"}}},
    )

    shard: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    idx: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tag: Mapped[str] = mapped_column(_CODE)


class SequenceRow(Base):
    """The next sequence number of a requester whose newest body is not here any more."""

    __tablename__ = "ledger_sequences"
    __table_args__ = ({"info": {"shard": "shard", "grants": {LEDGER: "SELECT", REGULATOR: "SELECT"}}},)

    shard: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    requester: Mapped[str] = mapped_column(_CODE, primary_key=True)
    following: Mapped[int]


class SubjectRow(Base):
    """A person's ledger key, under the key ring, and how many entries are tagged with it so far."""

    __tablename__ = "ledger_subjects"
    __table_args__ = ({"info": {"shard": "person_id"}},)

    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    next_n: Mapped[int]
    key: Mapped[bytes]


class HiddenRow(Guarded, Base):
    """What an ``access.hidden`` entry is about, sealed under the key ring until a day. Names no person.

    ``sealed``: the entry that would have been written, and the key of the commitment in the one that was.
    """

    __tablename__ = "ledger_hidden"
    __table_args__ = (
        sa.Index("ix_ledger_hidden_until", "until"),
        {"info": {"grants": {APP: "SELECT, INSERT"}}},
    )
    guarded: ClassVar[tuple[str, ...]] = ("authority", "ground", "until", "sealed")

    entry_id: Mapped[EntryId] = mapped_column(primary_key=True)
    authority: Mapped[str]
    ground: Mapped[str]
    until: Mapped[datetime]
    sealed: Mapped[bytes]


_INDEX: Final = {"shard": "shard", "grants": {APP: "SELECT", LEDGER: "SELECT, INSERT", REGULATOR: "SELECT"}}


class BlockRow(Base):
    """A block of entries that is indexed: how wide it is, between which moments its entries lie, how many postings."""

    __tablename__ = "ledger_blocks"
    __table_args__ = ({"info": _INDEX},)

    shard: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    width: Mapped[int]
    first_at: Mapped[int]
    last_at: Mapped[int]
    postings: Mapped[int]
    mac: Mapped[bytes]


class PostingRow(Base):
    """Which entries of a block carry a value (see ``postings``). The MAC covers every other column."""

    __tablename__ = "ledger_postings"
    __table_args__ = ({"info": _INDEX},)

    shard: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    facet: Mapped[str] = mapped_column(_CODE, primary_key=True)
    value: Mapped[str] = mapped_column(_CODE, primary_key=True)
    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bits: Mapped[bytes]
    mac: Mapped[bytes]
