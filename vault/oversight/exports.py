"""Exports: what answers a question, as a file: made in the background, resumed after a crash, fetched in pieces.

An export is of the ledger as it stood when it was ordered. The worker writes it part by part, each in one transaction
with how far it came, so that nothing is made twice and nothing is lost. Only whoever ordered it can fetch it, only
while their mandate is in force; both are entries. After a week it is gone.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from vault import ids
from vault.db import Database, Session
from vault.errors import Conflict, Invalid, NotFound, VaultError
from vault.ids import StaffId
from vault.ledger import log, reading, searching
from vault.ledger.events import Event, regulator
from vault.ledger.page_proofs import checkpoint_at, prove
from vault.ledger.searching import Sieve
from vault.oversight import formats
from vault.oversight.asking import Question, check_within
from vault.oversight.queries import ask, places_of
from vault.oversight.tables import Export, ExportPart, ExportProgress
from vault.registry.mandates import EXPORTS, mandated
from vault.signin import Holder

LIFE: Final = timedelta(days=7)
MOST: Final = 5_000_000
"""Entries of one export; who needs more takes the ledger whole."""
AT_ONCE: Final = 4_000
MOST_RUNNING: Final = 5
RUNNING, DONE = "running", "done"
EVERY: Final = 2.0
"""Seconds between two looks for what was ordered."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Ordered:
    """An export as its regulator sees it: ``made`` of ``total`` entries, ``length`` bytes so far."""

    id: UUID
    format: str
    state: str
    total: int
    made: int
    length: int
    at: datetime
    ends_at: datetime


async def order(db: Database, holder: Holder, question: Question, kind: str) -> Ordered:
    """Order an export. Records ``query.made`` and ``export.ordered``. Raises Invalid, Conflict, OutsideMandate."""
    if kind not in formats.FORMATS:
        raise Invalid.field("format", f"is one of {', '.join(formats.FORMATS)}")
    if question.reference is not None:
        raise Invalid.field("reference", "is for questions; what is about one person is not exported")
    allowed = await ask(db, holder, question, power=EXPORTS)
    return await db.run(_order, holder, allowed.sieve, kind, asked=question.digest(db.ring))


async def listing(session: Session, holder: Holder) -> list[Ordered]:
    """One's own exports that are still there, newest first."""
    member, _ = await mandated(session, holder, EXPORTS)
    wanted = (
        sa.select(Export, ExportProgress)
        .join(ExportProgress, ExportProgress.export_id == Export.id)
        .where(Export.regulator_id == member.id, Export.ends_at > session.now)
    )
    rows = await session.execute(wanted.order_by(Export.id.desc()).limit(100))
    return [_ordered(row, progress) for row, progress in rows]


async def one(session: Session, holder: Holder, export_id: UUID) -> Ordered:
    """One of one's own exports. NotFound for anybody else's, OutsideMandate for what a narrower mandate lets go no
    more."""
    return _ordered(*await _own(session, holder, export_id))


async def fetch(
    session: Session, holder: Holder, export_id: UUID, *, first: int = 0, most: int
) -> tuple[Ordered, bytes]:
    """At most so many bytes of a finished export from its byte ``first`` on. Records ``export.fetched``.

    Raises Conflict while it is being made, Invalid for a place beyond its end, NotFound, OutsideMandate.
    """
    row, progress = await _own(session, holder, export_id)
    if progress.state != DONE:
        raise Conflict("This export is still being made.")
    if not 0 <= first < max(1, progress.length):
        raise Invalid.field("first", f"must be below {progress.length}")
    wanted = (
        sa.select(ExportPart.first, ExportPart.content)
        .where(
            ExportPart.export_id == row.id,
            ExportPart.first < first + most,
            ExportPart.first + sa.func.octet_length(ExportPart.content) > first,
        )
        .order_by(ExportPart.number)
    )
    found = bytearray()
    for at, content in await session.execute(wanted):
        found += content[max(0, first - at) : first + most - at]
    event = Event(name="export.fetched", actor=regulator(holder.id), ref=ids.public(ids.EXPORT, row.id))
    await log.append(session, event)
    return _ordered(row, progress), bytes(found)


