"""Everything about one person, to take home: their ledger key, the registry's signed count, every entry with its proof.

All proofs lead to one checkpoint. Verified by :func:`verify_own` here, by the page /verify, and by examples/verify.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from vault.crypto.canonical import b64, reread, unb64
from vault.db import Session
from vault.ids import PersonId
from vault.ledger import reading
from vault.ledger.checkpoint import Checkpoint, LogKey
from vault.ledger.counting import Count, CountFailed, verify_count
from vault.ledger.proofs import verify_inclusion
from vault.ledger.proving import receipts_at, stated_count
from vault.ledger.reading import Line
from vault.ledger.receipt import decode
from vault.ledger.subjects import tags
from vault.ledger.tree import leaf_hash

OWN: Final = "pivault-own-entries/v1"
AT_ONCE: Final = 500


class OwnEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One's entry number ``n``: where it is and what proves it; ``withheld``: its bytes are archived or removed."""

    n: int
    index: int
    entry: str = ""
    inclusion_path: list[str] = []
    withheld: bool = False


class OwnEntries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file. JSON in this shape. Whoever has it can tell which entries are about the person: keep it safe.

    ``kind`` is OWN, ``key`` base64url of 32 bytes, ``statement`` a signed count (``counting``), ``checkpoint`` the
    signed note under which all inclusion paths are; empty while no entry is in the tree.
    """

    kind: str
    origin: str
    shard: int
    key: str
    statement: str
    checkpoint: str
    entries: list[OwnEntry]


@dataclass(frozen=True, slots=True)
class VerifiedOwn:
    """What held: the registry's count, the checkpoint, how many entries were proven, are withheld, on their way."""

    count: Count
    checkpoint: Checkpoint | None
    proven: int
    withheld: int
    waiting: int


async def own_entries(session: Session, person: PersonId, k_s: bytes, origin: str, *, shard: int = 0) -> OwnEntries:
    """The file of a person, from one moment of the ledger. Raises NotFound, Tampered."""
    statement = await stated_count(session, person, session.ring, origin, shard=shard)
    count = int(statement.split("\n")[4])
    ends = await reading.first_and_latest(session, shard=shard)
    size, note = (ends[1].size, ends[1].note) if ends else (0, "")
    entries: list[OwnEntry] = []
    for first in range(0, count, AT_ONCE):
        lines = await reading.history(session, k_s, first, min(AT_ONCE, count - first), shard=shard)
        entries += await proven(session, lines, size=size, shard=shard)
    return OwnEntries(OWN, origin, shard, b64(k_s), statement, note, entries)


async def proven(session: Session, lines: Sequence[Line], *, size: int, shard: int = 0) -> list[OwnEntry]:
    """A person's lines, each with its proof under the checkpoint of that size; those it covers."""
    indexes = [entry.index for line in lines for entry in line.entries]
    receipts = await receipts_at(session, indexes, size=size, shard=shard)
    found = []
    for line in lines:
        for entry in line.entries:
            if (receipt := receipts.get(entry.index)) is not None:
                found.append(OwnEntry(line.n, entry.index, receipt.entry, receipt.inclusion_path))
        if line.withheld is not None:
            found.append(OwnEntry(line.n, line.withheld, withheld=True))
    return found


def is_own(document: bytes) -> bool:
    """Whether a document claims to be such a file."""
    return OWN.encode() in document[:4096]


def read_own(document: bytes) -> OwnEntries:
    """The file, read and not verified. Raises CountFailed."""
    try:
        own = msgspec.json.decode(document, type=OwnEntries)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CountFailed(f"This is not a file of one's own entries: {error}") from None
    if own.kind != OWN or not 0 <= own.shard < 1 << 15:
        raise CountFailed("This is not a file of one's own entries.")
    return own


def verify_own(own: OwnEntries, keys: Sequence[LogKey], believe: Callable[[str], Checkpoint]) -> VerifiedOwn:
    """Verify everything in the file. Raises CountFailed, CheckpointFailed, ProofFailed, ReceiptFailed, each a sentence.

    ``keys``: the log's; ``believe`` gives the checkpoint of a note, by key or by policy.
    """
    try:
        k_s = unb64(own.key)
    except ValueError:
        raise CountFailed("The key in the file cannot be read.") from None
    # 1. The log signed a count of the entries of this key's holder.
    said = verify_count(own.statement, keys, k_s)
    # 2. Every entry is in the tree of one signed checkpoint, says its own place, and has the tag of its number.
    signed = believe(own.checkpoint) if own.checkpoint else None
    seen: set[int] = set()
    for line in own.entries:
        if line.n in seen or not 0 <= line.n < 1 << 48:
            raise CountFailed(f"Number {line.n} is there twice.")
        seen.add(line.n)
        if not line.withheld:
            if signed is None:
                raise CountFailed("There are entries but no checkpoint.")
            verify_line(line, signed, tags(k_s, said.shard, line.n, 1)[0])
    # 3. No number is missing but as many as were on their way.
    holes = [n for n in range(said.count) if n not in seen]
    if len(holes) > said.waiting:
        raise CountFailed(f"Number {holes[0]} is missing: the registry signed for {said.count} entries.")
    withheld = sum(line.withheld for line in own.entries)
    return VerifiedOwn(said, signed, len(seen) - withheld, withheld, len(holes))


def verify_line(line: OwnEntry, signed: Checkpoint, tag: bytes) -> None:
    """Verify one entry: in the signed tree at its place, and carrying this tag. Raises as :func:`verify_own`."""
    body = decode(line.entry, "The entry")
    path = [decode(step, "A hash of the inclusion path") for step in line.inclusion_path]
    verify_inclusion(leaf_hash(body), line.index, signed.size, path=path, root=signed.root)
    try:
        members = reread(body)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict) or members.get("tag") != b64(tag) or members.get("index") != line.index:
        raise CountFailed(f"Entry {line.index} is not this person's number {line.n}.")
