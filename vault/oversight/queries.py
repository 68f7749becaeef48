"""Questions to the ledger: each recorded first, in a transaction of its own, and answered in the regulators' role."""

from dataclasses import asdict, dataclass
from typing import Final

from vault.crypto.canonical import canonical, digest, plain
from vault.db import REGULATOR, Database, Session
from vault.errors import Invalid, NotFound
from vault.ledger import log, reading
from vault.ledger.events import Event, regulator
from vault.ledger.reading import MOST_ROWS, Entry, Question
from vault.ledger.receipt import Consistency, Receipt
from vault.registry import regulator as regulator_now
from vault.signin import Holder

ROLE: Final = "oversight"
_LAST: Final = 2**62


@dataclass(frozen=True, slots=True)
class Found:
    """Entries that fit a question, newest first. ``next``: pass it as ``before`` for older ones; None: no more."""

    entries: list[Entry]
    next: int | None


async def search(
    db: Database, holder: Holder, question: Question, *, before: int | None = None, limit: int = 100
) -> Found:
    """A page of entries, at most 500. Takes the role oversight; Refused otherwise. Records ``query.made``."""
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid.field("limit", f"must be 1 to {MOST_ROWS}")
    asked = {name: plain(value) for name, value in asdict(question).items() if value is not None}
    await db.run(_record, holder, {"search": asked, "before": before, "limit": limit})
    async with db.begin(REGULATOR) as session:
        entries = await reading.page(session, question, before=_within(before), limit=limit + 1)
    page = entries[:limit]
    return Found(page, page[-1].index if len(entries) > limit else None)


async def entry(db: Database, holder: Holder, index: int) -> tuple[Entry, Receipt]:
    """One entry by its index, and what proves it to anybody. NotFound. Records ``query.made``."""
    await db.run(_record, holder, {"entry": index})
    if not 0 <= index < _LAST:
        raise NotFound("There is no such entry.")
    async with db.begin(REGULATOR) as session:
        found = await reading.page(session, Question(), before=index + 1, limit=1)
        if not found or found[0].index != index:
            raise NotFound("There is no such entry.")
        return found[0], await reading.receipt_at(session, index)


async def consistency(db: Database, holder: Holder, first: int, second: int) -> Consistency:
    """Proof that the ledger at the size ``first`` is the beginning of that at ``second``. Records ``query.made``."""
    await db.run(_record, holder, {"consistency": [first, second]})
    async with db.begin(REGULATOR) as session:
        return await reading.consistency(session, first, second)


async def _record(session: Session, holder: Holder, question: dict[str, object]) -> None:
    member = await regulator_now(session, holder, ROLE)
    asked = digest(canonical(["question", 1, question]))
    await log.append(session, Event(name="query.made", actor=regulator(member.id), digest=asked))


def _within(before: int | None) -> int | None:
    return None if before is None else max(0, min(before, _LAST))