async def make_next(session: Session, *, at_once: int = AT_ONCE) -> bool:
    """Make one part, of at most so many entries, of the oldest export not finished. Returns whether there was any."""
    wanted = sa.select(ExportProgress).where(ExportProgress.state == RUNNING).order_by(ExportProgress.export_id)
    progress = await session.scalar(wanted.limit(1).with_for_update(skip_locked=True))
    if progress is None:
        return False
    row = await session.get_one(Export, progress.export_id)
    sieve = _sieve(row.sieve)
    if progress.parts == 0:
        note = await checkpoint_at(session, row.size)
        _put(session, row, progress, formats.begin(row.format, _told(row), note))
    indexes = await searching.find(session, sieve, before=progress.below, limit=at_once)
    entries = await searching.entries_at(session, indexes)
    if entries:
        proof = await prove(session, entries, size=row.size) if row.format == formats.BUNDLE else None
        content, made = formats.part(row.format, entries, proof, offset=progress.length)
        _put(session, row, progress, content)
        progress.entries += len(entries)
        progress.made = [*progress.made, made]
    if indexes:
        progress.below = indexes[-1]
    if len(indexes) < at_once:
        _put(session, row, progress, formats.end(row.format, progress.made))
        progress.state, progress.made = DONE, []
    return True


async def delete_ended(session: Session) -> int:
    """Tidying: exports whose time is over, with their parts."""
    gone = await session.execute(sa.delete(Export).where(Export.ends_at <= session.now))
    return int(getattr(gone, "rowcount", 0))


async def _order(session: Session, holder: Holder, sieve: Sieve, kind: str, *, asked: bytes) -> Ordered:
    member, _ = await mandated(session, holder, EXPORTS)
    running = sa.select(sa.func.count()).select_from(Export).join(ExportProgress, ExportProgress.export_id == Export.id)
    mine = running.where(Export.regulator_id == member.id, ExportProgress.state == RUNNING)
    if int(await session.scalar(mine) or 0) >= MOST_RUNNING:
        raise Conflict("Wait until your other exports are made.")
    ends = await reading.first_and_latest(session)
    size = ends[1].size if ends else 0
    total = 0
    async for stretch in searching.stretches(session, sieve, below=size):
        total += len(stretch)
    if total > MOST:
        raise Invalid.field("question", f"finds {total} entries; an export holds {MOST} at most")
    row = Export(
        id=ids.new_uuid(),
        regulator_id=StaffId(member.id),
        format=kind,
        sieve={
            "facets": {facet: sorted(values) for facet, values in sieve.facets.items()},
            "since": sieve.since,
            "until": sieve.until,
        },
        size=size,
        total=total,
        at=session.now,
        ends_at=session.now + LIFE,
    )
    session.add(row)
    await session.flush()
    progress = ExportProgress(export_id=row.id, state=RUNNING, entries=0, parts=0, length=0, below=size, made=[])
    session.add(progress)
    ref = ids.public(ids.EXPORT, row.id)
    who = regulator(member.id)
    await log.append(session, Event(name="export.ordered", actor=who, ref=ref, digest=asked, count=total, outcome=kind))
    return _ordered(row, progress)


async def _own(session: Session, holder: Holder, export_id: UUID) -> tuple[Export, ExportProgress]:
    member, mandate = await mandated(session, holder, EXPORTS)
    row = await session.get(Export, export_id)
    if row is None or row.regulator_id != member.id or row.ends_at <= session.now:
        raise NotFound("There is no such export.")
    check_within(_sieve(row.sieve), mandate, await places_of(session, mandate))
    return row, await session.get_one(ExportProgress, export_id)


def _put(session: Session, row: Export, progress: ExportProgress, content: bytes) -> None:
    session.add(ExportPart(export_id=row.id, number=progress.parts, first=progress.length, content=content))
    progress.parts += 1
    progress.length += len(content)


def _told(row: Export) -> dict[str, Any]:
    return {
        "export": ids.public(ids.EXPORT, row.id),
        "regulator": ids.public(ids.REGULATOR, row.regulator_id),
        "ordered_at": row.at.isoformat(),
        "tree_size": row.size,
        "entries": row.total,
        "question": row.sieve,
    }


def _sieve(stored: dict[str, Any]) -> Sieve:
    facets = {facet: frozenset(values) for facet, values in stored["facets"].items()}
    return Sieve(facets, stored["since"], stored["until"])


def _ordered(row: Export, progress: ExportProgress) -> Ordered:
    return Ordered(
        id=row.id,
        format=row.format,
        state=progress.state,
        total=row.total,
        made=progress.entries,
        length=progress.length,
        at=row.at,
        ends_at=row.ends_at,
    )


async def make_all(db: Database) -> None:
    """Make whatever is ordered, part by part, until nothing is left."""
    while await db.run(make_next):
        pass


async def run(db: Database) -> None:
    """Make what is ordered until cancelled; what fails is logged and tried again."""
    while True:
        try:
            await make_all(db)
        except (VaultError, SQLAlchemyError, OSError) as error:
            _log.warning("export_failed", kind=type(error).__name__)
        await asyncio.sleep(EVERY)
