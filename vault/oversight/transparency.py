"""What everybody may know: how much is released, refused and withdrawn, and what is hidden from people now.

Whole months alone, so that no count can be watched while it grows; small counts are kept back (see ``suppressing``).
What is hidden is counted exactly: it is the authorities that are counted, and no count of theirs points at a person.
The day on which an access opens is given by its month, since the exact day stands in the person's own line.
"""

from datetime import timedelta

import msgspec

from vault.db import Database
from vault.ledger import hidden
from vault.oversight.figures import CHINA, bucket, everybodys
from vault.oversight.suppressing import shared
from vault.requesters.names import how_many

SHOWN = (
    "release.delivered",
    "release.refused",
    "release.approved",
    "release.denied",
    "consent.requested",
    "grant.given",
    "grant.declined",
    "grant.changed",
    "grant.withdrawn",
    "grant.expired",
    "query.made",
    "access.hidden",
)
_YEAR = timedelta(days=365)


class Series(msgspec.Struct, frozen=True):
    """Counts by month; null: one to nine. ``total`` is exact where ``whole``, else at least so many."""

    name: str
    counts: list[int | None]
    total: int
    whole: bool


class HiddenCount(msgspec.Struct, frozen=True):
    """How many accesses an authority hides on a ground (``hidden.GROUNDS``) now, and in which months they open."""

    authority: str
    ground: str
    count: int
    first_opens: str
    last_opens: str


class Transparency(msgspec.Struct, frozen=True):
    """``months`` as ``2026-11``. ``unexplained``: hidden accesses in the ledger that the register does not count."""

    months: list[str]
    series: list[Series]
    hidden: list[HiddenCount]
    hidden_ever: int
    unexplained: int
    requesters: int


async def transparency(db: Database) -> Transparency:
    """The last twelve whole months, and what is hidden now. Raises Tampered when a row was edited."""
    until = bucket(db.clock.now(), "month")
    since = bucket(until - _YEAR, "month")
    found = await everybodys(db, since, until)
    async with db.begin() as session:
        now_hidden = await hidden.counts(session)
        kept, said = await hidden.totals(session)
        requesters = await how_many(session)
    return Transparency(
        months=[f"{at:%Y-%m}" for at in found.buckets],
        series=[_series(name, found.series[name]) for name in SHOWN],
        hidden=[
            HiddenCount(
                each.authority,
                each.ground,
                each.count,
                f"{each.first_until.astimezone(CHINA):%Y-%m}",
                f"{each.last_until.astimezone(CHINA):%Y-%m}",
            )
            for each in now_hidden
        ],
        hidden_ever=kept,
        unexplained=max(0, said - kept),
        requesters=requesters,
    )


def _series(name: str, counts: list[int]) -> Series:
    seen = shared(counts)
    return Series(name, list(seen.counts), seen.total, seen.is_whole)
