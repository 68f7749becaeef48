"""Archives of partitions: written, verified by themselves, then detached from the database; and attached again.

An archive is a folder or zip file with the bundles and leaf tiles of one range (``copies``), and ``archive.json``: the
range, a signed checkpoint, and the hashes of the perfect subtrees before and after it. From the bytes of its entries
and those few hashes follows the signed root: an archive proves itself, with the log's public key and nothing else.
"""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from vault.crypto.canonical import canonical
from vault.errors import Conflict, NotFound, Tampered
from vault.ledger.checkpoint import Checkpoint, LogKey, parse, verify
from vault.ledger.copies import Copy, CopyFailed, Sink, entries_at, hashes_at
from vault.ledger.exporting import CHUNK, put_bundles, read_rows
from vault.ledger.partitions import Partition, listed
from vault.ledger.places import Place
from vault.ledger.proofs import ProofFailed, cover
from vault.ledger.stored import fetch_nodes
from vault.ledger.tree import TILE_HEIGHT, TILE_WIDTH, Node, fold, leaf_hash, node_hash, subtree_root
from vault.ledger.whole import Trust, believed

MANIFEST: Final = "archive.json"
PARENTS: Final = ("ledger_entries", "ledger_bodies")
_NEWEST: Final = "SELECT size, note FROM ledger_checkpoints WHERE shard = $1 ORDER BY size DESC LIMIT 1"
_SETTLED: Final = "UPDATE ledger_partitions SET digest = $2 WHERE first = $1"
_AWAY: Final = "UPDATE ledger_partitions SET detached_at = $2 WHERE first = $1"
_BACK: Final = """
DELETE FROM ledger_withheld w USING ledger_bodies b
WHERE b.shard = w.shard AND b.idx = w.idx AND w.idx >= $1 AND w.idx < $2
"""
_HASHES: Final = "SELECT leaf_hash FROM ledger_entries WHERE shard = $1 AND idx >= $2 AND idx < $3 ORDER BY idx"
_BARE: Final = "SELECT count(*) FROM unnest($2::bigint[]) AS i (idx) WHERE NOT ledger_covered($1::smallint, i.idx)"


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``archive.json``. ``before`` and ``after``: base64 hashes of the perfect subtrees left and right of the range."""

    v: int
    first: int
    until: int
    checkpoint: str
    before: list[str]
    after: list[str]


async def archive(connection: Any, sink: Sink, part: Partition, keys: Sequence[LogKey], *, shard: int = 0) -> bytes:
    """Write a partition's archive over a plain connection. Returns the manifest's SHA-256.

    Raises Conflict while the partition is not full or is detached, Tampered when it does not verify.
    """
    if part.detached_at is not None:
        raise Conflict("This partition is detached already.")
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        newest = await connection.fetchrow(_NEWEST, shard)
        if newest is None or newest["size"] < part.until:
            raise Conflict("This partition is not full yet.")
        size, note = newest
        verify(note, keys)
        for first in range(part.first, part.until, CHUNK * TILE_WIDTH):
            rows = await read_rows(connection, shard, first, min(part.until, first + CHUNK * TILE_WIDTH))
            put_bundles(sink, first, rows)
            for at in range(0, len(rows), TILE_WIDTH):
                place = Place(0, (first + at) // TILE_WIDTH)
                sink.put(place.path, b"".join(hashed for hashed, _ in rows[at : at + TILE_WIDTH]))
        left, right = cover(0, part.first), cover(part.until, size)
        lookup = await fetch_nodes(connection.fetch, shard, [*left, *right], size=size)
    before, after = ([base64.b64encode(lookup(*node)).decode() for node in side] for side in (left, right))
    manifest = canonical(msgspec.to_builtins(Manifest(1, part.first, part.until, note, before, after)))
    sink.put(MANIFEST, manifest)
    return hashlib.sha256(manifest).digest()


def verify_archive(copy: Copy, trust: Trust) -> tuple[Manifest, Checkpoint, int, bytes]:
    """Verify an archive by itself: the manifest, the checkpoint, how many entries have no bytes, the manifest's digest.

    Raises CopyFailed, CheckpointFailed, ProofFailed, BundleFailed, Invalid.
    """
    # 1. The log signed the checkpoint that the manifest names.
    raw, manifest = _manifest(copy)
    signed = believed(manifest.checkpoint, trust)
    if not manifest.first < manifest.until <= signed.size or (manifest.first | manifest.until) % TILE_WIDTH:
        raise CopyFailed("The archive's range is not one of whole tiles within its checkpoint.")
    # 2. Every leaf hash follows from the bytes of its entry; of entries without bytes it is taken from the tile.
    nodes = _named(cover(0, manifest.first), manifest.before)
    gone = 0
    for n in range(manifest.first // TILE_WIDTH, manifest.until // TILE_WIDTH):
        hashes, missing = _hashes(copy, n)
        gone += missing
        nodes.append((Node(TILE_HEIGHT, n), subtree_root(hashes)))
    # 3. With the subtrees on both sides they lead to the signed root.
    nodes += _named(cover(manifest.until, signed.size), manifest.after)
    if fold(_joined(nodes)) != signed.root:
        raise ProofFailed("The entries of the archive do not lead to the signed root.")
    return manifest, signed, gone, hashlib.sha256(raw).digest()


async def settle(connection: Any, part: Partition, digest: bytes) -> None:
    """Note that a verified archive exists; only then may the partition be detached."""
    await connection.execute(_SETTLED, part.first, digest)


async def detach(connection: Any, first: int, now: datetime, *, shard: int = 0) -> tuple[str, ...]:
    """Take a partition out of the tables, as the owner, leaving its two tables for themselves: their names.

    Tags and sequence numbers stay. Raises NotFound, Conflict.
    """
    part, older = await _partition(connection, first)
    if part.detached_at is not None or part.digest is None:
        raise Conflict("It is detached already, or has no verified archive: run `pivault ledger partitions archive`.")
    if any(each.detached_at is None for each in older):
        raise Conflict("Detach the older partitions first.")
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '5s'")
        await connection.execute("SELECT ledger_withhold($1::smallint, $2, $3)", shard, part.first, part.until)
        for parent in PARENTS:
            await connection.execute(f"ALTER TABLE {parent} DETACH PARTITION {parent}_{part.first}")
        await connection.execute(_AWAY, part.first, now)
    return tuple(f"{parent}_{part.first}" for parent in PARENTS)


async def attach(connection: Any, first: int, *, shard: int = 0) -> int:
    """Put a detached partition's tables back, as the owner, after hashing every body again. Returns how many entries.

    Raises NotFound, Conflict, and Tampered when what comes back is not what was taken out: then nothing changed.
    """
    part, _ = await _partition(connection, first)
    if part.detached_at is None:
        raise Conflict("This partition is attached.")
    if any(each.detached_at and each.first > first for each in await listed(connection)):
        raise Conflict("Attach the newer partitions first.")
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '5s'")
        for parent in PARENTS:
            bounds = f"FOR VALUES FROM ({part.first}) TO ({part.until})"
            await connection.execute(f"ALTER TABLE {parent} ATTACH PARTITION {parent}_{part.first} {bounds}")
        await connection.execute(_AWAY, part.first, None)
        for low in range(part.first, part.until, CHUNK * TILE_WIDTH):
            await _compare(connection, shard, low, min(part.until, low + CHUNK * TILE_WIDTH))
        await connection.execute(_BACK, part.first, part.until)
    return part.until - part.first


async def _compare(connection: Any, shard: int, low: int, high: int) -> None:
    rows = await read_rows(connection, shard, low, high)
    entries = await connection.fetch(_HASHES, shard, low, high)
    if [row["leaf_hash"] for row in entries] != [hashed for hashed, _ in rows]:
        raise Tampered(private=f"the entries between {low} and {high} are not those of the tree")
    bare = [index for index, (_, body) in enumerate(rows, low) if not body]
    if bare and await connection.fetchval(_BARE, shard, bare):
        raise Tampered(private=f"bodies between {low} and {high} are gone, and no entry says that they were redacted")


async def _partition(connection: Any, first: int) -> tuple[Partition, list[Partition]]:
    """The partition that begins at an index, and those before it. Raises NotFound."""
    parts = await listed(connection)
    found = [part for part in parts if part.first == first]
    if not found:
        raise NotFound("There is no partition that begins at this index.")
    return found[0], [part for part in parts if part.first < first]


def _manifest(copy: Copy) -> tuple[bytes, Manifest]:
    raw = copy.get(MANIFEST)
    if raw is None:
        raise CopyFailed("This is no archive of a partition: archive.json is not there.")
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
        parse(manifest.checkpoint)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CopyFailed(f"archive.json cannot be read: {error}") from None
    return raw, manifest


def _hashes(copy: Copy, n: int) -> tuple[list[bytes], int]:
    """The leaf hashes of a bundle, and how many of its entries have no bytes."""
    entries, tile = entries_at(copy, n, TILE_WIDTH), hashes_at(copy, Place(0, n))
    if entries is None or tile is None:
        raise CopyFailed(f"The bundle or the tile {n} is not there.")
    hashes = [leaf_hash(entry) if entry else tile[at] for at, entry in enumerate(entries)]
    return hashes, sum(not entry for entry in entries)


def _named(nodes: Sequence[Node], hashes: Sequence[str]) -> list[tuple[Node, bytes]]:
    try:
        return list(zip(nodes, [base64.b64decode(text, validate=True) for text in hashes], strict=True))
    except ValueError:
        raise CopyFailed("The archive's hashes are not those that its range needs.") from None


def _joined(nodes: Sequence[tuple[Node, bytes]]) -> list[bytes]:
    """Perfect nodes from left to right, siblings joined: the peaks of the tree."""
    stack: list[tuple[Node, bytes]] = []
    for node, hashed in nodes:
        stack.append((node, hashed))
        while len(stack) > 1 and stack[-1][0].level == stack[-2][0].level and stack[-2][0].position % 2 == 0:
            (left, one), (_, other) = stack[-2:]
            stack[-2:] = [(Node(left.level + 1, left.position // 2), node_hash(one, other))]
    return [hashed for _, hashed in stack]
