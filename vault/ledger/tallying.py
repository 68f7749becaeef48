"""Counting entries by hour, event and reason, from postings where there are, from bodies where not yet.

Acts on a session of any run-time role.
"""

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa

from vault.crypto.canonical import reread
from vault.db import Session
from vault.ledger.log import SHARD
from vault.ledger.postings import HOUR_MS
from vault.ledger.searching import Block, Sieve, blocks, fitting_bits, indexed, postings
from vault.ledger.tables import BodyRow

_AT_ONCE = 64
"""Blocks in one round trip."""


class Cell(NamedTuple):
    """What is counted together: the hour since 1970, the event, the reason where reasons are told apart."""

    hour: int
    event: str
    reason: str


async def counted(
    session: Session, sieve: Sieve, events: Collection[str], reasoned: Collection[str] = (), *, shard: int = SHARD
) -> Counter[Cell]:
    """How many entries of these events fit, by hour; of the events in ``reasoned`` by reason too.

    The sieve's period must begin and end with an hour. Raises Tampered.
    """
    end = await indexed(session, shard)
    found = await _of_the_rest(session, sieve, events, reasoned, end=end)
    every = await blocks(session, sieve, below=end, shard=shard)
    for first in range(0, len(every), _AT_ONCE):
        await _add(session, sieve, (events, reasoned), every[first : first + _AT_ONCE], found)
    return found


async def _add(
    session: Session,
    sieve: Sieve,
    wanted: tuple[Collection[str], Collection[str]],
    window: list[Block],
    found: Counter[Cell],
) -> None:
    events, reasoned = wanted
    span = [block.number for block in window]
    fitting = await fitting_bits(session, sieve, window)
    by_event = await postings(session, "event", events, numbers=span)
    by_hour = await postings(session, "hour", None, numbers=span)
    by_reason = await postings(session, "reason", None, numbers=span) if reasoned else {}
    for hour_text, of_hour in by_hour.items():
        hour = int(hour_text)
        if not sieve.holds(hour * HOUR_MS):
            continue
        for number, in_hour in of_hour.items():
            base = in_hour & fitting[number]
            for event, of_event in by_event.items():
                bits = base & of_event.get(number, 0)
                if not bits:
                    continue
                if event not in reasoned:
                    found[Cell(hour, event, "")] += bits.bit_count()
                    continue
                for reason, of_reason in by_reason.items():
                    if count := (bits & of_reason.get(number, 0)).bit_count():
                        found[Cell(hour, event, reason)] += count


async def _of_the_rest(
    session: Session, sieve: Sieve, events: Collection[str], reasoned: Collection[str], *, end: int
) -> Counter[Cell]:
    """The same of entries that are not indexed yet."""
    wanted = sa.select(BodyRow.body).where(
        BodyRow.shard == SHARD, BodyRow.idx >= end, BodyRow.event.in_(sorted(events))
    )
    found: Counter[Cell] = Counter()
    for body in await session.scalars(wanted):
        members = reread(body)
        if sieve.fits(members):
            reason = members.get("reason", "") if members["event"] in reasoned else ""
            found[Cell(members["at"] // HOUR_MS, members["event"], reason)] += 1
    return found
