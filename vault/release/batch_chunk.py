"""One chunk of a batch: its lines loaded together, recorded in one statement, proven by one wait.

A line whose rows changed between load and record is loaded again, by itself with the others of its kind; a person who
stands in a chunk twice is served once, then once more.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from vault.clock import monotonic
from vault.errors import Tampered, Unavailable, VaultError
from vault.ids import EntryId, PersonId
from vault.ledger.receipt import Receipt
from vault.release import answers, batch_outcomes
from vault.release.batch_caller import BatchGate, Held, Line, Sender
from vault.release.batch_deciding import AsksStanding, Chunk, Known, Opened, Repeated, decide_all, decided
from vault.release.batch_loading import wanted
from vault.release.batch_outcomes import Outcome
from vault.release.batch_refusing import Refused, record_refusals
from vault.release.batches import Claimed
from vault.release.checks import check_live_now
from vault.release.deciding import Waits
from vault.release.engine import ReleaseEngine
from vault.release.entries import is_about
from vault.release.package import commitment
from vault.release.recording import Delivery, Overtaken, Replayed, database_errors, record
from vault.release.refusals import RECORDED, WITHDRAWN, CannotRepeat, GrantEnded, QuotaSpent
from vault.release.relayed import with_relayed
from vault.release.tables import WAITING
from vault.release.waiting import ask_officers

_WINDOWS: Final = (2, 64, 64, 64)
"""How many of each person's next ledger numbers are prepared at each try: more, once somebody was faster."""
SLICE: Final = 5
"""Lines that are decided at a time: one to two milliseconds."""
LATE: Final = 1.0
"""Seconds from recording to receipts after which everything is checked once more before anything is sent."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What all chunks of a batch are done with."""

    engine: ReleaseEngine
    gate: BatchGate
    sender: Sender
    claimed: Claimed
    address: str


