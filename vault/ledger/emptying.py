"""Redaction reaches the published bundles: what the database no longer holds, the folder does not hold either.

Hash tiles, the tree and every proof stay as they are: auditors take the hash of an entry without bytes from its tile,
and want the entry ``ledger.redacted`` that covers it.
"""

import asyncio
import hashlib
from typing import Any, Final

import structlog

from vault.crypto.canonical import b64, reread
from vault.errors import Tampered
from vault.ledger.exporting import CHUNK, read_rows
from vault.ledger.shelf import Shelf
from vault.ledger.tree import TILE_WIDTH

EVENT: Final = "ledger.redacted"
_ANNOUNCED: Final = """
SELECT b.idx, m.first, m.count, m.digest
FROM ledger_bodies b, json_to_record(encode(b.body, 'escape')::json) AS m (first bigint, count bigint, digest text)
WHERE b.shard = $1 AND b.event = 'ledger.redacted' AND b.idx < $2 AND NOT b.idx = ANY ($3::bigint[]) ORDER BY b.idx
"""
_log = structlog.get_logger(__name__)


class Emptying:
    """Keeps one folder's bundles free of what was redacted. Remembers what it has done; a new one looks once more."""

    def __init__(self, shelf: Shelf, shard: int) -> None:
        self._shelf = shelf
        self._shard = shard
        self._done: set[int] = set()

    async def look(self, connection: Any, *, published: int) -> bool:
        """Empty what published entries announced and the database has removed; whether there was any.

        Raises Tampered when an announcement is not of the entries that are here; then nothing was emptied by it.
        """
        found = False
        for announced in await connection.fetch(_ANNOUNCED, self._shard, published, sorted(self._done)):
            index, first, count, digest = announced
            hashed = await self._removed(connection, first, first + count)
            if hashed is None:
                continue
            if hashed != digest:
                raise Tampered(private=f"entry {index} announces a redaction of other entries than are there")
            await asyncio.to_thread(self._empty, first, first + count)
            _log.info("log.bundles_emptied", first=first, count=count)
            self._done.add(index)
            found = True
        return found

    async def _removed(self, connection: Any, first: int, until: int) -> str | None:
        """What an announcement calls the range: the digest of its leaf hashes. None while bytes of it are there."""
        digest = hashlib.sha256()
        for start in range(first - first % TILE_WIDTH, until, CHUNK * TILE_WIDTH):
            rows = await read_rows(connection, self._shard, start, min(until, start + CHUNK * TILE_WIDTH))
            for hashed, body in rows[max(0, first - start) :]:
                if body and not _stays(body):
                    return None
                digest.update(hashed)
        return b64(digest.digest())

    def _empty(self, first: int, until: int) -> None:
        for n in range(first // TILE_WIDTH, -(-until // TILE_WIDTH)):
            self._shelf.empty(n, lambda index, entry: first <= index < until and not _stays(entry))


def _stays(body: bytes) -> bool:
    """What says that something was redacted is not redacted."""
    return bool(body) and reread(body)["event"] == EVENT
