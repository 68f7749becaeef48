"""The audit of a copy of the log: from the bytes of every entry to the signed root, with nobody's help.

Each leaf's bytes are hashed and compared with its tile, the tiles with the tree, the tree with the checkpoint and with
every older checkpoint there is; each leaf is read: canonical, of this place, with the requester's next number. What is
missing must be covered by an entry ``ledger.redacted`` whose digest fits. Nothing stops the audit: findings are noted.
``State`` is all it knows; saved and given back later, it goes on where it was, also with a copy that has grown.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from vault.crypto.canonical import b64, canonical_unchecked, reread
from vault.errors import Invalid, VaultError
from vault.ledger.audit import MOST_FINDINGS, Broken
from vault.ledger.audited import Flaw, Said, State, restored, rows
from vault.ledger.checkpoint import Checkpoint, LogKey, parse, verify
from vault.ledger.copies import Copy, entries_at, hashes_at, note_of, older_notes
from vault.ledger.exporting import unfinished
from vault.ledger.places import Place
from vault.ledger.policy import Policy, verify_witnessed
from vault.ledger.tree import TILE_HEIGHT, TILE_WIDTH

REDACTED: Final = "ledger.redacted"
Trust = Policy | list[LogKey]
"""Whom to believe: a policy that names logs and witnesses, or the log's keys."""


_SAID: Final = msgspec.json.Decoder(Said)


