"""The audit of a whole log as a state object: everything stored goes in, findings come out. No I/O here.

Feed entries in order of index, each checkpoint once its size is reached, and the stored tiles after
each run of entries; then ``end``. Nothing stops it: a finding is noted and the audit goes on, so that
one flipped bit does not hide another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, NamedTuple
from uuid import UUID

from vault import ids
from vault.crypto.canonical import b64, canonical_unchecked, reread
from vault.errors import VaultError
from vault.ledger.checkpoint import LogKey, verify
from vault.ledger.leaf import SEARCHED
from vault.ledger.tree import Edge, Tile, leaf_hash

MOST_FINDINGS: Final = 1000
_UNKNOWN: Final = bytes(32)


class Broken(StrEnum):
    """What kind of thing was found to be wrong."""

    BODY = "the leaf's bytes were changed"
    BODY_MISSING = "the leaf's bytes are gone"
    MALFORMED = "the leaf is not one this product writes"
    COLUMN = "a search column differs from the leaf"
    ENTRY_MISSING = "an entry is gone"
    LEAF_HASH = "a leaf hash differs from its tile"
    TILE = "a tile is not what the leaf hashes give"
    CHECKPOINT = "a checkpoint does not fit the entries"
    SIGNATURE = "a checkpoint is not genuine"
    SEQUENCE = "a requester's sequence has a gap"
    TAG = "a person's tag is used twice"
    HEAD = "the head is not where the entries end"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong: its kind, the index or size it is at, and a sentence."""

    kind: Broken
    at: int
    why: str


class Redaction(NamedTuple):
    """What an entry ``ledger.redacted`` says: ``digest`` is base64url SHA-256 of the leaf hashes, joined."""

    first: int
    length: int
    digest: str


class StoredEntry(NamedTuple):
    """A row of ``ledger_entries`` with its row of ``ledger_bodies``, if that is there."""

    position: int
    leaf_hash: bytes
    id: UUID
    body: bytes | None
    searched: Sequence[Any]
    """The search columns in the order of ``leaf.SEARCHED``."""


