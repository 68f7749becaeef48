"""Clients as they stand at this moment, for those who ask at every request.

The rows behind a client are checked once and remembered with their revisions; each request compares the revisions
with the rows as they are now, in the one round trip it needs anyway. What is remembered decides nothing alone: a row
that anybody changed has another revision, and is read and checked again.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from vault.crypto.keyring import KeyRing
from vault.requesters.register import CHAIN_SQL, KnownClient, Rows, checked_rows, read_rows

MOST_REMEMBERED: Final = 4096
Revisions = tuple[int, ...]
_JOINED: Final = (
    "FROM clients c JOIN requesters r ON r.id = c.requester_id JOIN declarations d ON d.id = c.declaration_id "
    "JOIN permits t ON t.declaration_id = c.declaration_id WHERE c.id = $1"
)
REVISIONS: Final = f"(SELECT ROW(c.xmin, r.xmin, d.xmin, t.xmin) {_JOINED})"
"""A column for a statement whose first parameter is the client's id: the revisions of its rows, or null."""
_ASK: Final = f"SELECT {REVISIONS}"
_LOAD: Final = f"SELECT {REVISIONS}, chain.* FROM ({CHAIN_SQL}) chain"  # noqa: S608 - our own names


class _Remembered(NamedTuple):
    revisions: Revisions
    rows: Rows


@dataclass(frozen=True)
class KnownClients:
    """The clients that one process has seen. At most 4,096; the one seen first goes first."""

    ring: KeyRing
    _held: dict[UUID, _Remembered] = field(default_factory=dict)

    async def client(self, connection: asyncpg.Connection, client_id: UUID, now: datetime) -> KnownClient:
        """The client, live or not, in one round trip; in two where it changed. Raises NotFound, Tampered."""
        revisions = await connection.fetchval(_ASK, client_id) if client_id in self._held else None
        return await self.at(revisions, connection, client_id, now)

    async def at(
        self, revisions: Revisions | None, connection: asyncpg.Connection, client_id: UUID, now: datetime
    ) -> KnownClient:
        """The client whose rows have these revisions now: what :data:`REVISIONS` gave."""
        held = self._held.get(client_id)
        if held is None or revisions is None or held.revisions != tuple(revisions):
            held = await self._load(connection, client_id)
        return read_rows(held.rows, now)

    async def _load(self, connection: asyncpg.Connection, client_id: UUID) -> _Remembered:
        self._held.pop(client_id, None)
        found = await connection.fetchrow(_LOAD, client_id)
        rows = checked_rows(self.ring, found)
        if len(self._held) >= MOST_REMEMBERED:
            self._held.pop(next(iter(self._held)))
        self._held[client_id] = _Remembered(tuple(found[0]), rows)
        return self._held[client_id]
