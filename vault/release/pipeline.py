"""A release, step by step (design, section 5). The order is the contract.

What survives a crash after each step:

=================  =========================================================================================
1 authenticated    nothing
2 loaded, live     nothing
3 chosen           nothing
4 approved         a waiting release and its entry; the same request under the same key finds it
5 opened           nothing: keys and values are in memory only
6 minimised        nothing
7 recorded         use, proof, release and outbox draft, all of them or none; from here on the entry will be in
                   the tree, and the same request under the same key finds it and renders the same versions
8 proven, sent     as after 7: who did not get the answer asks again
=================  =========================================================================================

On the hot path there are two round trips to the database, one for step 2 and one for step 7, beside the wait for
receipts that all releases of a process share.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.clock import millis, monotonic
from vault.crypto.sealing import new_key, same
from vault.db import Session
from vault.errors import NotFound, Unauthenticated, Unavailable
from vault.ids import EntryId, ReleaseId
from vault.ledger import events, leaf, subjects
from vault.ledger.log import SHARD
from vault.release import answers, limits
from vault.release.authorising import Approved, approved, share_for_repetition
from vault.release.caller import Access, Caller, check_idempotency_key
from vault.release.checks import Chosen, check_live_now, choose, needs_officer, request_digest
from vault.release.engine import Answer, Ask, ReleaseEngine
from vault.release.entries import delivered, is_about
from vault.release.loaded import Earlier, Loaded, Wanted
from vault.release.package import Package, Shares, commitment, pack
from vault.release.recording import Delivery, Overtaken, Replayed, database_errors, record
from vault.release.refusals import RECORDED, CannotRepeat, IdempotencyMismatch
from vault.release.refusing import record_refusal
from vault.release.tables import DELIVERED, WAITING, Release
from vault.release.waiting import ask_officers

__all__ = ["Answer", "Ask", "ReleaseEngine", "release", "state"]

_WINDOWS: Final = (8, 64, 64, 64)
"""How many of the person's next ledger numbers are prepared at each try: more, once somebody was faster."""
_LATE: Final = 0.25
"""Seconds after which what was checked under the lock is checked once more before anything is sent."""


async def release(engine: ReleaseEngine, ask: Ask) -> Answer:
    """Deliver, or say that an officer must decide first.

    Raises the gate's errors and Unauthenticated (401); Invalid, IdempotencyMismatch (422); GrantEnded, NotLive,
    OverAsked, UsesSpent, ReleaseDenied, ApprovalLapsed, CannotRepeat, CannotOpen (403); TooOften (429); Unavailable
    (503, nothing was sent); Tampered (500).
    """
    check_idempotency_key(ask.idempotency_key)
    request = _Request(engine, ask, await engine.admit(ask))  # 1. Authenticated.
    for number, window in enumerate(_WINDOWS):
        try:
            return await request.attempt(window, fresh=number > 0)
        except Overtaken:
            continue
        except Replayed:
            raise engine.gate.replayed() from None
    raise Unavailable("Too many releases of this person are under way.")


async def state(engine: ReleaseEngine, ask: Ask, release_id: UUID) -> Answer:
    """What has become of a release: its state and nothing else. NotFound for any but this grant's own."""
    caller = await engine.admit(ask)
    await engine.gate.take(caller.proof.seen, caller.proof.expires_at)
    found = await engine.database.run(_find, caller.access, release_id)
    return answers.state(ReleaseId(release_id), found)