@dataclass(slots=True)
class ChunkRun:
    """A chunk on its way through the steps."""

    work: Work
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)

    async def run(self, lines: Sequence[Line]) -> list[Outcome]:
        """The outcome of each line, in their order. Raises Unavailable when nothing may be answered."""
        told = self.work.claimed.told
        for line in lines:
            if line.number in told:
                self.outcomes[line.number] = batch_outcomes.again(line.number, told[line.number])
        left = [line for line in lines if line.number not in told]
        tries: Counter[int] = Counter()
        while left:
            overtaken, later = await self._attempt(left, max(tries[line.number] for line in left))
            tries.update(line.number for line in overtaken)
            for line in overtaken:
                if tries[line.number] == len(_WINDOWS):
                    busy = Unavailable("Too many releases of this person are under way.")
                    self.outcomes[line.number] = batch_outcomes.refused(line.number, busy)
            left = [line for line in overtaken if line.number not in self.outcomes] + later
        await self._record_refusals()
        return [self.outcomes[line.number] for line in lines]

    async def _attempt(self, lines: Sequence[Line], tried: int) -> tuple[list[Line], list[Line]]:
        """Steps 2 to 8 for those of the lines whose persons differ. Which were overtaken, and which must wait."""
        with database_errors():
            now, later = self._apart(lines, await self._held(lines))
            known = await self._within_quota(await self._load(now, _WINDOWS[tried]))
            began = monotonic()
            overtaken = await self._record(known, alone=tried > 0)
        gone = {line.number for line in overtaken}
        for each in known:
            if each.line.number in gone and isinstance(each.step, Delivery):
                self.work.engine.leases.give_back(self.work.sender.requester_id, each.step.now)
        await self._answer([each for each in known if each.line.number not in gone], began, overtaken)
        return overtaken, later

    async def _held(self, lines: Sequence[Line]) -> Sequence[Held | None]:
        async with self.work.engine.pool.acquire() as connection:
            return await self.work.gate.held(connection, self.work.sender, [line.token for line in lines])

    def _apart(self, lines: Sequence[Line], held: Sequence[Held | None]) -> tuple[list[tuple[Line, Held]], list[Line]]:
        """The lines that open something, each person once, and those whose person has had theirs. Others are absent."""
        now: dict[PersonId, tuple[Line, Held]] = {}
        later = []
        for line, each in zip(lines, held, strict=True):
            if each is None:
                self._refuse(line.number, GrantEnded(WITHDRAWN), None)
            elif each.person in now:
                later.append(line)
            else:
                now[each.person] = line, each
        return list(now.values()), later

    async def _load(self, now: Sequence[tuple[Line, Held]], window: int) -> list[Known]:
        """Load, and decide a few at a time: other requests of this process go on meanwhile. A thread would cost more
        than it gives: each call into libsodium would hand the interpreter over and wait for it again."""
        engine, client = self.work.engine, self.work.sender.client_id
        if not now:
            return []
        register = await engine.loader.register(client)
        if register is None:
            raise Unavailable("The client is gone.")
        keys = [self.work.claimed.line_key(line.number) for line, _ in now]
        rows = await engine.loader.find([wanted(register, held, key) for (_, held), key in zip(now, keys, strict=True)])
        opened: list[Opened] = [
            (line, key, held, found) for (line, held), key, found in zip(now, keys, rows, strict=True)
        ]
        at, before = engine.clock.now(), engine.loader.by_digest
        chunk = Chunk(engine.ring, client, register, at, window, self.work.address, before)
        known: list[Known] = []
        for start in range(0, len(opened), SLICE):
            known += decide_all(chunk, opened[start : start + SLICE])
            await asyncio.sleep(0)
        return [await self._completed(chunk, each) for each in known]

    async def _within_quota(self, known: Sequence[Known]) -> list[Known]:
        """As many of the deliveries as the requester's quota allows."""
        deliveries = [each.step for each in known if isinstance(each.step, Delivery)]
        leases, requester = self.work.engine.leases, self.work.sender.requester_id
        if not deliveries or leases.take_known(requester, deliveries[0].now, count=len(deliveries)):
            return list(known)
        found = []
        for each in known:
            if isinstance(each.step, Delivery):
                try:
                    await leases.take(requester, each.step.now)
                except QuotaSpent as error:
                    found.append(each._replace(step=error))
                    continue
            found.append(each)
        return found

    async def _completed(self, chunk: Chunk, known: Known) -> Known:
        """Where a whole grant may have been approved, or items go through the relay: another round trip for each of
        these lines, which are then decided on all of it."""
        loaded, engine, asks = known.loaded, self.work.engine, isinstance(known.step, AsksStanding)
        if loaded is None:
            return known
        try:
            more = await with_relayed(engine, loaded)
            if asks:
                more = await engine.loader.standing(more)
        except Tampered as error:
            return known._replace(step=error)
        return decided(chunk, known, more) if asks or more is not loaded else known

    async def _record(self, known: Sequence[Known], *, alone: bool) -> list[Line]:
        """Step 7 for those that are delivered now, in one statement where that may be; ``alone``: each in one of its
        own, which waits for whoever has the grant. The lines that were overtaken."""
        overtaken = [each.line for each in known if isinstance(each.step, Overtaken)]
        deliveries = [(each.line, each.step) for each in known if isinstance(each.step, Delivery)]
        together = [] if alone else [each for each in deliveries if not _is_approved(each[1])]
        async with self.work.engine.pool.acquire() as connection:
            if together:
                done = await self.work.engine.recorder.record_new(connection, [step for _, step in together])
                overtaken += [line for (line, _), is_done in zip(together, done, strict=True) if not is_done]
            for line, step in deliveries:
                if alone or _is_approved(step):  # an approval is spent by a statement of its own
                    try:
                        await record(connection, step)
                    except (Overtaken, Replayed):
                        overtaken.append(line)
        self.work.engine.receipts.hint()
        return overtaken

    async def _answer(self, known: Sequence[Known], began: float, overtaken: list[Line]) -> None:
        """Step 8, and what becomes of those that are not delivered now."""
        engine = self.work.engine
        proven = [each for each in known if isinstance(each.step, Delivery | Repeated)]
        entries = [_entry(each.step) for each in proven]
        receipts = await engine.receipts.wait_all(entries, engine.receipt_timeout) if entries else {}
        if any(isinstance(each.step, Delivery) for each in proven) and monotonic() - began > LATE:
            await self._check_again(proven)
        for each, entry in zip(proven, entries, strict=True):
            if not any(refused.outcome.number == each.line.number for refused in self.refused):
                self._deliver(each, receipts[entry])
        for each in known:
            if isinstance(each.step, Waits):
                await self._ask(each, overtaken)
            elif isinstance(each.step, VaultError):
                self._refuse(each.line.number, each.step, each)

    def _deliver(self, known: Known, receipt: Receipt) -> None:
        step, loaded, caller = known.step, known.loaded, known.caller
        assert loaded is not None
        assert caller is not None
        if isinstance(step, Repeated):
            earlier = step.step.earlier
            release, key = earlier.id, earlier.commit_key or b""
            if not is_about(receipt, release, commitment(key, release, step.package.shown)):
                self._refuse(known.line.number, CannotRepeat(), known)
                return
        else:
            assert isinstance(step, Delivery)
            release, key = step.release, step.commit_key
        proven = answers.Proven(step.package.shown, key, receipt)
        answer = answers.delivered(loaded, release, proven, sub=caller.access.sub)
        self.outcomes[known.line.number] = batch_outcomes.delivered(known.line.number, answer)

    async def _ask(self, known: Known, overtaken: list[Line]) -> None:
        """Ask the officers, once; a repetition hears the same."""
        step, loaded, number = known.step, known.loaded, known.line.number
        assert isinstance(step, Waits)
        assert loaded is not None
        if loaded.earlier is not None:
            self.outcomes[number] = batch_outcomes.waiting(number, loaded.earlier.id, loaded.earlier.state)
            return
        ask, key = ask_officers, known.ask.idempotency_key
        try:
            run = self.work.engine.database.run
            release = await run(ask, loaded, step.chosen, idempotency_key=key, request_digest=step.digest)
        except Overtaken:
            overtaken.append(known.line)
        except RECORDED as error:
            self._refuse(number, error, known)
        else:
            self.outcomes[number] = batch_outcomes.waiting(number, release, WAITING)

    async def _check_again(self, proven: Sequence[Known]) -> None:
        """The receipts took long: who said no meanwhile is heard."""
        engine = self.work.engine
        with database_errors():
            held = await self._held([each.line for each in proven])
            still = [(each.line, one) for each, one in zip(proven, held, strict=True) if one is not None]
            fresh = {each.line.number: each for each in await self._load(still, 1)}
        for each in proven:
            now = fresh.get(each.line.number)
            try:
                if now is None or now.loaded is None or each.caller is None:
                    raise GrantEnded(WITHDRAWN)
                check_live_now(now.loaded, epoch=each.caller.access.epoch, now=engine.clock.now())
            except RECORDED as error:
                self._refuse(each.line.number, error, each)

    def _refuse(self, number: int, error: VaultError, known: Known | None) -> None:
        outcome = batch_outcomes.refused(number, error)
        self.outcomes[number] = outcome
        if isinstance(error, RECORDED):
            self.refused.append(Refused(outcome, error, known))
        if isinstance(error, Tampered):
            _log.error("failed", problem=error.name, private=error.private)

    async def _record_refusals(self) -> None:
        if self.refused:
            work = self.work
            await work.engine.database.run(record_refusals, work.claimed, work.sender, self.refused)
            work.engine.receipts.hint()


def _is_approved(step: Delivery) -> bool:
    """Whether it rests on an officer's approval, of this release or of the grant's."""
    return step.used_share is not None or step.spending is not None


def _entry(step: Any) -> EntryId:
    return step.entry_id if isinstance(step, Delivery) else EntryId(step.step.earlier.entry_id)
