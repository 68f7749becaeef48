"""Clients as they stand at this moment, for those who ask at every request.

The rows behind a client are checked once and remembered with their revisions; each request compares the revisions
with the rows as they are now, in the one round trip it needs anyway. What is remembered decides nothing alone: a row
that anybody changed has another revision, and is read and checked again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from vault.crypto.keyring import KeyRing
from vault.requesters.register import CHAIN_SQL, KnownClient, Rows, checked_rows, read_rows

MOST_REMEMBERED: Final = 4096
Revisions = tuple[int, ...]
_LINKS: Final = ("c", "r", "d", "p")
_JOINED: Final = (
    "FROM clients c JOIN requesters r ON r.id = c.requester_id JOIN declarations d ON d.id = c.declaration_id "
    "JOIN permits p ON p.declaration_id = c.declaration_id"
)
_REVISIONS: Final = ", ".join(f"{link}.xmin AS {link}_xmin" for link in _LINKS)


def asking(columns: str = "", joins: str = "") -> str:
    """A statement about the client whose id is its first parameter: the revisions of its rows, one column for each,
    then ``columns``. ``joins`` must not lose the row: LEFT JOIN."""
    more = f", {columns}" if columns else ""
    return f"SELECT {_REVISIONS}{more} {_JOINED} {joins} WHERE c.id = $1"


ASK: Final = asking()
_ASK_SEVERAL: Final = f"SELECT c.id, {_REVISIONS} {_JOINED} WHERE c.id = ANY ($1)"
_LOAD: Final = f"SELECT {_REVISIONS}, chain.* {_JOINED} JOIN ({CHAIN_SQL}) chain ON chain.client_id = c.id"


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
        found = await connection.fetchrow(ASK, client_id) if client_id in self._held else None
        return await self.at(found, connection, client_id, now)

    async def several(
        self, connection: asyncpg.Connection, client_ids: Collection[UUID], now: datetime
    ) -> dict[UUID, KnownClient]:
        """Those of these clients that there are, live or not; one round trip, and one for each that changed."""
        rows = await connection.fetch(_ASK_SEVERAL, list(client_ids))
        return {row["id"]: await self.at(row, connection, row["id"], now) for row in rows}

    async def at(
        self, found: Mapping[str, Any] | None, connection: asyncpg.Connection, client_id: UUID, now: datetime
    ) -> KnownClient:
        """The client whose rows are now as a statement of :func:`asking` found them."""
        held = self._held.get(client_id)
        if held is None or found is None or held.revisions != _revisions(found):
            held = await self._load(connection, client_id)
        return read_rows(held.rows, now)

    async def _load(self, connection: asyncpg.Connection, client_id: UUID) -> _Remembered:
        self._held.pop(client_id, None)
        found = await connection.fetchrow(_LOAD, client_id)
        rows = checked_rows(self.ring, found)
        if len(self._held) >= MOST_REMEMBERED:
            self._held.pop(next(iter(self._held)))
        self._held[client_id] = _Remembered(_revisions(found), rows)
        return self._held[client_id]


def _revisions(found: Mapping[str, Any]) -> Revisions:
    return tuple(found[f"{link}_xmin"] for link in _LINKS)
