"""A batch of releases, chunk by chunk: load, decide, record, prove, and only then answer, in the order of its lines.

What survives a crash is what survives a crash of each release (``pipeline``): a line that is recorded is in the tree,
and the same batch under the same idempotency key finds it and renders the same versions; what is not recorded never
left. Between two chunks the caller may go away: nothing more is then begun.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from vault.crypto.canonical import digest
from vault.errors import VaultError
from vault.ledger.events import Event, requester
from vault.ledger.log import append
from vault.release.batch_caller import BatchAsk, BatchGate, Line, Sender
from vault.release.batch_chunk import ChunkRun, Work
from vault.release.batch_outcomes import Outcome
from vault.release.batches import claim, keep_holding, let_go
from vault.release.caller import check_idempotency_key
from vault.release.engine import ReleaseEngine
from vault.requesters.liveness import NotLive
from vault.requesters.standing import Capability

CHUNK: Final = 200
"""Lines between two looks at whether anybody still listens: most of what is in flight when somebody says no."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Batching:
    """What batches are answered with. ``chunk``: lines."""

    engine: ReleaseEngine
    gate: BatchGate
    chunk: int = CHUNK


async def admit(batching: Batching, ask: BatchAsk) -> Sender:
    """Step 1, once for all lines: the token, the proof, the body it covers. Raises the gate's errors (401, 400, 403),
    Invalid (422) for the idempotency key, NotLive (403), which is recorded."""
    engine = batching.engine
    check_idempotency_key(ask.idempotency_key)
    sender: Sender = await batching.gate.admit(ask.shown, ask.digests, ask.body, now=engine.clock.now())
    try:
        sender.lapses.check(Capability.DISCLOSE)
    except NotLive as error:
        owner = sender.requester_id
        event = Event(name="release.refused", actor=requester(owner), requester=owner, reason=error.reason)
        await engine.database.run(append, event)
        engine.receipts.hint()
        raise
    return sender


async def release_batch(
    batching: Batching, sender: Sender, *, ask: BatchAsk, lines: Sequence[Line]
) -> AsyncGenerator[list[Outcome]]:
    """The outcomes, a chunk at a time. The first chunk is done when this returns.

    Raises IdempotencyMismatch (422), BatchUnderWay (409), Unavailable (503): nothing was answered then. Later in the
    iterator Unavailable or BatchUnderWay end it; what was yielded stands. Close it when nobody listens any more.
    """
    engine, key = batching.engine, ask.idempotency_key
    claimed = await engine.database.run(claim, sender.client_id, key, digest(ask.body))
    work = Work(engine=engine, gate=batching.gate, sender=sender, claimed=claimed, address=ask.address)
    chunks = _chunks(work, lines, batching.chunk)
    first = await anext(chunks)
    return _with_first(first, chunks)


async def _with_first(first: list[Outcome], rest: AsyncGenerator[list[Outcome]]) -> AsyncGenerator[list[Outcome]]:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk


async def _chunks(work: Work, lines: Sequence[Line], size: int) -> AsyncGenerator[list[Outcome]]:
    engine = work.engine
    try:
        for start in range(0, len(lines), size):
            if start:
                await engine.database.run(keep_holding, work.claimed)
            yield await ChunkRun(work).run(lines[start : start + size])
    finally:
        try:
            await engine.database.run(let_go, work.claimed)
        except (VaultError, SQLAlchemyError, OSError) as error:  # it lets go of itself in half a minute
            _log.warning("batch.not_let_go", kind=type(error).__name__)
