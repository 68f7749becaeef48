"""Publishing: from the tree in the database to the static files that anybody may check.

Beside the sequencer and off its path: nothing waits for it. Each round takes what is new, hashes every leaf again,
compares with the checkpoint that the sequencer signed, writes the files, signs with the log's second key
(ML-DSA-44), asks the witnesses and, when the policy has its quorum, replaces ``checkpoint``. What does not verify is
never published: then publishing stops and says so, and releases go on.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from vault.clock import Clock, millis
from vault.db import APP, Database
from vault.errors import Tampered, VaultError
from vault.ledger.checkpoint import Checkpoint, LogKey, verify
from vault.ledger.cosignature import Cosigner, cosignatures
from vault.ledger.emptying import Emptying
from vault.ledger.growing import Growth
from vault.ledger.proofs import build, consistency_nodes
from vault.ledger.shelf import Shelf, ShelfFailed, Status, Told
from vault.ledger.stored import fetch_edge, fetch_nodes
from vault.ledger.tree import TILE_WIDTH, leaf_hash

CHUNK: Final = 8192
"""Entries read, hashed and written at a time."""
PAUSE: Final = 2.0
"""Seconds before trying again, after a failure and while another process publishes."""
LOOKED: Final = 10_000
"""Milliseconds after which a publisher with nothing to do says again that it is there."""
_NEWEST: Final = "SELECT size, note FROM ledger_checkpoints WHERE shard = $1 ORDER BY size DESC LIMIT 1"
_WITHIN: Final = """
SELECT size, note FROM ledger_checkpoints WHERE shard = $1 AND size > $2 AND size <= $3 ORDER BY size DESC LIMIT 1
"""
_LEAVES: Final = """
SELECT e.leaf_hash, b.body FROM ledger_entries e LEFT JOIN ledger_bodies b ON b.shard = e.shard AND b.idx = e.idx
WHERE e.shard = $1 AND e.idx >= $2 AND e.idx < $3 ORDER BY e.idx
"""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answers:
    """What the witnesses said of a checkpoint: their signature lines, whether they are a quorum, each one's state."""

    lines: Sequence[str] = ()
    is_quorum: bool = True
    told: tuple[Told, ...] = ()


class Witnesses(Protocol):
    """Whom a publisher asks."""

    async def ask(self, checkpoint: Checkpoint, note: str, path: Callable[[int], Awaitable[list[bytes]]]) -> Answers:
        """Ask all of them. ``path(old)`` gives the consistency proof from an older size. Raises nothing."""
        ...


class NoWitnesses:
    """Nobody is asked, and nobody's signature is needed."""

    async def ask(self, checkpoint: Checkpoint, note: str, path: Callable[[int], Awaitable[list[bytes]]]) -> Answers:
        return Answers()


@dataclass(frozen=True, slots=True)
class Signing:
    """The log's own keys: those that sign every checkpoint, and the one that signs published ones as well."""

    keys: Sequence[LogKey]
    second: Cosigner | None = None


