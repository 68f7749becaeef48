"""Refusals of strangers, in aggregate: what the meter counted becomes one entry per check."""

from collections.abc import Mapping

from vault.db import Session
from vault.ledger.events import REGISTRY, Event
from vault.ledger.log import append


async def record_strangers(session: Session, counts: Mapping[str, int]) -> int:
    """Write down how often each check refused somebody unknown; give it ``Meter.take()``. Returns how many entries."""
    for check, count in sorted(counts.items()):
        await append(session, Event(name="refusals.counted", actor=REGISTRY, reason=check, count=count))
    return len(counts)
