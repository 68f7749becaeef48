"""The mirror: an auditor that holds every entry, and cosigns only trees it could derive again from them.

For each checkpoint, in this order: hashes from the published tiles lead to the signed root; each entry's bytes have
their hash; each entry says what the form allows, at its index, in its requester's sequence; where a database may be
asked, its rows say the same as the entries; all of it is on this disk. Then, and only then, it is cosigned.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import structlog

from vault.errors import VaultError
from vault.ledger.checkpoint import Checkpoint
from vault.ledger.growing import Growth
from vault.ledger.places import ENTRIES, Place, hashes_of
from vault.ledger.shelf import Shelf
from vault.ledger.tiles import unbundle
from vault.ledger.tree import TILE_WIDTH, leaf_hash
from vault.witness.deriving import Derived, Deriver, NotDerivable, derive
from vault.witness.memory import Known
from vault.witness.rules import Declined
from vault.witness.source import Source

MOST_TOLD: Final = 20
_log = structlog.get_logger(__name__)


class Columns(Protocol):
    """A database beside the log, asked as a regulator may."""

    async def differences(self, derived: Sequence[Derived]) -> list[str]:
        """Where its rows say something else than the entries. Raises Declined when it cannot be asked."""
        ...


class Mirror:
    """An examiner (``service``) with a copy of its own. ``findings``: why it cosigns nothing any more."""

    def __init__(
        self, source: Source, shelf: Shelf, *, columns: Columns | None = None, accepts_holes: bool = False
    ) -> None:
        """``accepts_holes``: take the hash of an entry whose bytes were taken away before this mirror came."""
        self.findings: list[str] = []
        self._source = source
        self._shelf = shelf
        self._columns = columns
        self._accepts_holes = accepts_holes
        self._looked = 0

    async def examine(self, checkpoint: Checkpoint, note: str, known: Known) -> Known:
        """What to remember when this checkpoint is cosigned. Raises Declined."""
        if self.findings:
            raise Declined(422, f"Nothing is cosigned since this was found: {self.findings[0]}.")
        try:
            return await self._examine(checkpoint, note, known)
        except NotDerivable as error:
            self._find([str(error)])
            raise Declined(422, f"Not derivable: {error}.") from None
        except Declined as error:
            _log.error("mirror.declined", why=error.public)
            raise
        except (VaultError, ValueError) as error:  # the source, or our own copy, is not what it should be
            _log.error("mirror.declined", kind=type(error).__name__, why=str(error))
            raise Declined(422, f"The published files do not fit: {error}") from None

    async def compare_old(self, size: int, count: int) -> None:
        """Compare some of the older entries with the database again, in turn: what was edited after it was read."""
        if self._columns is None or not size:
            return
        first = self._looked if self._looked < size else 0
        last = min(size, first + count)
        for start in range(first - first % TILE_WIDTH, last, TILE_WIDTH):
            await self._compare([derive(body, at)[0] for at, body in self._own(start, size) if body])
        self._looked = last

    async def _examine(self, checkpoint: Checkpoint, note: str, known: Known) -> Known:
        growth = Growth.read(known.size, self._shelf.read)
        if growth.edge.root() != known.root:
            raise Declined(503, "The mirror's own copy is not what it cosigned last: restore it.")
        # 1. The published hashes lead from what is known to the signed root.
        hashes = await self._hashes(known.size, checkpoint.size)
        trial = Growth.read(known.size, self._shelf.read)
        trial.edge.extend(hashes)
        if trial.edge.root() != checkpoint.root:
            raise Declined(422, "The published hashes do not lead to the root of the checkpoint.")
        # 2. to 5. Each entry has its hash, says what it may, agrees with the database, and is kept.
        deriver = Deriver(dict(known.seqs), has_holes=self._accepts_holes)
        for start in range(known.size - known.size % TILE_WIDTH, checkpoint.size, TILE_WIDTH):
            await self._take(growth, deriver, hashes, since=known.size, place=_place(ENTRIES, start, checkpoint.size))
        await asyncio.to_thread(self._keep, growth, note)
        return Known(checkpoint.size, checkpoint.root, note, deriver.seqs)

    async def _hashes(self, since: int, size: int) -> list[bytes]:
        found: list[bytes] = []
        for start in range(since - since % TILE_WIDTH, size, TILE_WIDTH):
            place = _place(0, start, size)
            content = await self._file(place)
            found += hashes_of(content[: place.width * 32], place.width)[max(0, since - start) :]
        return found

    async def _take(
        self, growth: Growth, deriver: Deriver, hashes: Sequence[bytes], *, since: int, place: Place
    ) -> None:
        start = place.n * TILE_WIDTH
        entries = _first(await self._file(place), place.width)[max(0, growth.size - start) :]
        derived, leaves = [], []
        for index, body in enumerate(entries, growth.size):
            expected = hashes[index - since]
            if not body and self._accepts_holes:
                leaves.append((expected, b""))
                continue
            if leaf_hash(body) != expected:
                raise NotDerivable(f"the bytes of entry {index} do not have the published hash")
            derived.append(deriver.take(body, index))
            leaves.append((expected, body))
        await self._compare(derived)
        await asyncio.to_thread(self._shelf.put, growth.take(leaves))

    async def _compare(self, derived: Sequence[Derived]) -> None:
        if self._columns is None:
            return
        found = await self._columns.differences(derived)
        if found:
            self._find(found)
            raise Declined(422, f"The database says something else: {found[0]}.")

    def _find(self, found: list[str]) -> None:
        self.findings += found[: MOST_TOLD - len(self.findings)]
        _log.critical("mirror.found", findings=found[:MOST_TOLD])

    async def _file(self, place: Place) -> bytes:
        """A file, or the whole one that has taken its place."""
        content = await self._source.file(place)
        if content is None and place != place.whole:
            content = await self._source.file(place.whole)
        if content is None:
            raise Declined(503, f"The source has no {place.path}.")
        return content

    def _keep(self, growth: Growth, note: str) -> None:
        self._shelf.put(growth.unfinished())
        self._shelf.set_checkpoint(note)

    def _own(self, start: int, size: int) -> list[tuple[int, bytes]]:
        place = _place(ENTRIES, start, size)
        content = self._shelf.read(place)
        if content is None:
            raise Declined(503, f"The mirror's own copy lacks {place.path}.")
        return list(enumerate(unbundle(content, place.width), start))


def _place(level: int, start: int, size: int) -> Place:
    return Place(level, start // TILE_WIDTH, min(TILE_WIDTH, size - start))


def _first(bundle: bytes, width: int) -> list[bytes]:
    """The first entries of a bundle, which may have more: a whole one in a partial one's place."""
    at = 0
    for _ in range(width):
        at += 2 + int.from_bytes(bundle[at : at + 2])
    return unbundle(bundle[:at], width)