@dataclass(slots=True)
class Audit:
    """One audit of one log. ``findings`` holds the first thousand; ``more`` counts the rest."""

    keys: Sequence[LogKey]
    redacted: Sequence[Redaction] = ()
    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    entries: int = 0
    checkpoints: int = 0
    _edge: Edge = field(default_factory=Edge)
    _fresh: list[bytes] = field(default_factory=list)
    _tiled: int = 0
    _signed: int = 0
    _seqs: dict[str, int] = field(default_factory=dict)
    _misfits: list[int] = field(default_factory=list)
    _digests: dict[Redaction, Any] = field(default_factory=dict)
    _gone: int = 0
    _skipped: int = 0

    def entry(self, row: StoredEntry) -> None:
        """The next entry by index."""
        if row.position > self.entries:
            last = row.position - 1
            span = f"entry {last} is" if last == self.entries else f"entries {self.entries} to {last} are"
            self.note(Broken.ENTRY_MISSING, self.entries, f"{span} not there")
            self._fresh += [_UNKNOWN] * (row.position - self.entries)
        self.entries = row.position + 1
        self._fresh.append(row.leaf_hash)
        self._hash_redacted(row.position, row.leaf_hash)
        if row.body is None and self._is_redacted(row.position):
            self._gone += 1
        elif row.body is None:
            self.note(Broken.BODY_MISSING, row.position, f"entry {row.position} has a leaf hash but no body")
        elif leaf_hash(row.body) != row.leaf_hash:
            self.note(Broken.BODY, row.position, f"the body of entry {row.position} does not have its leaf hash")
        if row.body is not None:
            self._read(row, row.body)

    def archived(self, first: int, hashes: Sequence[bytes]) -> None:
        """Entries of a detached partition, by the leaf hashes of their tiles: their archive is audited elsewhere."""
        self._gone += len(hashes)
        self.entries = first + len(hashes)
        self._fresh += hashes
        for index, hashed in enumerate(hashes, first):
            self._hash_redacted(index, hashed)

    def checkpoint(self, size: int, note: str) -> None:
        """A stored checkpoint, once the entries it covers were given (or there are no more)."""
        self.checkpoints += 1
        self._signed = size
        self._settle()
        try:
            signed = verify(note, self.keys)
        except VaultError as error:
            self.note(Broken.SIGNATURE, size, f"checkpoint {size}: {error.public}")
            return
        if signed.size != size:
            self.note(Broken.CHECKPOINT, size, f"checkpoint {size} is filed under another size than it signs")
        elif size != self._edge.size:
            self.note(Broken.CHECKPOINT, size, f"checkpoint {size} covers more entries than there are")
        elif signed.root != self._edge.root():
            # Once one does not fit, none that follows can: they are told in one sentence at the end.
            self._misfits.append(size)

    def tiles(self, stored: Mapping[tuple[int, int], tuple[bytes, bytes]]) -> list[tuple[int, int]]:
        """Compare the tiles that the entries given since the last call completed; returns their places."""
        expected = self.expected_tiles()
        for tile in expected:
            found = stored.get((tile.level, tile.n))
            if found is None:
                self.note(Broken.TILE, tile.n, f"tile {tile.n} of level {tile.level} is gone")
            elif found[0] != tile.hashes:
                self._compare(tile, found[0])
            elif found[1] != tile.root:
                self.note(Broken.TILE, tile.n, f"tile {tile.n} of level {tile.level} has another root")
        self._tiled = self._edge.size
        self._edge.forget(self._edge.size)
        return [(tile.level, tile.n) for tile in expected]

    def expected_tiles(self) -> list[Tile]:
        """The tiles that the next call of ``tiles`` will want to see."""
        self._settle()
        return self._edge.finished_tiles(self._tiled)

    def end(self, *, size: int, root: bytes, frontier: bytes) -> None:
        """The stored head, after everything else."""
        self._settle()
        for each in self.redacted:
            if each not in self._digests or b64(self._digests[each].digest()) != each.digest:
                why = f"the redaction of {each.length} entries from {each.first} on has another digest"
                self.note(Broken.CHECKPOINT, each.first, why)
        if self._misfits:
            first, *others = self._misfits
            rest = f", nor {len(others)} later ones" if others else ""
            self.note(Broken.CHECKPOINT, first, f"the entries do not lead to the root of checkpoint {first}{rest}")
        if size != self._signed:
            self.note(Broken.CHECKPOINT, size, f"the head is at {size}, the newest checkpoint at {self._signed}")
        if size != self._edge.size:
            self.note(Broken.HEAD, size, f"the head says {size} entries, there are {self._edge.size}")
        elif (root, frontier) != (self._edge.root(), b"".join(self._edge.frontier())):
            self.note(Broken.HEAD, size, "the entries do not lead to the head's root")

    def note(self, kind: Broken, at: int, why: str) -> None:
        """Add a finding."""
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(kind, at, why))
        else:
            self.more += 1

    def _is_redacted(self, index: int) -> bool:
        return any(each.first <= index < each.first + each.length for each in self.redacted)

    def _hash_redacted(self, index: int, hashed: bytes) -> None:
        for each in self.redacted:
            if each.first <= index < each.first + each.length:
                self._digests.setdefault(each, sha256()).update(hashed)

    def _read(self, row: StoredEntry, body: bytes) -> None:
        try:
            members = reread(body)
            plain = isinstance(members, dict) and body.isascii() and canonical_unchecked(members) == body
        except (ValueError, RecursionError, OverflowError):
            plain = False
        if not plain:
            self.note(Broken.MALFORMED, row.position, f"entry {row.position} is not canonical JSON")
            return
        if members.get("index") != row.position:
            self.note(Broken.MALFORMED, row.position, f"entry {row.position} names another index")
        if members.get("id") != ids.public(ids.ENTRY, row.id):
            self.note(Broken.COLUMN, row.position, f"entry {row.position} is filed under another id")
        expected = [members.get(name) for name in SEARCHED]
        if expected != list(row.searched):
            wrong = [name for name, one, other in zip(SEARCHED, expected, row.searched, strict=True) if one != other]
            for name in wrong:
                self.note(Broken.COLUMN, row.position, f"column {name} of entry {row.position} differs from the leaf")
        self._follow(row.position, members.get("requester"), members.get("seq"))

    def _follow(self, index: int, requester: str | None, seq: int | None) -> None:
        if requester is None and seq is None:
            return
        expected = self._seqs.get(requester or "", 0)
        if requester and seq is not None and seq > expected and self._skipped + seq - expected <= self._gone:
            self._skipped += seq - expected  # their bodies are not here
            expected = seq
        if requester is None or seq != expected:
            self.note(Broken.SEQUENCE, index, f"entry {index} has sequence {seq} of {requester}, expected {expected}")
        self._seqs[requester or ""] = (expected if seq is None else seq) + 1

    def _compare(self, tile: Tile, stored: bytes) -> None:
        if tile.level == 0 and len(stored) == len(tile.hashes):
            for at in range(0, len(stored), 32):
                if stored[at : at + 32] != tile.hashes[at : at + 32]:
                    index = tile.n * 256 + at // 32
                    self.note(
                        Broken.LEAF_HASH, index, f"the leaf hash of entry {index} differs from the one in its tile"
                    )
        else:
            self.note(Broken.TILE, tile.n, f"tile {tile.n} of level {tile.level} is not what its leaves give")

    def _settle(self) -> None:
        self._edge.extend(self._fresh)
        self._fresh = []
