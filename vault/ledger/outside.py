"""What others remember of the log, compared with the database before anything is added to it.

A database that was restored from a backup is consistent in itself: only what is kept elsewhere shows that entries
are gone. Whoever would write on must first be told so; otherwise two different logs would bear one name.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

from vault.errors import Tampered, VaultError
from vault.ledger.checkpoint import LogKey, verify
from vault.ledger.shelf import Shelf
from vault.ledger.stored import Fetch, fetch_edge
from vault.ledger.tree import Edge

ADVICE: Final = "restore the newest backup, or open a successor with another log_origin: docs/ledger.md"
_NEWEST: Final = "SELECT note FROM ledger_checkpoints WHERE shard = $1 ORDER BY size DESC LIMIT 1"


class Promise(NamedTuple):
    """A size that the log has reached, says somebody; the root too where they know it."""

    who: str
    size: int
    root: bytes | None = None


class Outside(Protocol):
    """Somebody who remembers."""

    async def promised(self, note: str | None) -> Sequence[Promise]:
        """What they remember. ``note``: the newest checkpoint in the database. Raises Tampered for a forgery."""
        ...


class Published:
    """The folder of the published log remembers."""

    def __init__(self, shelf: Shelf, keys: Sequence[LogKey]) -> None:
        self._shelf = shelf
        self._keys = keys

    async def promised(self, note: str | None) -> Sequence[Promise]:
        try:
            found = await asyncio.to_thread(self._shelf.checkpoint)
            if found is None:
                return []
            signed = verify(found, self._keys)
        except VaultError as error:
            raise Tampered(private=f"the checkpoint in {self._shelf.folder} does not hold: {error.public}") from error
        return [Promise(f"the checkpoint in {self._shelf.folder}", signed.size, signed.root)]


async def compare(connection: Any, shard: int, edge: Edge, outside: Sequence[Outside]) -> None:
    """Raises Tampered unless the tree of this edge continues everything that anybody outside remembers."""
    if not outside:
        return
    note = await connection.fetchval(_NEWEST, shard)
    for each in outside:
        for promise in await each.promised(note):
            await _compare(connection.fetch, shard, edge, promise)


async def _compare(fetch: Fetch, shard: int, edge: Edge, promise: Promise) -> None:
    if promise.size > edge.size:
        raise Tampered(private=f"the database holds {edge.size} entries, {promise.who} covers {promise.size}: {ADVICE}")
    if promise.root is not None:
        there = await fetch_edge(fetch, shard, promise.size)
        if there.root() != promise.root:
            raise Tampered(private=f"the database holds other entries than {promise.who} covers: {ADVICE}")
