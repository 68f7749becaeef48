"""How many entries are about a person: said by the registry, signed, and checked by the person with their own key.

The statement is a C2SP signed note of the log, under its own key; its text has seven lines, so that it cannot be
taken for a checkpoint, which has three:

    pivault-count/v1 · the log's origin · the log shard · base64 SHA-256("pivault-count/v1" ‖ k_s) ·
    how many tags were handed out · how many of those were on their way into the tree · ms since 1970

Whoever holds ``k_s`` computes the tags 0 up to that number and looks for each: all but those on their way must be in
the tree at any later checkpoint, and none beyond. Nobody else learns whom the statement is about. No I/O here.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from vault.crypto.canonical import b64, unb64
from vault.crypto.signing import is_signed
from vault.errors import VaultError
from vault.ledger.checkpoint import LogKey, Signer, parse_signatures
from vault.ledger.subjects import tags

FORM: Final = "pivault-count/v1"
KIND: Final = "pivault-ledger-key/v1"
KINDS: Final = (KIND, "pivault-own-entries/v1")
"""A person's file of all their entries holds the key as well (``own``)."""
AHEAD: Final = 256
"""Tags beyond the last known that are looked for as well."""
_DASH: Final = "\u2014 "


class CountFailed(VaultError):
    """The statement of how many entries there are cannot be read, or is not the log's."""

    name, status, title = "count-failed", 422, "The statement of how many entries are about you does not hold"
    advice = "Fetch a new one. If one that verified before does not any more, report it to the supervisory authority."


@dataclass(frozen=True, slots=True)
class Count:
    """What the registry says: ``count`` tags handed out by ``at`` (ms), ``waiting`` of them not in the tree yet."""

    origin: str
    shard: int
    whose: bytes
    count: int
    waiting: int
    at: int

    def text(self) -> str:
        """What is signed."""
        numbers = (self.count, self.waiting, self.at)
        lines = (FORM, self.origin, self.shard, base64.b64encode(self.whose).decode(), *numbers)
        return "".join(f"{line}\n" for line in lines)


class OwnKey(msgspec.Struct, frozen=True):
    """A person's exported ledger key. JSON in this shape. Whoever has it can find every entry about the person.

    ``kind`` is KIND, ``key`` base64url of 32 bytes, ``statement`` the signed count, ``vkey`` of the log (for
    convenience: who verifies gets it elsewhere).
    """

    kind: str
    origin: str
    shard: int
    key: str
    statement: str = ""
    vkey: str = ""


def whose(k_s: bytes) -> bytes:
    """What stands for a person's ledger key in a statement; 32 bytes."""
    return hashlib.sha256(FORM.encode() + k_s).digest()


def sign_count(signer: Signer, said: Count) -> str:
    """The signed note of a count."""
    key = signer.keys[-1]
    blob = base64.b64encode(key.id + signer.sign(said.text().encode())).decode()
    return f"{said.text()}\n{_DASH}{key.origin} {blob}\n"


def verify_count(note: str, keys: Sequence[LogKey], k_s: bytes) -> Count:
    """The count that one of the log's keys signed about the holder of ``k_s``. Raises CountFailed, CheckpointFailed."""
    text, gap, signatures = note.rpartition("\n\n")
    lines = text.split("\n")
    if not gap or len(lines) != 7 or lines[0] != FORM or len(note) > 4096:
        raise CountFailed(f"This is not a statement of the form {FORM}.")
    try:
        numbers = [int(line) for line in (lines[2], *lines[4:])]
        said = Count(lines[1], numbers[0], base64.b64decode(lines[3], validate=True), *numbers[1:])
    except ValueError:
        raise CountFailed("The statement's numbers cannot be read.") from None
    if said.text() != text + "\n" or min(numbers) < 0 or said.waiting > said.count:
        raise CountFailed("The statement's numbers cannot be read.")
    known = {(key.origin, key.id): key.public for key in keys if key.origin == said.origin}
    ours = [line for line in parse_signatures(signatures) if (line.name, line.key_id) in known]
    if not ours or not all(is_signed(known[line.name, line.key_id], said.text().encode(), line.body) for line in ours):
        raise CountFailed("The statement is not signed with this verifier key.")
    if said.whose != whose(k_s):
        raise CountFailed("The statement is about somebody else's entries.")
    return said


def read_key(document: bytes) -> tuple[OwnKey, bytes]:
    """An exported ledger key, and ``k_s``. Raises CountFailed."""
    try:
        own = msgspec.json.decode(document, type=OwnKey)
        k_s = unb64(own.key)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        raise CountFailed("This is not an exported ledger key.") from None
    if own.kind not in KINDS or len(k_s) != 32 or not 0 <= own.shard < 1 << 15:
        raise CountFailed("This is not an exported ledger key.")
    return own, k_s


class Mine:
    """Looks for one person's tags among entries as they come by; tell it of each with :meth:`hear`."""

    def __init__(self, k_s: bytes, shard: int, said: Count | None) -> None:
        self.said = said
        self.found: dict[int, list[dict[str, Any]]] = {}
        self._k_s, self._shard = k_s, shard
        self._numbers: dict[str, int] = {}
        self._reach((0 if said is None else said.count) + AHEAD)

    def hear(self, entry: Any) -> None:
        """An entry, as ``audited.Said``."""
        number = None if entry.tag is None else self._numbers.get(entry.tag)
        if number is None:
            return
        line = {"index": entry.index, "at": entry.at, "event": entry.event}
        self.found.setdefault(number, []).append(line | ({"requester": entry.requester} if entry.requester else {}))
        self._reach(number + 1 + AHEAD)

    @property
    def highest(self) -> int:
        """How many numbers there are, by what was found."""
        return max(self.found, default=-1) + 1

    def holes(self) -> list[int]:
        """Numbers that ought to be there and are not: below the highest found, and below what the registry said,
        but for as many at the end as were on their way then."""
        settled = 0 if self.said is None else self.said.count - self.said.waiting
        return [n for n in range(max(self.highest, settled)) if n not in self.found]

    def doubles(self) -> list[int]:
        """Numbers that more than one entry has."""
        return sorted(n for n, lines in self.found.items() if len(lines) > 1)

    def _reach(self, count: int) -> None:
        known = len(self._numbers)
        for n, tag in enumerate(tags(self._k_s, self._shard, known, max(0, count - known)), known):
            self._numbers[b64(tag)] = n
