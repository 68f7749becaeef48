"""The sequencer: the one writer of a log shard's tree.

Every process of an installation may run one; an advisory lock lets one of them lead while the others
wait. What protects the tree is not the lock but the epoch: a new leader raises it, and the commit of
an old one then does nothing (``commit``).

Whatever came in while the last commit was under way is the next batch, at most ``CAP`` drafts; only when
several came does the next one wait ``GATHERING``. LISTEN/NOTIFY and :meth:`Sequencer.hint` only make it look
sooner; it polls anyway.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Self, TypeAlias
from uuid import UUID

import asyncpg
import structlog

from vault.clock import millis, monotonic
from vault.db import LEDGER, Database
from vault.errors import Tampered
from vault.ledger import commit
from vault.ledger.batch import Batch, Drained, Readable, grow, readable
from vault.ledger.checkpoint import Signer
from vault.ledger.durable import NotDurable, is_doubtful
from vault.ledger.leaf import is_same
from vault.ledger.outside import Outside, compare
from vault.ledger.partitions import AHEAD, GUARDED, WIDTH, make_room
from vault.ledger.proofs import Lookup
from vault.ledger.resume import resume
from vault.ledger.tree import Edge

CAP: Final = 256
LOCK_CLASS: Final = 0x6C656467
SHORTEST_PAUSE: Final = 0.002
LONGEST_PAUSE: Final = 0.25
"""Seconds between looks at an empty outbox: from the first to the second, doubling."""
GATHERING: Final = 0.004
"""Seconds that a sequencer lets pass after a batch of more than one: several are writing, and every commit costs each
process that follows the log a step of its own. Who writes alone never waits for it."""
RECENT: Final = 200
"""Milliseconds: drafts older than this before the newest seen are looked for only once in a second."""
Handing: TypeAlias = Callable[[Batch, str, Lookup], None]
"""Takes what was committed: the batch, its signed note, and the nodes of the tree that ends with it."""
_NOWHERE: Final = UUID(int=0)
_log = structlog.get_logger(__name__)


class Fenced(Exception):
    """Another sequencer leads now; whatever was being written has had no effect."""


class Sequencer:
    """Drains one shard's outbox into its tree for as long as it leads.

    ``on_commit`` is called after each commit. ``leading`` tells whether this one leads; ``failure`` holds
    the reason while the stored tree contradicts itself, its signed checkpoint or what others remember of it
    (:meth:`heeding`): then nothing is written.
    ``width``: entries of the partitions it makes room with.
    """

    def __init__(
        self,
        database: Database,
        signer: Signer,
        *,
        shard: int = 0,
        on_commit: Callable[[], None] | None = None,
        width: int = WIDTH,
    ) -> None:
        self.leading = False
        self.failure: str | None = None
        self._database = database
        self._signer = signer
        self._shard = shard
        self._on_commit = on_commit or (lambda: None)
        self._handing: list[Handing] = []
        self._outside: Sequence[Outside] = ()
        self._news = asyncio.Event()
        self._doubt = False
        self._connection: Any = None
        self._edge = Edge()
        self._width, self._room = width, 0
        self._rehashed = False
        self._epoch = 0
        self._seqs: dict[str, int] = {}
        self._taken: frozenset[UUID] = frozenset()
        self._floor = _NOWHERE
        self._swept = 0.0

    def heeding(self, *outside: Outside) -> Self:
        """The same sequencer, which leads only over a tree that continues what they remember."""
        self._outside = outside
        return self

    def hand_to(self, whom: Handing) -> None:
        """Hand every batch over once its commit is durable: to somebody in this process, who must not raise."""
        self._handing.append(whom)

    def hint(self) -> None:
        """Say that the outbox has something. Cheap; safe to call when it has not."""
        self._news.set()

    async def run(self) -> None:
        """Lead, or wait to lead, until cancelled."""
        pause = SHORTEST_PAUSE
        while True:
            try:
                async with self._connected():
                    await self._lead()
                    pause = SHORTEST_PAUSE
                    await self._keep_draining()
            except Fenced:
                _log.info("ledger.fenced", shard=self._shard)
            except NotDurable:
                _log.error("ledger.not_durable", shard=self._shard)
            except Tampered as error:
                self.failure = error.private
                _log.critical("ledger.tampered", shard=self._shard, why=error.private)
                pause = LONGEST_PAUSE * 20
            except Exception as error:  # most often a lost connection, for which the driver has a dozen names
                _log.warning("ledger.interrupted", shard=self._shard, kind=type(error).__name__)
            # Whatever happened, also to the last commit: the next round begins by reading the head again.
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def drain(self) -> int:
        """Lead just long enough to empty the outbox. Returns how many entries the tree has then."""
        async with self._connected():
            await self._lead()
            while await self._step():
                pass
            return self._edge.size

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        connection = await self._database.connect(LEDGER)
        try:
            await connection.execute(commit.SETTINGS)
            await connection.execute(commit.PLANS)
            await connection.add_listener("ledger_outbox", lambda *_: self.hint())
            connection.add_log_listener(self._heed)
            self._connection = connection
            yield
        finally:
            self.leading, self._connection = False, None
            connection.terminate()

    def _heed(self, _connection: object, message: Any) -> None:
        """WARNING 01000 "canceling wait for synchronous replication": the commit may be lost with this server."""
        if is_doubtful(message):
            self._doubt = True

    async def _lead(self) -> None:
        # 1. Wait for the lock: nobody else should be leading.
        await self._until_free()
        # 2. Raise the epoch: nobody else can be leading. A commit of theirs under way ends before this returns.
        self._doubt = False
        epoch = await self._connection.fetchval(commit.NEW_EPOCH, self._shard)
        self._check_durable()
        # 3. Rebuild the edge from the rows and compare it with what was promised, here and outside this database.
        await self._load()
        await compare(self._connection, self._shard, self._edge, self._outside)
        if epoch != self._epoch:
            raise Fenced
        self.leading, self.failure = True, None
        _log.info("ledger.leading", shard=self._shard, epoch=epoch, size=self._edge.size)

    async def _until_free(self) -> None:
        while True:
            if await self._connection.fetchval(commit.LOCK, LOCK_CLASS, self._shard):
                return
            await asyncio.sleep(LONGEST_PAUSE)

    async def _load(self) -> None:
        self._edge, self._epoch = await resume(self._connection, self._shard, self._signer.keys)
        self._room = await make_room(self._connection, self._edge.size, self._width)
        self._rehashed = await self._connection.fetchval(GUARDED)
        self._seqs, self._taken = {}, frozenset()
        self._floor, self._swept = _NOWHERE, 0.0

    async def _keep_draining(self) -> None:
        pause = SHORTEST_PAUSE
        while True:
            self._news.clear()
            if entries := await self._step():
                pause = SHORTEST_PAUSE
                if entries > 1:
                    await asyncio.sleep(GATHERING)
                continue
            try:
                async with asyncio.timeout(pause):
                    await self._news.wait()
                pause = SHORTEST_PAUSE
            except TimeoutError:
                pause = min(2 * pause, LONGEST_PAUSE)

    async def _step(self) -> int:
        """Put what waits into the tree, at most one batch. Returns how many drafts there were."""
        drained = await self._look()
        if not drained:
            return 0
        now = self._database.clock.now()
        drafts = readable(drained, taken=self._taken, at_ms=millis(now))
        await self._know_seqs(drafts)
        if self._edge.size + AHEAD > self._room:
            self._room = await make_room(self._connection, self._edge.size, self._width)
        batch = grow(self._edge, self._seqs, drafts, origin=self._signer.keys[-1].origin)
        if not self._rehashed:
            batch.rehash()
        try:
            note = await self._commit(batch, [row.id for row in drained], now)
        except asyncpg.UniqueViolationError:
            await self._settle(drained)
            return len(drained)
        newest = int(drained[-1].id) >> 80
        self._floor = UUID(int=max(0, newest - RECENT) << 80)
        for hand in self._handing:
            hand(batch, note, self._edge.node)
        self._edge.forget(self._edge.size)
        self._on_commit()
        return len(drained)

    async def _look(self) -> list[Drained]:
        # Drained rows leave dead index entries behind until vacuum comes: start beyond them, mostly.
        now = monotonic()
        if now - self._swept > 1:
            self._floor, self._swept = _NOWHERE, now
            await self._connection.execute(commit.REPLAN)
        rows = await self._connection.fetch(commit.DRAIN, self._shard, self._floor, CAP)
        return [Drained(*row) for row in rows]

    async def _know_seqs(self, drafts: Sequence[Readable]) -> None:
        named = {draft.members["requester"] for draft in drafts if "requester" in draft.members}
        if unknown := named - self._seqs.keys():
            for requester, seq in await self._connection.fetch(commit.NEXT_SEQS, self._shard, sorted(unknown)):
                self._seqs[requester] = 0 if seq is None else seq

    async def _commit(self, batch: Batch, drained: list[UUID], now: Any) -> str:
        """Write all of it, durably. Returns the signed note. Raises Fenced, NotDurable."""
        tiles = [list(column) for column in zip(*batch.tiles, strict=True)] or [[], [], [], []]
        checkpoint = batch.checkpoint
        note = self._signer.note(checkpoint)
        done = await self._connection.fetch(
            commit.COMMIT,
            self._shard,
            batch.first,
            self._epoch,
            checkpoint.size,
            checkpoint.root,
            batch.frontier,
            now,
            *batch.columns(),
            *tiles,
            note,
            drained,
        )
        if not done:
            raise Fenced
        self._check_durable()
        return note

    def _check_durable(self) -> None:
        if self._doubt:
            raise NotDurable

    async def _settle(self, drained: Sequence[Drained]) -> None:
        """Some ids are in the tree already: forget drafts that are those entries, refuse the others by name."""
        drafts = {row.id: row.draft for row in drained}
        found = await self._connection.fetch(commit.IN_TREE, list(drafts))
        await self._load()
        done = [entry_id for entry_id, body in found if is_same(drafts[entry_id], body)]
        await self._connection.execute(commit.FORGET, self._shard, done)
        self._taken = frozenset(entry_id for entry_id, _ in found) - set(done)
