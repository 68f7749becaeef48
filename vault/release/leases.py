"""Quotas that all server processes share, leased in blocks so that a release costs no round trip of its own.

A process takes a block of the period's count with one statement, which never gives more than is left, and uses it up
from memory. Who crashes loses at most a block; nothing is ever handed out twice. What is left of a block when its limit
changes goes back before a new one is taken; when its period ends it lapses. Limits are read anew every second, so that
a lower one, or the registry slowing a requester down, holds everywhere a second later. Blocks get smaller as a period
runs out, so that little lies idle in one process while another one refuses.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final
from uuid import UUID

import asyncpg

from vault.clock import monotonic
from vault.crypto.keyring import KeyRing
from vault.release.refusals import QuotaSpent
from vault.release.tables import RequesterQuota
from vault.requesters.restrictions import ZONE

BLOCK: Final = 64
READ_AGAIN: Final = 1.0
"""Seconds for which a limit is remembered."""
MOST_KEPT: Final = 4096
DEFAULT_PER_DAY: Final = 1_000_000
"""Releases a day of a requester of which nothing else is said."""
QUOTA: Final = "quota"
RATE: Final = "rate"

_COLUMNS: Final = (*RequesterQuota.guarded_columns(), "mac")
_READ: Final = f"SELECT {', '.join(_COLUMNS)} FROM requester_quotas WHERE requester_id = $1"  # noqa: S608 - names of columns
_BEGIN: Final = """
INSERT INTO quota_periods (requester_id, kind, starts, leased) VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING
"""
_LEASE: Final = """
UPDATE quota_periods p SET leased = b.kept + b.taken
FROM (
    SELECT k.kept, LEAST($5::bigint, GREATEST(1, ($4::bigint - k.kept) / 16), GREATEST(0, $4 - k.kept)) AS taken
    FROM (
        SELECT GREATEST(0, leased - $6::bigint) AS kept FROM quota_periods
        WHERE requester_id = $1 AND kind = $2 AND starts = $3
        FOR UPDATE
    ) k
) b
WHERE p.requester_id = $1 AND p.kind = $2 AND p.starts = $3
RETURNING b.taken
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """``count`` releases in each ``period``; ``kind`` is ``quota`` (of a day in the registry's zone) or ``rate``."""

    kind: str
    count: int

    def period(self, now: datetime) -> tuple[datetime, datetime]:
        """Beginning and end of the period that ``now`` is in."""
        local = now.astimezone(ZONE)
        if self.kind == RATE:
            start = local.replace(second=0, microsecond=0)
            return start, start + timedelta(minutes=1)
        start = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return start, start + timedelta(days=1)


@dataclass(slots=True)
class _Block:
    """What this process may still use of one period. ``count``: the limit under which it was leased."""

    starts: datetime
    count: int
    left: int


@dataclass(slots=True)
class _Known:
    """A requester's limits as they were read, and its blocks by kind of limit."""

    limits: list[Limit]
    slowed_until: datetime | None
    read_at: float
    blocks: dict[str, _Block]


class Leases:
    """The blocks of one server process."""

    def __init__(
        self, pool: asyncpg.Pool, ring: KeyRing, *, per_day: int = DEFAULT_PER_DAY, read_again: float = READ_AGAIN
    ) -> None:
        self._pool = pool
        self._ring = ring
        self._per_day = per_day
        self._read_again = read_again
        self._known: dict[UUID, _Known] = {}
        self._leasing = asyncio.Lock()

    async def take(self, requester: UUID, now: datetime) -> None:
        """Use one release of each limit. Raises QuotaSpent, after which nothing is used; Tampered."""
        if self.take_known(requester, now):
            return
        async with self._leasing:
            await self._renew(requester, now)
            while not self.take_known(requester, now, is_read=True):  # somebody else may have been faster
                await self._renew(requester, now)

    def give_back(self, requester: UUID, now: datetime) -> None:
        """What was taken came to nothing."""
        known = self._known.get(requester)
        for limit in known.limits if known else ():
            block = known.blocks.get(limit.kind) if known else None
            if block is not None and block.starts == limit.period(now)[0]:
                block.left += 1

    def take_known(self, requester: UUID, now: datetime, *, is_read: bool = False, count: int = 1) -> bool:
        """Use ``count`` releases of each limit, if this process has leased as many; otherwise none."""
        known = self._known.get(requester)
        if known is None or not (is_read or self._is_recent(known)):
            return False
        blocks = [known.blocks.get(limit.kind) for limit in _now(known, now)]
        for limit, block in zip(_now(known, now), blocks, strict=True):
            if (
                block is None
                or block.left < count
                or (block.starts, block.count) != (limit.period(now)[0], limit.count)
            ):
                return False
        for block in blocks:
            if block is not None:
                block.left -= count
        return True

    def _is_recent(self, known: _Known) -> bool:
        return monotonic() - known.read_at < self._read_again

    async def _renew(self, requester: UUID, now: datetime) -> None:
        """Read the limits where that is long ago, and lease what is missing. Raises QuotaSpent, Tampered."""
        async with self._pool.acquire() as connection:
            known = await self._read(connection, requester)
            for limit in _now(known, now):
                starts, ends = limit.period(now)
                block = known.blocks.get(limit.kind)
                if block is not None and block.left and (block.starts, block.count) == (starts, limit.count):
                    continue
                back = block.left if block is not None and block.starts == starts else 0
                # Whatever becomes of the statement, what goes back is not used; what comes back meanwhile is.
                block = known.blocks[limit.kind] = _Block(starts, limit.count, 0)
                taken = await _lease(connection, requester, limit, starts=starts, back=back)
                block.left += taken
                if not block.left:
                    wait = max(1, ceil((ends - now).total_seconds()))
                    raise QuotaSpent(retry_after=wait, limit=limit.kind)

    async def _read(self, connection: Any, requester: UUID) -> _Known:
        known = self._known.get(requester)
        if known is not None and self._is_recent(known):
            return known
        read_at = monotonic()
        row = await connection.fetchrow(_READ, requester)
        limits, until = [Limit(QUOTA, self._per_day)], None
        if row is not None:
            RequesterQuota.check(self._ring, row)
            limits = [Limit(QUOTA, self._per_day if row["per_day"] is None else row["per_day"])]
            until = row["slowed_until"]
            if until is not None:
                limits.append(Limit(RATE, row["per_minute"]))
        while len(self._known) >= MOST_KEPT and requester not in self._known:
            del self._known[next(iter(self._known))]
        self._known[requester] = _Known(limits, until, read_at, known.blocks if known else {})
        return self._known[requester]


def _now(known: _Known, now: datetime) -> list[Limit]:
    """The limits that hold at this moment: slowing down has an end."""
    is_slowed = known.slowed_until is not None and now < known.slowed_until
    return [limit for limit in known.limits if limit.kind == QUOTA or is_slowed]


async def _lease(connection: Any, requester: UUID, limit: Limit, *, starts: datetime, back: int) -> int:
    asked = (requester, limit.kind, starts, limit.count, BLOCK, back)
    taken = await connection.fetchval(_LEASE, *asked)
    if taken is None:
        await connection.execute(_BEGIN, requester, limit.kind, starts)
        taken = await connection.fetchval(_LEASE, *asked)
    return int(taken or 0)
