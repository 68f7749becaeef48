"""Receipts for whoever is waiting: one follower per process, one shared query per step.

A step asks the database, for everybody at once, for the leaf hashes that are new, the bodies of the
entries somebody waits for, and the newest checkpoint. Only when the hashes lead to the root that the
checkpoint genuinely signs are receipts made from them (``trusted``); while they do not, nothing is
handed out and everybody is told to come back.

While the sequencer of this process leads, it hands over each batch once its commit is durable, and receipts are made
from what it signed; the stored rows are compared soon after, and nothing more is handed out if they say otherwise.

``hint`` tells the sequencer that the outbox has something: directly when it leads in this process, by
NOTIFY on a connection of its own otherwise. Never NOTIFY inside an act's transaction: commits that
notify wait for each other.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import structlog

from vault.clock import monotonic
from vault.db import APP, Database
from vault.errors import Tampered, Unavailable
from vault.ids import EntryId
from vault.ledger import commit
from vault.ledger.batch import Batch
from vault.ledger.checkpoint import LogKey
from vault.ledger.durable import Barrier
from vault.ledger.paths import receipts_of
from vault.ledger.proofs import Lookup, ProofFailed, build, consistency_nodes, inclusion_nodes, verify_inclusion
from vault.ledger.receipt import Receipt
from vault.ledger.sequencer import GATHERING, Sequencer
from vault.ledger.stored import fetch_edge, fetch_nodes
from vault.ledger.tree import leaf_hash
from vault.ledger.trusted import TrustedTree
from vault.ledger.waiting import first, too_late

MOST_WAITING: Final = 2000
KEPT: Final = 8192
"""Entries before the newest whose proofs come from memory; older ones cost a query of their own."""
MOST_HASHES: Final = 4096
"""Further behind than this, the edge is rebuilt from tiles instead of hash by hash."""
POLL_WAITING: Final = 0.01
POLL_IDLE: Final = 1.0
PATIENCE: Final = 0.05
CROWD: Final = 8
"""Seconds. Although batches are handed over, whoever waits longer than ``PATIENCE``, or among fewer than a crowd longer
than ``POLL_WAITING``, is looked for in the rows once: the entry may be older than the wait."""
BEHIND: Final = 1024
"""Entries handed over before the rows are compared with them, at the latest after ``POLL_IDLE``."""
PAUSE: Final = 0.25
"""Seconds: between looks when notifications fail to come, and before connecting again."""
_log = structlog.get_logger(__name__)

_STEP: Final = """
SELECT newest.size, newest.note, fresh.hashes, wanted.ids, wanted.idxs, wanted.bodies
FROM (
    SELECT size, note FROM ledger_checkpoints WHERE shard = $1 ORDER BY size DESC LIMIT 1
) newest
CROSS JOIN LATERAL (
    SELECT array_agg(e.leaf_hash ORDER BY e.idx) AS hashes FROM (
        SELECT idx, leaf_hash FROM ledger_entries WHERE shard = $1 AND idx >= $2 ORDER BY idx LIMIT $3
    ) e
) fresh
CROSS JOIN LATERAL (
    SELECT array_agg(i.id) AS ids, array_agg(i.idx) AS idxs, array_agg(b.body) AS bodies
    FROM unnest($4::uuid[]) AS waiting (id)
    JOIN ledger_ids i ON i.id = waiting.id AND i.shard = $1
    JOIN ledger_bodies b ON b.shard = i.shard AND b.idx = i.idx
) wanted
"""


class Receipts:
    """Hands out receipts for one log shard. Run :meth:`run` as a task for as long as anybody may wait.

    ``failure`` holds the reason while the stored tree contradicts the checkpoints; ``size`` is how many
    entries are trusted. ``sequencer``: the one of this process, if it runs one.
    """

    def __init__(
        self, database: Database, keys: Sequence[LogKey], *, shard: int = 0, sequencer: Sequencer | None = None
    ) -> None:
        self.failure: str | None = None
        self._database = database
        self._keys = keys
        self._shard = shard
        self._sequencer = sequencer
        self._tree = TrustedTree(keys)
        self._waiting: dict[UUID, tuple[float, list[asyncio.Future[Receipt]]]] = {}
        self._asked = asyncio.Event()
        self._news = asyncio.Event()
        self._hinted = asyncio.Event()
        self._planned = 0.0
        self._looked = 0.0
        self._barrier = Barrier()
        if sequencer is not None:
            sequencer.hand_to(self._take)

    @property
    def size(self) -> int:
        """Entries trusted so far."""
        return self._tree.size

    def hint(self) -> None:
        """Tell the sequencer that the outbox has something. Call it after the act's transaction committed."""
        if self._sequencer is not None and self._sequencer.leading:
            self._sequencer.hint()
        else:
            self._hinted.set()

    def news(self) -> None:
        """Say that the tree has grown: what a sequencer in the same process calls after each commit."""
        self._news.set()

    async def wait(self, entry_id: EntryId, within: float) -> Receipt:
        """The entry's receipt, as soon as it is in the tree.

        Raises Unavailable after ``within`` seconds, when too many wait, or while the ledger is in doubt. The
        entry is recorded all the same: whoever asks again for the same id gets the same entry.
        """
        return (await self.wait_all([entry_id], within))[entry_id]

    async def wait_all(self, entry_ids: Collection[EntryId], within: float) -> dict[EntryId, Receipt]:
        """The receipts of many entries, as soon as the last of them is in the tree. Raises as :meth:`wait` does."""
        if self.failure is not None:
            raise Unavailable("The ledger cannot prove its entries just now.", retry_after=30)
        if len(self._waiting) + len(entry_ids) > MOST_WAITING:
            raise Unavailable("Too many are waiting for receipts.")
        loop = asyncio.get_running_loop()
        mine: dict[EntryId, asyncio.Future[Receipt]] = {entry_id: loop.create_future() for entry_id in entry_ids}
        now = monotonic()
        for entry_id, future in mine.items():
            self._waiting.setdefault(entry_id, (now, []))[1].append(future)
        self._asked.set()
        late = loop.call_later(within, too_late, mine.values())  # a third of what a timeout context costs
        try:
            return {entry_id: await future for entry_id, future in mine.items()}
        finally:
            late.cancel()
            for entry_id, future in mine.items():
                self._stop_waiting(entry_id, future)
                if future.done() and not future.cancelled():
                    future.exception()  # told once, by the first that failed

    async def run(self) -> None:
        """Follow the tree until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._pass_hints())

    async def _follow(self) -> None:
        while True:
            try:
                async with self._connected() as connection:
                    await connection.execute(commit.PLANS)
                    await connection.add_listener("ledger_head", lambda *_: None if self._is_handed else self.news())
                    await self._barrier.attach(connection)
                    while True:
                        await self._step(connection)
                        self.failure = None
                        await self._pause()
            except Tampered as error:
                self._distrust(error)
            except Exception as error:  # most often a lost connection, for which the driver has a dozen names
                _log.warning("receipts.interrupted", kind=type(error).__name__)
            await asyncio.sleep(PAUSE)

    async def _pause(self) -> None:
        self._asked.clear()
        if self._is_handed:
            await self._until_needed()
            return
        if not self._waiting:
            await first(self._asked, POLL_IDLE)
        if self._waiting:
            await first(self._news, POLL_WAITING)
        self._news.clear()

    @property
    def _is_handed(self) -> bool:
        return self._sequencer is not None and self._sequencer.leading

    async def _until_needed(self) -> None:
        """Until somebody waits whom no batch answered, until many entries were handed over, or for a second."""
        until = monotonic() + POLL_IDLE
        while self._is_handed and not self._news.is_set() and (left := until - monotonic()) > 0:
            if not self._waiting:
                self._asked.clear()
                await first(self._asked, left)
            elif self._is_overdue():
                break
            else:
                await first(self._news, POLL_WAITING)
        self._news.clear()

    def _is_overdue(self) -> bool:
        patient = monotonic() - (PATIENCE if len(self._waiting) >= CROWD else POLL_WAITING)
        return any(self._looked < since < patient for since, _ in self._waiting.values())

    def _take(self, batch: Batch, note: str, node: Lookup) -> None:
        """Answer from what the sequencer of this process has just committed, durably."""
        if batch.checkpoint.size - self._tree.size > BEHIND:
            self.news()
        if self._waiting and self.failure is None:
            for entry_id, receipt in receipts_of(batch, note, node, self._waiting):
                self._answer(entry_id, receipt)

    async def _step(self, connection: Any) -> None:
        if monotonic() - self._planned > 1:
            self._planned = monotonic()
            await connection.execute(commit.REPLAN)
            await self._barrier.look(connection)
        self._looked = monotonic()
        row = await connection.fetchrow(_STEP, self._shard, self._tree.size, MOST_HASHES, list(self._waiting))
        if row is None:  # nothing was ever signed
            return
        size, note, hashes, *found = row
        if hashes or any(found):
            await self._barrier.passed(connection)  # nobody is told of what a lost server could take back
        if self._tree.lost or size - self._tree.size != len(hashes or ()):
            await self._jump(connection, size, note)
        elif hashes:
            self._tree.advance(hashes, note)
        self._tree.forget(self._tree.size - KEPT)
        for entry_id, index, body in zip(*(column or () for column in found), strict=True):
            self._answer(entry_id, await self._receipt(connection, body, index))

    async def _jump(self, connection: Any, size: int, note: str) -> None:
        if size < self._tree.size:
            raise Tampered(private="the stored tree is shorter than it was")
        edge = await fetch_edge(connection.fetch, self._shard, size)
        parts = consistency_nodes(self._tree.size, size)
        lookup = await fetch_nodes(connection.fetch, self._shard, [node for part in parts for node in part], size=size)
        self._tree.jump(edge, note, build(parts, lookup))

    async def _receipt(self, connection: Any, body: bytes, index: int) -> Receipt:
        try:
            return self._tree.receipt(body, index)
        except LookupError:  # an old entry, asked for again
            parts = inclusion_nodes(index, self._tree.size)
        nodes = [node for part in parts for node in part]
        path = build(parts, await fetch_nodes(connection.fetch, self._shard, nodes, size=self._tree.size))
        try:
            verify_inclusion(leaf_hash(body), index, self._tree.size, path=path, root=self._tree.root)
        except ProofFailed as error:
            raise Tampered(private=f"entry {index}: {error.public}") from error
        return self._tree.receipt_with(body, index, path)

    def _answer(self, entry_id: UUID, receipt: Receipt) -> None:
        for future in self._waiting.pop(entry_id, (0.0, []))[1]:
            if not future.done():
                future.set_result(receipt)

    def _stop_waiting(self, entry_id: UUID, future: asyncio.Future[Receipt]) -> None:
        _, others = self._waiting.get(entry_id, (0.0, []))
        if future in others:
            others.remove(future)
        if not others:
            self._waiting.pop(entry_id, None)

    def _distrust(self, error: Tampered) -> None:
        """Hand out nothing, and begin again from what the rows say; the trusted checkpoint is not forgotten."""
        self.failure = error.private
        _log.critical("receipts.tampered", shard=self._shard, why=error.private)
        for _, futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_exception(Unavailable("The ledger cannot prove its entries just now.", retry_after=30))

    async def _pass_hints(self) -> None:
        while True:
            try:
                async with self._connected() as connection:
                    while True:
                        await self._hinted.wait()
                        self._hinted.clear()  # hints that come while this one is under way are one hint
                        await connection.execute("NOTIFY ledger_outbox")
                        if len(self._waiting) > 1:  # then the sequencer gathers, and looks by itself
                            await asyncio.sleep(GATHERING)
            except Exception as error:  # the sequencer polls: a hint that is lost costs a moment
                _log.warning("receipts.hint_lost", kind=type(error).__name__)
            await asyncio.sleep(PAUSE)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        connection = await self._database.connect(APP)
        try:
            yield connection
        finally:
            connection.terminate()
