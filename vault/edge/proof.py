"""Proof that nothing about a person was left out: each of their numbers with its entry and its receipt, verified."""

from collections.abc import Sequence
from dataclasses import dataclass

from vault.db import Session
from vault.errors import Tampered, VaultError
from vault.ids import PersonId
from vault.ledger import reading
from vault.ledger.checkpoint import Checkpoint, LogKey, verify
from vault.ledger.counting import Count, CountFailed, verify_count
from vault.ledger.log import SHARD
from vault.ledger.own import OwnEntries, OwnEntry, own_entries, proven, verify_line, verify_own
from vault.ledger.proving import stated_count
from vault.ledger.reading import Line
from vault.ledger.subjects import tags
from vault.signin import Holder

AT_ONCE = 200
"""Numbers checked in one step."""
PROVEN, LATE, WAITING, WITHHELD, MISSING, DOUBLE, BROKEN = (
    "proven",
    "late",
    "on-its-way",
    "withheld",
    "missing",
    "double",
    "broken",
)
WRONG = frozenset({MISSING, DOUBLE, BROKEN})


@dataclass(frozen=True)
class Log:
    """The log that proves: its name and the keys it ever signed with."""

    origin: str
    keys: Sequence[LogKey]


@dataclass(frozen=True)
class Proven:
    """One of a person's numbers: how it stands (one of the words above), its entry where it is here, why not."""

    n: int
    state: str
    entry: reading.Entry | None
    index: int | None
    why: str = ""


@dataclass(frozen=True)
class Step:
    """The numbers ``first`` up to, not including, ``end``, under the checkpoint of ``size`` entries.

    ``note`` is the registry's signed count, ``said`` what it says. ``beyond``: an entry was not counted."""

    said: Count
    note: str
    size: int
    first: int
    end: int
    lines: list[Proven]
    beyond: bool

    @property
    def wrong(self) -> int:
        """How many numbers are not as they should be."""
        return sum(line.state in WRONG for line in self.lines) + self.beyond


async def step(session: Session, holder: Holder, log: Log, *, first: int = 0) -> Step:
    """Check the numbers from ``first`` on, at most AT_ONCE, against a fresh signed count and the newest checkpoint.

    Everything is verified as the person's own program would: the count's signature, each receipt, each tag.
    """
    k_s = holder.bundle.ledger_key
    note = await stated_count(session, PersonId(holder.id), session.ring, log.origin, shard=SHARD)
    said = verify_count(note, log.keys, k_s)
    ends = await reading.first_and_latest(session, shard=SHARD)
    size, signed = (ends[1].size, ends[1].note) if ends else (0, "")
    count = max(0, min(AT_ONCE, said.count - first))
    lines = await reading.history(session, k_s, first, count, shard=SHARD)
    trusted = verify(signed, log.keys) if signed else None
    proofs = {each.index: each for each in await proven(session, lines, size=size, shard=SHARD)}
    checked = []
    for line in lines:
        own = None if line.entry is None else proofs.get(line.entry.index)
        checked.append(_judged(line, own, trusted, k_s))
    end = first + count
    beyond = await reading.history(session, k_s, said.count, 1, shard=SHARD) if end >= said.count else []
    return Step(said, note, size, first, end, checked, any(line.entries or line.waiting for line in beyond))


async def taken_home(session: Session, holder: Holder, log: Log) -> OwnEntries:
    """Everything about the person as one file, verified before it leaves. Raises Tampered when it does not hold."""
    own = await own_entries(session, PersonId(holder.id), holder.bundle.ledger_key, log.origin, shard=SHARD)
    try:
        verify_own(own, log.keys, lambda note: verify(note, log.keys))
    except CountFailed as error:
        raise Tampered(private=f"the entries of a person are not whole: {error.public}") from error
    return own


def _judged(line: Line, own: OwnEntry | None, signed: Checkpoint | None, k_s: bytes) -> Proven:
    entry = line.entry
    index = line.withheld if entry is None else entry.index
    if len(line.entries) > 1:
        return Proven(line.n, DOUBLE, entry, index)
    if entry is None:
        state = WITHHELD if line.withheld is not None else WAITING if line.waiting else MISSING
        return Proven(line.n, state, None, index)
    if own is None or signed is None:
        return Proven(line.n, LATE, entry, index)
    try:
        verify_line(own, signed, tags(k_s, SHARD, line.n, 1)[0])
    except VaultError as error:
        return Proven(line.n, BROKEN, entry, index, error.public)
    return Proven(line.n, PROVEN, entry, index)
