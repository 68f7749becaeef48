"""Deriving again what the registry wrote down: from a leaf's bytes, what they say and which columns they fill.

Written apart from what the sequencer uses, so that a fault there does not excuse itself here. No I/O here.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

SEARCHED: Final = ("at", "event", "requester", "declaration", "purpose", "outcome", "tag", "seq")
_ID: Final = re.compile(r"ent_[0-9a-f]{32}")
_KNOWN_VERSIONS: Final = frozenset({1})


class NotDerivable(Exception):
    """An entry is not what this log's form allows; the argument is a sentence without contents."""


@dataclass(frozen=True, slots=True)
class Derived:
    """What a leaf says: its entry's id, and the searched members in the order of ``SEARCHED``."""

    index: int
    id: UUID
    columns: tuple[Any, ...]


@dataclass(slots=True)
class Deriver:
    """Reads entries in order. ``seqs``: each requester's next sequence number.

    ``has_holes``: some entries' bytes were taken away before we came, so that sequences may skip.
    """

    seqs: dict[str, int] = field(default_factory=dict)
    has_holes: bool = False

    def take(self, body: bytes, index: int) -> Derived:
        """The next entry. Raises NotDerivable."""
        derived, members = derive(body, index)
        self._follow(index, members.get("requester"), members.get("seq"))
        return derived

    def _follow(self, index: int, requester: str | None, seq: int | None) -> None:
        if requester is None and seq is None:
            return
        expected = self.seqs.get(requester or "", 0)
        fits = isinstance(seq, int) and (seq == expected or (self.has_holes and seq > expected))
        if requester is None or not fits:
            raise NotDerivable(f"entry {index} does not continue its requester's sequence at {expected}")
        self.seqs[requester] = (seq or 0) + 1


def derive(body: bytes, index: int) -> tuple[Derived, Mapping[str, Any]]:
    """What a leaf at an index says, and its members. Raises NotDerivable for one this log does not write."""
    try:
        members = json.loads(body, parse_float=_refuse, parse_constant=_refuse, object_pairs_hook=_object)
        again = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise NotDerivable(f"entry {index} is not JSON") from None
    if not isinstance(members, dict) or not body.isascii() or again != body:
        raise NotDerivable(f"entry {index} is not in canonical form")
    if members.get("v") not in _KNOWN_VERSIONS:
        raise NotDerivable(f"entry {index} is of a version that is not known here")
    if members.get("index") != index:
        raise NotDerivable(f"entry {index} names another index")
    identity = members.get("id")
    if not isinstance(identity, str) or not _ID.fullmatch(identity):
        raise NotDerivable(f"entry {index} has no id")
    return Derived(index, UUID(identity[4:]), tuple(members.get(name) for name in SEARCHED)), members


def differences(derived: Sequence[Derived], rows: Mapping[int, Sequence[Any]]) -> list[str]:
    """Where a database says something else beside the entries. ``rows``: index to id and columns."""
    found = []
    for each in derived:
        row = rows.get(each.index)
        if row is None:
            found.append(f"entry {each.index} is not in the database")
            continue
        if row[0] != each.id:
            found.append(f"entry {each.index} is filed under another id")
        wrong = [name for name, a, b in zip(SEARCHED, each.columns, row[1:], strict=True) if a != b]
        found += [f"column {name} of entry {each.index} differs from the entry" for name in wrong]
    return found


def _refuse(_text: str) -> float:
    raise ValueError("numbers are integers here")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a member stands twice")
    return made