class Publisher:
    """Keeps one folder up to one shard of a database. ``status`` is what it last said of itself."""

    def __init__(
        self, database: Database, shelf: Shelf, signing: Signing, *, witnesses: Witnesses | None = None, every: float
    ) -> None:
        """``every``: seconds between two published checkpoints, at least."""
        self.status = Status(0, 0, 0, 0)
        self._database = database
        self._shelf = shelf
        self._signing = signing
        self._witnesses = witnesses or NoWitnesses()
        self._every = every
        self._shard = 0
        self._growth: Growth | None = None
        self._out = 0
        self._signed_at = 0
        self._emptying = Emptying(shelf, self._shard)

    @property
    def _clock(self) -> Clock:
        return self._database.clock

    async def run(self) -> None:
        """Publish until cancelled."""
        try:
            while True:
                pause = PAUSE
                try:
                    if await asyncio.to_thread(self._shelf.lock):
                        async with self._connected() as connection:
                            while True:
                                await self.step(connection)
                                await asyncio.sleep(self._every)
                except VaultError as error:
                    await self._say(error.private or error.public)
                except OSError as error:
                    await self._say(error.strerror or type(error).__name__)
                except Exception as error:  # most often a lost connection, for which the driver has a dozen names
                    _log.warning("log.publishing_interrupted", kind=type(error).__name__)
                self._growth = None
                await asyncio.sleep(pause)
        finally:
            self._shelf.unlock()

    async def publish(self) -> Status:
        """One round, for whoever does not keep publishing. Raises what :meth:`run` would say."""
        if not await asyncio.to_thread(self._shelf.lock):
            raise ShelfFailed("Another process is publishing into this folder.")
        try:
            async with self._connected() as connection:
                await self.step(connection)
            return self.status
        finally:
            self._shelf.unlock()

    async def step(self, connection: Any) -> None:
        """Publish what is new. Raises Tampered, ShelfFailed, OSError; then nothing false was published."""
        growth = self._growth or await self._resume(connection)
        self._growth = None  # until this round has succeeded
        newest = await connection.fetchrow(_NEWEST, self._shard)
        size = 0 if newest is None else newest["size"]
        if size < growth.size:
            raise Tampered(private=f"the database holds {size} entries, {growth.size} were published")
        note = None if newest is None else newest["note"]
        while growth.size < size:
            note = await self._advance(connection, growth)
        self._growth = growth
        if note is not None and growth.size > self._out:
            await self._offer(connection, growth, note)
        elif self.status.problem or millis(self._clock.now()) - self.status.looked > LOOKED:
            await self._say("")
        if await self._emptying.look(connection, published=self._out):
            self._growth = None  # what is in memory of an unfinished bundle is of before

    async def _resume(self, connection: Any) -> Growth:
        """Where the folder stands, found in the database again. Raises Tampered when it is not there."""
        note = await asyncio.to_thread(self._shelf.checkpoint)
        if note is None:
            self._out = 0
            return Growth()
        signed = verify(note, self._signing.keys)
        try:
            edge = await fetch_edge(connection.fetch, self._shard, signed.size)
        except Tampered:
            raise Tampered(private=f"the database lacks some of the {signed.size} entries published") from None
        if edge.root() != signed.root:
            raise Tampered(private=f"the database holds other entries than the {signed.size} that were published")
        first = signed.size - signed.size % TILE_WIDTH
        rows = await connection.fetch(_LEAVES, self._shard, first, signed.size)
        if self._signing.second is not None:
            self._signed_at = max((each.at for each in cosignatures(note, [self._signing.second.key])), default=0)
        self._out = signed.size
        self.status = Status(signed.size, millis(self._clock.now()), signed.size, 0)
        return Growth(edge, [row["body"] or b"" for row in rows])

    async def _advance(self, connection: Any, growth: Growth) -> str:
        """Take the next entries up to a signed checkpoint, and write what they fill. Returns its note."""
        since = growth.size
        row = await connection.fetchrow(_WITHIN, self._shard, since, since + CHUNK)
        row = row or await connection.fetchrow(_NEWEST, self._shard)
        leaves = await connection.fetch(_LEAVES, self._shard, since, row["size"])
        note: str = row["note"]
        await asyncio.to_thread(self._write, growth, [tuple(each) for each in leaves], note)
        return note

    def _write(self, growth: Growth, leaves: Sequence[tuple[bytes, bytes | None]], note: str) -> None:
        for index, (hashed, body) in enumerate(leaves, growth.size):
            if body is not None and leaf_hash(body) != hashed:
                raise Tampered(private=f"the body of entry {index} is not what its leaf hash says")
        files = growth.take([(hashed, body or b"") for hashed, body in leaves])
        signed = verify(note, self._signing.keys)
        if (signed.size, signed.root) != (growth.size, growth.edge.root()):
            raise Tampered(private=f"the entries do not lead to the root of checkpoint {signed.size}")
        self._shelf.put(files)

    async def _offer(self, connection: Any, growth: Growth, note: str) -> None:
        """Everything is written but the unfinished files: write those, have it cosigned, and let it be seen."""
        await asyncio.to_thread(self._shelf.put, growth.unfinished())
        checkpoint = Checkpoint(self._signing.keys[-1].origin, growth.size, growth.edge.root())

        one_at_a_time = asyncio.Lock()  # witnesses are asked together, over one connection

        async def path(old: int) -> list[bytes]:
            parts = consistency_nodes(old, checkpoint.size)
            nodes = [node for part in parts for node in part]
            async with one_at_a_time:
                return build(parts, await fetch_nodes(connection.fetch, self._shard, nodes, size=checkpoint.size))

        if self._signing.second is not None:
            # Where the clock was set back, the time under a later checkpoint is still no earlier one.
            self._signed_at = seconds = max(self._signed_at, millis(self._clock.now()) // 1000)
            note += await asyncio.to_thread(self._signing.second.line, checkpoint, seconds)
        answers = await self._witnesses.ask(checkpoint, note, path)
        if answers.is_quorum:
            await asyncio.to_thread(self._shelf.set_checkpoint, note + "".join(answers.lines))
            self._out = growth.size
        await self._say("", answers, reached=growth.size)

    async def _say(self, problem: str, answers: Answers | None = None, *, reached: int | None = None) -> None:
        """Put down how things stand, where every process finds it; a new problem is also logged."""
        now, before = millis(self._clock.now()), self.status
        if problem and problem != before.problem:
            _log.error("log.not_published", why=problem)
        told = Status(
            size=self._out,
            at=now if self._out != before.size else before.at,
            reached=before.reached if reached is None else reached,
            looked=now,
            waiting=answers is not None and not answers.is_quorum,
            problem=problem,
            witnesses=before.witnesses if answers is None else answers.told,
        )
        try:
            await asyncio.to_thread(self._shelf.set_status, told)
        except (OSError, ShelfFailed) as error:  # what cannot be written cannot be told there either
            _log.error("log.status_not_written", kind=type(error).__name__)
        self.status = told

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        connection = await self._database.connect(APP)
        try:
            yield connection
        finally:
            connection.terminate()
