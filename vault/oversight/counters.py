"""Counting what the ledger does not say: how far consents get, and how long releases take. Never contents.

Each process counts in memory and writes once a minute, by hour, organisation and code. What a process that dies had
not written is lost: these are figures, not promises.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping
from datetime import datetime
from threading import Lock
from typing import Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from vault.crypto.canonical import digest
from vault.db import Session
from vault.oversight.tables import FigureCount

STAGE: Final = "stage"
LATENCY: Final = "latency"
STAGES: Final = ("opened", "signed_in", "redeemed")
"""Stages of a consent that the ledger has no entry for; asked and decided are entries."""
CLASSES: Final = ((50, "to-50ms"), (150, "to-150ms"), (500, "to-500ms"), (1000, "to-1s"))
SLOWEST: Final = "over-1s"
NOBODY: Final = UUID(int=0)
_REMEMBERED: Final = 10_000


class Tally(NamedTuple):
    """What is counted together."""

    kind: str
    code: str
    requester: UUID


class Figures:
    """Counts of one process since they were last taken."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[Tally] = Counter()
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def latency(self, seconds: float) -> None:
        """A release was answered after so long."""
        ms = seconds * 1000
        code = next((code for below, code in CLASSES if ms < below), SLOWEST)
        with self._lock:
            self._counts[Tally(LATENCY, code, NOBODY)] += 1

    def stage(self, code: str, requester: UUID, *, of: str) -> None:
        """A consent reached a stage, counted once for ``of`` (its request), which is remembered by digest only."""
        key = digest(f"{code}:{of}".encode())
        with self._lock:
            if key in self._seen:
                return
            self._seen[key] = None
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
            self._counts[Tally(STAGE, code, requester)] += 1

    def take(self) -> Mapping[Tally, int]:
        """What was counted, and begin anew."""
        with self._lock:
            taken, self._counts = self._counts, Counter()
        return taken


async def record_figures(session: Session, counts: Mapping[Tally, int]) -> None:
    """Add what a process counted to the present hour."""
    hour = session.now.replace(minute=0, second=0, microsecond=0)
    for tally, count in sorted(counts.items()):
        row = {"hour": hour, "kind": tally.kind, "code": tally.code, "requester_id": tally.requester, "count": count}
        fresh = insert(FigureCount).values(row)
        added = {"count": FigureCount.count + fresh.excluded.count}
        await session.execute(fresh.on_conflict_do_update(index_elements=list(row)[:4], set_=added))


async def recorded(
    session: Session, since: datetime, until: datetime, requester: UUID | None = None
) -> dict[tuple[datetime, str, str], int]:
    """{(hour, kind, code): count}; of one organisation, or of all together."""
    wanted = sa.select(FigureCount.hour, FigureCount.kind, FigureCount.code, sa.func.sum(FigureCount.count)).where(
        FigureCount.hour >= since, FigureCount.hour < until
    )
    if requester is not None:
        wanted = wanted.where(FigureCount.requester_id == requester)
    rows = await session.execute(wanted.group_by(FigureCount.hour, FigureCount.kind, FigureCount.code))
    return {(hour, kind, code): int(count) for hour, kind, code, count in rows}
