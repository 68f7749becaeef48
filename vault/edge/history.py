"""A person's own lines of the ledger, found with the key that only they and the running registry have."""

from dataclasses import dataclass

from vault.crypto.canonical import b64
from vault.db import Session
from vault.errors import NotFound
from vault.ids import PersonId
from vault.ledger import hidden, reading, subjects
from vault.ledger.log import SHARD
from vault.ledger.reading import Entry
from vault.ledger.receipt import Receipt
from vault.signin import Holder

MOST_LINES = 500
_AT_ONCE = 2_000


@dataclass(frozen=True)
class History:
    """The lines numbered ``first`` up to, not including, ``end`` of ``total``: their entries, newest first.

    ``waiting`` of them are on their way into the tree; ``missing`` must be 0, else something was left out or
    the registry's counter was set back.
    """

    entries: list[Entry]
    first: int
    end: int
    total: int
    waiting: int
    missing: int


async def own_history(session: Session, holder: Holder, *, before: int | None = None, limit: int = 50) -> History:
    """The newest ``limit`` lines, or those numbered below ``before``. Every number must have exactly one entry,
    or one on its way; the number after the last must have none."""
    _, total = await subjects.key_and_count(session, PersonId(holder.id))
    end = total if before is None else max(0, min(before, total))
    first = max(0, end - max(1, min(limit, MOST_LINES)))
    lines = await reading.history(session, holder.bundle.ledger_key, first, end - first)
    beyond = await reading.history(session, holder.bundle.ledger_key, total, 1)
    faults = sum(len(line.entries) + line.waiting + (line.withheld is not None) != 1 for line in lines)
    return History(
        entries=await hidden.lift(session, [entry for line in reversed(lines) for entry in line.entries]),
        first=first,
        end=end,
        total=total,
        waiting=sum(line.waiting for line in lines),
        missing=faults + bool(beyond[0].entries or beyond[0].waiting),
    )


async def own_receipt(session: Session, holder: Holder, index: int) -> tuple[Entry, Receipt]:
    """One's own entry at an index of the ledger, with its receipt. NotFound for anybody else's."""
    found = await reading.page(session, reading.Question(), before=min(index, 2**62) + 1, limit=1)
    if not found or found[0].index != index or not await _is_mine(session, holder, found[0]):
        raise NotFound("You have no such entry.")
    return (await hidden.lift(session, found))[0], await reading.receipt_at(session, index)


async def _is_mine(session: Session, holder: Holder, entry: Entry) -> bool:
    tag = entry.members.get("tag")
    _, total = await subjects.key_and_count(session, PersonId(holder.id))
    return tag is not None and any(
        tag in {b64(each) for each in subjects.tags(holder.bundle.ledger_key, SHARD, first, _AT_ONCE)}
        for first in range(0, total, _AT_ONCE)
    )
