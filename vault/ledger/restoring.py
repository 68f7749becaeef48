"""A partition that was detached and then lost, rebuilt from its archive.

Nothing in the archive is believed: it must prove itself to the signed root, and then every leaf is compared with the
tree that is here, as for any partition that is attached. All of it is one transaction.
"""

from collections.abc import Sequence
from typing import Any, Final

from vault import ids
from vault.crypto.canonical import reread
from vault.errors import Conflict, NotFound, Tampered
from vault.ledger.archiving import PARENTS, attach, verify_archive
from vault.ledger.checkpoint import LogKey
from vault.ledger.copies import Copy, CopyFailed, entries_at, hashes_at
from vault.ledger.leaf import SEARCHED
from vault.ledger.partitions import GUARDED, Partition, listed
from vault.ledger.places import Place
from vault.ledger.tree import TILE_WIDTH, leaf_hash

_THERE: Final = "SELECT to_regclass($1) IS NOT NULL"
_IDS: Final = "SELECT idx, id FROM ledger_ids WHERE shard = $1 AND idx = ANY ($2::bigint[])"
_ENTRIES: Final = ("shard", "idx", "leaf_hash", "id")
_BODIES: Final = ("shard", "idx", "body", *SEARCHED)


async def restore(connection: Any, first: int, copy: Copy, keys: list[LogKey], *, shard: int = 0) -> int:
    """Rebuild the detached partition that begins at an index, and attach it, as the owner. Returns how many entries.

    Raises NotFound; Conflict while its tables are there; what ``verify_archive`` and ``attach`` raise for an archive
    that does not verify, or is not of this tree: then nothing changed.
    """
    part = await _lost(connection, first)
    manifest = verify_archive(copy, keys)[0]
    if (manifest.first, manifest.until) != (part.first, part.until):
        raise CopyFailed(f"This is the archive of {manifest.first} to {manifest.until - 1}, another part.")
    async with connection.transaction():
        for parent in PARENTS:
            await connection.execute(f"CREATE TABLE {parent}_{part.first} (LIKE {parent} INCLUDING ALL)")
        for n in range(part.first // TILE_WIDTH, part.until // TILE_WIDTH):
            await _fill(connection, shard, part, _leaves(copy, n))
        if await connection.fetchval(GUARDED):  # only now: from here on nobody adds anything
            for parent in PARENTS:
                kind = parent.removeprefix("ledger_")
                await connection.execute("SELECT ledger_guard($1, $2)", f"{parent}_{part.first}", kind)
        return await attach(connection, first, shard=shard)


async def _lost(connection: Any, first: int) -> Partition:
    found = [part for part in await listed(connection) if part.first == first]
    if not found:
        raise NotFound("There is no partition that begins at this index.")
    if found[0].detached_at is None:
        raise Conflict("This partition is here.")
    for parent in PARENTS:
        if await connection.fetchval(_THERE, f"public.{parent}_{first}"):
            raise Conflict(f"The table {parent}_{first} is still there: attach it, or drop both tables of this part.")
    return found[0]


def _leaves(copy: Copy, n: int) -> list[tuple[int, bytes, bytes]]:
    """A bundle's entries: index, leaf hash, bytes; no bytes for what was redacted."""
    entries, tile = entries_at(copy, n, TILE_WIDTH), hashes_at(copy, Place(0, n))
    if entries is None or tile is None:
        raise CopyFailed(f"The bundle or the tile {n} is not there.")
    return [
        (index, leaf_hash(entry) if entry else hashed, entry)
        for index, entry, hashed in zip(range(n * TILE_WIDTH, (n + 1) * TILE_WIDTH), entries, tile, strict=True)
    ]


async def _fill(connection: Any, shard: int, part: Partition, leaves: Sequence[tuple[int, bytes, bytes]]) -> None:
    said = {index: reread(body) for index, _, body in leaves if body}
    known = {index: ids.parse(ids.ENTRY, members["id"]) for index, members in said.items()}
    bare = [index for index, _, body in leaves if not body]
    known |= dict([tuple(row) for row in await connection.fetch(_IDS, shard, bare)]) if bare else {}
    if len(known) != len(leaves):
        raise Tampered(private=f"ids of redacted entries from {leaves[0][0]} on are gone")
    entries = [(shard, index, hashed, known[index]) for index, hashed, _ in leaves]
    bodies = [(shard, index, body, *(said[index].get(name) for name in SEARCHED)) for index, _, body in leaves if body]
    for parent, rows, columns in zip(PARENTS, (entries, bodies), (_ENTRIES, _BODIES), strict=True):
        await connection.copy_records_to_table(f"{parent}_{part.first}", records=rows, columns=columns)