async def _find(session: Session, access: Access, release_id: UUID) -> str:
    chosen = sa.select(Release.state).where(
        Release.person_id == access.person,
        Release.id == release_id,
        Release.grant_id == access.grant,
        Release.client_id == access.client_id,
        Release.idempotency_key.is_not(None),
    )
    found = (await session.execute(chosen)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class _How:
    """When this try began, how many ledger numbers it prepares, what makes it the same request."""

    now: datetime
    window: int
    digest: bytes


@dataclass(slots=True)
class _Request:
    """One request on its way through the steps."""

    engine: ReleaseEngine
    ask: Ask
    caller: Caller
    is_proof_used: bool = False

    async def attempt(self, window: int, *, fresh: bool) -> Answer:
        """Load, decide, deliver; with ``window`` of the person's next ledger numbers prepared. Raises Overtaken."""
        loaded = None
        try:
            loaded = await self._load(fresh=fresh)
            return await self._decide(loaded, window)
        except RECORDED as error:
            await self._use_proof()
            await record_refusal(self.engine, self.ask, self.caller, loaded, error=error)
            raise

    async def _load(self, *, fresh: bool) -> Loaded:
        """One round trip, while the register is remembered and may be."""
        access = self.caller.access
        sections = sorted({item.partition(".")[0] for item, _ in access.items})
        with database_errors():
            async with self.engine.pool.acquire() as connection:
                wanted = Wanted(access.person, access.grant, access.client_id, sections, self.ask.idempotency_key)
                loaded = await self.engine.loader.load(connection, wanted, self.engine.clock.now(), fresh=fresh)
        if loaded is None:
            raise Unauthenticated("There is no such grant.")
        return loaded

    async def _decide(self, loaded: Loaded, window: int) -> Answer:
        engine, access, now = self.engine, self.caller.access, self.engine.clock.now()
        # 2. Is everything live, at this moment?
        check_live_now(loaded, epoch=access.epoch, now=now)
        # 3. What is asked for, within what the token, the grant and the declaration allow.
        chosen = choose(self.ask.items, [Chosen(*each) for each in access.items], loaded)
        digest, earlier = request_digest(loaded.grant_id, access.client_id, chosen), loaded.earlier
        if not loaded.is_fresh and (earlier is not None or needs_officer(chosen)):
            raise Overtaken  # what follows may end without the statement that compares: look at the register itself
        if earlier is not None and not same(earlier.request_digest, digest):
            raise IdempotencyMismatch
        if earlier is not None and earlier.state == DELIVERED:
            return await self._repeat(loaded, earlier, chosen)
        limits.check(loaded.limits, loaded.used, now)
        # 4. The standing permit is enough, or an officer approved, or an officer must be asked.
        approval = None
        if earlier is not None or needs_officer(chosen):
            if earlier is None or earlier.state == WAITING:
                return await self._wait(loaded, chosen, digest)
            approval = approved(engine.ring, loaded, earlier, digest, now)
        return await self._deliver(loaded, chosen, approval, how=_How(now, window, digest))

    async def _deliver(
        self, loaded: Loaded, chosen: Sequence[Chosen], approval: Approved | None, *, how: _How
    ) -> Answer:
        engine, access = self.engine, self.caller.access
        # 5. Open with all the shares. 6. Keep what was chosen, in its forms.
        package = pack(engine.ring, loaded, chosen, Shares(access.g, approval.share if approval else None), how.now)
        # 7. Record: every status, limit and version again, under the grant's lock.
        began = monotonic()
        delivery = self._delivery(loaded, package, approval, how)
        await record(engine.pool, delivery)
        self.is_proof_used = True
        engine.receipts.hint()
        # 8. Prove, and only then answer.
        proven = await engine.receipts.wait(delivery.entry_id, engine.receipt_timeout)
        if monotonic() - began > _LATE:
            check_live_now(await self._load(fresh=True), epoch=access.epoch, now=engine.clock.now())
        payload = answers.Proven(package.items, delivery.commit_key, proven)
        return answers.delivered(loaded, delivery.release, payload, sub=access.sub)

    def _delivery(self, loaded: Loaded, package: Package, approval: Approved | None, how: _How) -> Delivery:
        ring = self.engine.ring
        release_id = loaded.earlier.id if loaded.earlier else ReleaseId(ids.new_uuid())
        key, entry_id = new_key(), EntryId(ids.new_uuid())
        commit = commitment(key, release_id, package.items)
        cited = approval.digest if approval else None
        event = delivered(loaded, release_id, package.items, commit=commit, approval=cited)
        events.check(event, tagged=True)
        k_s = subjects.open_key(ring, loaded.person_id, loaded.subject_key)
        return Delivery(
            loaded=loaded,
            release=release_id,
            idempotency_key=self.ask.idempotency_key,
            request_digest=how.digest,
            package=package,
            commit_key=key,
            used_share=approval.spent(ring, loaded.person_id, self.caller.access.g) if approval else None,
            entry_id=entry_id,
            draft=leaf.draft(event, entry_id, millis(how.now)),
            tags=subjects.tags(k_s, SHARD, loaded.next_n, how.window),
            proof=self.caller.proof,
            now=how.now,
        )

    async def _wait(self, loaded: Loaded, chosen: Sequence[Chosen], digest: bytes) -> Answer:
        """Ask the officers, once; a repetition hears the same."""
        await self._use_proof()
        if loaded.earlier is not None:
            return answers.waiting(loaded.earlier.id, loaded.earlier.state)
        waiting = await self.engine.database.run(
            ask_officers, loaded, chosen, idempotency_key=self.ask.idempotency_key, request_digest=digest
        )
        self.engine.receipts.hint()
        return answers.waiting(waiting, WAITING)

    async def _repeat(self, loaded: Loaded, earlier: Earlier, chosen: Sequence[Chosen]) -> Answer:
        """Deliver again what was recorded, to who lost the answer: same entry, same versions, no further use."""
        await self._use_proof()
        engine, access = self.engine, self.caller.access
        share = None
        if needs_officer(chosen):
            share = share_for_repetition(engine.ring, loaded, access.g, engine.clock.now())
        package = pack(engine.ring, loaded, chosen, Shares(access.g, share), earlier.at)
        proven = await engine.receipts.wait(EntryId(earlier.entry_id), engine.receipt_timeout)
        key = earlier.commit_key or b""
        if not is_about(proven, earlier.id, commitment(key, earlier.id, package.items)):
            raise CannotRepeat
        payload = answers.Proven(package.items, key, proven)
        return answers.delivered(loaded, earlier.id, payload, sub=access.sub)

    async def _use_proof(self) -> None:
        """Once per request, wherever it ends."""
        if not self.is_proof_used:
            proof = self.caller.proof
            with database_errors():
                await self.engine.gate.take(proof.seen, proof.expires_at)
            self.is_proof_used = True
