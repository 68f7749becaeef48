"""The ledger by ranges of indexes: made ahead of the writer, archived and detached behind it.

A partition holds the entries and bodies of ``first`` up to, not including, ``until``. They are made by one
function of the database, which guards each with the same triggers and gives nobody rights on it: who writes,
writes through the parent. Hash tiles, checkpoints, ids and the tags of what was detached stay: proofs of old
entries and a person's count do not depend on whether their bodies are at hand.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vault.errors import VaultError

WIDTH: Final = 1 << 24
"""Entries of a partition: 65,536 whole tiles, some 10 GB."""
AHEAD: Final = 4096
"""Entries for which there is always room before the writer comes there."""
_ROOM: Final = "SELECT coalesce(max(until), 0) FROM ledger_partitions"
_ADD: Final = "SELECT ledger_add_partition($1)"
_LISTED: Final = "SELECT first, until, digest, detached_at FROM ledger_partitions ORDER BY first"
_WHERE: Final = """
SELECT first, until, digest, detached_at FROM ledger_partitions
WHERE $1 >= first AND $1 < until AND detached_at IS NOT NULL
"""
GUARDED: Final = """
SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'ledger_bodies'::regclass AND tgname = 'rehashed')
"""
"""Whether the database hashes every leaf once more; where its engine cannot, the sequencer does."""


class Archived(VaultError):
    """The entry is in a part of the ledger that was archived; its proof is, its bytes are not at hand."""

    name, status, title = "entry-archived", 410, "This entry is archived"
    advice = "Ask the registry for the archive that holds this index: it verifies against the same checkpoints."


class Redacted(VaultError):
    """The entry's bytes were taken away after their time; an entry of the ledger says so."""

    name, status, title = "entry-redacted", 410, "The bytes of this entry were removed after their time"
    advice = "Its place in the ledger and its hash stay. The entry `ledger.redacted` that covers it says why."


@dataclass(frozen=True, slots=True)
class Partition:
    """A range of indexes. ``digest``: of its verified archive's manifest; ``detached_at``: its rows are not here."""

    first: int
    until: int
    digest: bytes | None
    detached_at: datetime | None


async def make_room(connection: Any, size: int, width: int = WIDTH) -> int:
    """Partitions for what will be written after ``size`` entries. Returns up to which index there is room."""
    room: int = await connection.fetchval(_ROOM)
    while room < size + AHEAD:
        room = await connection.fetchval(_ADD, width)
    return room


async def listed(connection: Any) -> list[Partition]:
    """All partitions, oldest first."""
    return [Partition(*row) for row in await connection.fetch(_LISTED)]


async def detached_at(fetch: Any, index: int) -> Partition | None:
    """The detached partition that an index belongs to, if it does. ``fetch``: see ``stored.Fetch``."""
    rows = await fetch(_WHERE, index)
    return Partition(*rows[0]) if rows else None


async def why_not_here(fetch: Any, index: int) -> Archived | Redacted:
    """Why the entry at an index, which is in the tree, has no body here."""
    part = await detached_at(fetch, index)
    if part is None:
        return Redacted(f"The bytes of entry {index} were removed after their time.")
    return Archived(f"Entry {index} is in the archived part from {part.first} to {part.until - 1}.")
