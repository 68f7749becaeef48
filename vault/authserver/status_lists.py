"""Token status lists as they are published (draft-ietf-oauth-status-list, sections 4, 5 and 8).

For those who check a token without asking about it: one signed document per list, the same for everybody, so that who
looks tells nobody which token it holds. Two bits an index: 0 valid, 1 invalid, 2 suspended. What ends a token shows
within ``SHOWS_WITHIN`` seconds for whoever keeps to ``ttl``; our own API does not wait for it.
"""

import asyncio
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from vault.authserver.signed import sign_status_list
from vault.authserver.tokens import status_list_url
from vault.clock import millis
from vault.consent.status import SIZE, decoys
from vault.consent.status_reading import Entry, Listed, all_lists, checked, find_list, rows_of
from vault.crypto.canonical import b64
from vault.db import Database
from vault.requesters.known import KnownClients
from vault.requesters.liveness import Lapses
from vault.requesters.standing import Capability, State

TYP: Final = "statuslist+jwt"
MEDIA_TYPE: Final = f"application/{TYP}"
BITS: Final = 2
VALID, INVALID, SUSPENDED = 0, 1, 2
SHOWS_WITHIN: Final = 60
"""Seconds after which a change is in every copy that is still good."""
REUSED: Final = 10
"""Seconds for which one process answers with the same document."""
TTL: Final = SHOWS_WITHIN - REUSED
_LIFE: Final = timedelta(seconds=600)
_DECOYS_OVER: Final = timedelta(days=400)
"""The time over which a list's decoys seem to end."""
_MOST_HELD: Final = 256


@dataclass(frozen=True)
class Published:
    """One list, signed. ``made_at``: what it says was true then."""

    token: str
    made_at: datetime

    def max_age(self, now: datetime) -> int:
        """Seconds for which a copy taken now may be kept."""
        return max(0, TTL - int((now - self.made_at).total_seconds()))


@dataclass(frozen=True)
class PublishedLists:
    """The lists of one process, each made anew when the last one is ``REUSED`` seconds old."""

    database: Database
    issuer: str
    clients: KnownClients
    _held: dict[UUID, Published] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def one(self, list_id: UUID) -> Published:
        """The list as it is now, or was a moment ago. Raises NotFound; Tampered when an entry was edited."""
        async with self._lock:  # whoever comes meanwhile gets the same document
            held, now = self._held.get(list_id), self.database.clock.now()
            if held is not None and now - held.made_at < timedelta(seconds=REUSED):
                return held
            self._held.pop(list_id, None)
            made = await self._make(list_id, now)
            if len(self._held) >= _MOST_HELD:
                self._held.pop(next(iter(self._held)))
            self._held[list_id] = made
            return made

    async def all(self) -> list[str]:
        """The addresses of all lists (section 9.3)."""
        found = await self.database.run(all_lists)
        return [status_list_url(self.issuer, each) for each in found]

    async def _make(self, list_id: UUID, now: datetime) -> Published:
        listed = await self.database.run(find_list, list_id)
        async with (await self.database.pool()).acquire() as connection:
            rows = await rows_of(connection, list_id)
            known = await self.clients.several(connection, {row["client_id"] for row in rows}, now)
        stopped = {client: worst(each.lapses) for client, each in known.items()}
        ring = self.database.ring
        entries = await asyncio.to_thread(checked, ring, rows)  # a withdrawal cannot be taken back in SQL
        claims = {
            "iss": self.issuer,
            "sub": status_list_url(self.issuer, list_id),
            "iat": millis(now) // 1000,
            "exp": millis(now + _LIFE) // 1000,
            "ttl": TTL,
            "status_list": {"bits": BITS, "lst": packed(_values(listed, entries, stopped=stopped, now=now))},
        }
        return Published(sign_status_list(ring, TYP, claims), now)


def packed(values: Mapping[int, int]) -> str:
    """Section 4.1: two bits an index, the lowest bits first, compressed with zlib, base64url."""
    raw = bytearray(SIZE * BITS // 8)
    for index, value in values.items():
        raw[index // 4] |= value << (index % 4 * BITS)
    return b64(zlib.compress(bytes(raw), 9))


def worst(lapses: Lapses) -> int:
    """What a client's standing makes of its tokens."""
    if not lapses.stopping(Capability.DISCLOSE):
        return VALID
    return SUSPENDED if {state for _, state in lapses.found} <= {State.SUSPENDED, State.NOT_YET_VALID} else INVALID


def _values(listed: Listed, entries: list[Entry], *, stopped: Mapping[UUID, int], now: datetime) -> dict[int, int]:
    """Every index that is not valid; those of clients that are gone are invalid."""
    gone = (now - listed.opened_at) / _DECOYS_OVER
    values = {index: INVALID for index, moment in decoys(listed.seed).items() if moment <= gone}
    for entry in entries:
        ended = entry.has_ended or now >= entry.until
        value = INVALID if ended else stopped.get(entry.client_id, INVALID)
        if value == VALID and entry.is_suspended(now):
            value = SUSPENDED
        if value != VALID:
            values[entry.place] = value
    return values