class WholeAudit:
    """One audit of one copy. :meth:`steps` does the work, a bundle at a time; then :meth:`end`."""

    def __init__(
        self, copy: Copy, trust: Trust, state: State | None = None, *, hear: Callable[[Said], None] | None = None
    ) -> None:
        """``hear`` is told of every entry that can be read. Raises VaultError when the copy cannot be audited at all:
        no checkpoint, not one that ``trust`` accepts, or another log's than ``state`` is of."""
        self.state = state or State()
        self._copy = copy
        self._hear = hear
        note = note_of(copy)
        self.checkpoint = believed(note, trust)
        if self.state.origin not in {"", self.checkpoint.origin}:
            raise Invalid.field("state", f"is of the log {self.state.origin}")
        if self.state.size > self.checkpoint.size:
            raise Invalid.field("state", f"is of {self.state.size} entries, the copy has {self.checkpoint.size}")
        self.state.origin = self.checkpoint.origin
        self._older = self._readable(older_notes(copy), trust)
        self._ahead: tuple[int, Checkpoint] | None = None
        self.resumable = b""
        self._edge = restored(self.state)

    def steps(self) -> Iterator[int]:
        """Audit the rest. Yields how many entries are done, at each whole bundle: there :meth:`saved` may be called."""
        size = self.checkpoint.size
        while self.state.size + TILE_WIDTH <= size:
            self._bundle(self.state.size // TILE_WIDTH, TILE_WIDTH)
            self.state.size += TILE_WIDTH
            yield self.state.size
        self.resumable = self.saved()
        if self.state.size < size:
            self._bundle(self.state.size // TILE_WIDTH, size - self.state.size)

    def end(self) -> State:
        """What is to be said of the whole, once all steps were made. To go on later, keep ``resumable``."""
        edge, signed = self._edge, self.checkpoint
        if (edge.size, edge.root()) != (signed.size, signed.root):
            self._note(Broken.CHECKPOINT, signed.size, "the entries do not lead to the root that the log signed")
        for place in unfinished(signed.size):
            self._compare(place)
        self._cover()
        return self.state

    def saved(self) -> bytes:
        """The state as a file. Take it at a yield of :meth:`steps`."""
        self.state.rows = [b"".join(row) for row in rows(self._edge)]
        return msgspec.json.encode(self.state)

    def _readable(self, notes: list[str], trust: Trust) -> Iterator[tuple[int, Checkpoint]]:
        keys = [key for key in trust.logs if isinstance(key, LogKey)] if isinstance(trust, Policy) else trust
        for note in notes:
            try:
                size = parse(note)[0].size
                if size > self.state.size:
                    yield size, verify(note, keys)
            except VaultError as error:
                self._note(Broken.SIGNATURE, self.state.size, f"an older checkpoint: {error.public}")

    def _bundle(self, n: int, width: int) -> None:
        hashes = self._tile(n, width)
        try:
            entries = entries_at(self._copy, n, width)
        except VaultError as error:
            entries = None
            self._note(Broken.MALFORMED, n * TILE_WIDTH, f"bundle {n}: {error.public}")
        found = self._hashes(n * TILE_WIDTH, entries or [b""] * width, hashes)
        self._extend(found)
        for tile in self._edge.finished_tiles(n * TILE_WIDTH):
            if tile.level:
                self._compare(Place(tile.level, tile.n))
        self._edge.forget(self._edge.size)

    def _tile(self, n: int, width: int) -> list[bytes] | None:
        try:
            found = hashes_at(self._copy, Place(0, n, width))
        except VaultError as error:
            self._note(Broken.TILE, n, f"tile {n} of level 0 {error.public}")
            return None
        if found is None:
            self._note(Broken.TILE, n, f"tile {n} of level 0 is not there")
        return found

    def _hashes(self, first: int, entries: list[bytes], tile: list[bytes] | None) -> list[bytes]:
        """The leaf hashes of a bundle: of the bytes where they are there, of the tile where they are not."""
        hashes = [hashlib.sha256(b"\x00" + entry).digest() for entry in entries]
        for at, entry in enumerate(entries):
            index = first + at
            if not entry:
                self._withhold(index)
                hashes[at] = tile[at] if tile else bytes(32)
                continue
            if tile and tile[at] != hashes[at]:
                self._note(Broken.BODY, index, f"the bytes of entry {index} do not have the leaf hash of its tile")
            self._read(index, entry)
        return hashes

    def _extend(self, hashes: list[bytes]) -> None:
        """Grow the tree, stopping at every older checkpoint on the way."""
        start = self._edge.size
        while (older := self._next_older(start + len(hashes))) is not None:
            size, signed = older
            done = self._edge.size - start
            self._edge.extend(hashes[done : size - start])
            self.state.checkpoints += 1
            if self._edge.size == size and self._edge.root() != signed.root:
                self._note(Broken.CHECKPOINT, size, f"the entries do not lead to the root of checkpoint {size}")
        self._edge.extend(hashes[self._edge.size - start :])

    def _next_older(self, until: int) -> tuple[int, Checkpoint] | None:
        self._ahead = self._ahead or next(self._older, None)
        if self._ahead is None or self._ahead[0] > until:
            return None
        ahead, self._ahead = self._ahead, None
        return ahead

    def _read(self, index: int, entry: bytes) -> None:
        try:
            said = _SAID.decode(entry)
            plain = canonical_unchecked(reread(entry)) == entry and entry.isascii()
        except (ValueError, RecursionError, OverflowError):
            self._note(Broken.MALFORMED, index, f"entry {index} cannot be read")
            return
        if not plain:
            self._note(Broken.MALFORMED, index, f"entry {index} is not canonical JSON")
        if said.index != index:
            self._note(Broken.MALFORMED, index, f"entry {index} names another index")
        state = self.state
        if said.requester is not None or said.seq is not None:
            self._follow(index, said.requester or "", said.seq)
        if said.event == REDACTED and said.first is not None and said.count is not None:
            state.redacted.append((said.first, said.count, said.digest or ""))
        if state.last and said.at - state.last > state.longest:
            state.longest, state.silence = said.at - state.last, index
        state.last = said.at
        if self._hear is not None:
            self._hear(said)

    def _follow(self, index: int, requester: str, seq: int | None) -> None:
        """Sequence numbers are dense; only as many may be passed over as there are entries without bytes."""
        state = self.state
        expected = state.seqs.get(requester, 0)
        if seq is not None and seq > expected and state.skipped + seq - expected <= state.gone():
            state.skipped += seq - expected
        elif not requester or seq != expected:
            self._note(Broken.SEQUENCE, index, f"entry {index} has sequence {seq} of {requester}, expected {expected}")
        state.seqs[requester] = (expected if seq is None else seq) + 1

    def _withhold(self, index: int) -> None:
        ranges = self.state.withheld
        if ranges and ranges[-1][1] == index:
            ranges[-1][1] = index + 1
        else:
            ranges.append([index, index + 1])

    def _compare(self, place: Place) -> None:
        shift, start = TILE_HEIGHT * place.level, place.n * TILE_WIDTH
        wanted = [self._edge.node(shift, start + at) for at in range(place.width)]
        try:
            found = hashes_at(self._copy, place)
        except VaultError:
            found = []
        if found != wanted:
            what = "is not there" if found is None else "is not what its leaves give"
            self._note(Broken.TILE, place.n, f"tile {place.n} of level {place.level} {what}")

    def _cover(self) -> None:
        """Every entry without bytes is covered by one that says so, and that knew the hashes it took the bytes of."""
        genuine = [(first, count) for first, count, digest in self.state.redacted if self._fits(first, count, digest)]
        for first, until in self.state.withheld:
            bare = _uncovered(first, until, genuine)
            if bare is not None:
                why = f"entries from {bare} on (below {until}) have no bytes, and no entry says that they were redacted"
                self._note(Broken.BODY_MISSING, bare, why)

    def _fits(self, first: int, count: int, digest: str) -> bool:
        hashed = hashlib.sha256()
        for n in range(first // TILE_WIDTH, -(-(first + count) // TILE_WIDTH)):
            width = min(TILE_WIDTH, self.checkpoint.size - n * TILE_WIDTH)
            try:
                hashes = hashes_at(self._copy, Place(0, n, width)) if width > 0 else None
            except VaultError:
                hashes = None
            low, high = max(first - n * TILE_WIDTH, 0), min(first + count - n * TILE_WIDTH, TILE_WIDTH)
            hashed.update(b"".join((hashes or [])[low:high]))
        if b64(hashed.digest()) == digest:
            return True
        self._note(Broken.CHECKPOINT, first, f"the redaction of {count} entries from {first} on has another digest")
        return False

    def _note(self, kind: Broken, at: int, why: str) -> None:
        if len(self.state.flaws) < MOST_FINDINGS:
            self.state.flaws.append(Flaw(str(kind), at, why))
        else:
            self.state.more += 1


def believed(note: str, trust: Trust) -> Checkpoint:
    """The checkpoint of a note that ``trust`` accepts. Raises CheckpointFailed."""
    return verify_witnessed(note, trust).checkpoint if isinstance(trust, Policy) else verify(note, trust)


def _uncovered(first: int, until: int, ranges: list[tuple[int, int]]) -> int | None:
    """The first index between ``first`` and ``until`` that is in none of the ranges."""
    at = first
    for begin, count in sorted(ranges):
        if begin <= at < begin + count:
            at = begin + count
    return at if at < until else None
