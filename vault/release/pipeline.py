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

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault.clock import monotonic
from vault.db import Session
from vault.errors import NotFound, Unavailable
from vault.ids import EntryId, ReleaseId
from vault.release import answers
from vault.release.approvals import WAITS
from vault.release.caller import Access, Caller, check_idempotency_key
from vault.release.checks import check_live_now, takes_officer
from vault.release.deciding import Repeats, Request, Waits, decide, pack_again
from vault.release.engine import Answer, Ask, ReleaseEngine
from vault.release.entries import is_about
from vault.release.formats import PLAIN
from vault.release.loaded import Loaded, Wanted
from vault.release.package import commitment
from vault.release.recording import Delivery, Overtaken, Replayed, database_errors
from vault.release.refusals import RECORDED, STALE_TOKEN, CannotRepeat, GrantEnded
from vault.release.refusing import record_refusal
from vault.release.relayed import with_relayed
from vault.release.rendering import Recipient, rendered
from vault.release.tables import WAITING, Release
from vault.release.waiting import ask_officers

__all__ = ["Answer", "Ask", "ReleaseEngine", "release", "state"]

_WINDOWS: Final = (4, 64, 64, 64)
"""How many of the person's next ledger numbers are prepared at each try: more, once somebody was faster."""
LAPSED: Final = "lapsed"
"""What becomes of a release that nobody decided in time."""
_LATE: Final = 1.0
"""Seconds from recording to receipt after which everything is checked once more before anything is sent."""


async def release(engine: ReleaseEngine, ask: Ask) -> Answer:
    """Deliver, or say that an officer must decide first.

    Raises the gate's errors (401); Invalid, IdempotencyMismatch (422); GrantEnded, NotLive,
    OverAsked, UsesSpent, ReleaseDenied, ApprovalLapsed, CannotRepeat, CannotOpen (403); NoEncryptionKey,
    NotAcceptable (406); IdempotencyExpired (422); TooOften (429); Unavailable
    (503, nothing was sent); Tampered (500).
    """
    check_idempotency_key(ask.idempotency_key)
    passage = _Passage(engine, ask, await engine.admit(ask))  # 1. Authenticated.
    for number, window in enumerate(_WINDOWS):
        try:
            return await passage.attempt(window, fresh=number > 0)
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
    chosen = sa.select(Release.state, Release.at).where(
        Release.person_id == access.person,
        Release.id == release_id,
        Release.grant_id == access.grant,
        Release.client_id == access.client_id,
        Release.idempotency_key.is_not(None),
    )
    found = (await session.execute(chosen)).one_or_none()
    if found is None:
        raise NotFound
    return LAPSED if found.state == WAITING and session.now >= found.at + WAITS else found.state


@dataclass(slots=True)
class _Passage:
    """One request on its way through the steps."""

    engine: ReleaseEngine
    ask: Ask
    caller: Caller
    is_proof_used: bool = False

    async def attempt(self, window: int, *, fresh: bool) -> Answer:
        """Load, decide, act; with ``window`` of the person's next ledger numbers prepared. Raises Overtaken."""
        engine, loaded = self.engine, None
        try:
            loaded = await self._load(fresh=fresh)
            if takes_officer(self.caller.access.items):
                with database_errors():
                    loaded = await engine.loader.standing(loaded)
            # 2 to 6. In memory; what is refused there is recorded below.
            request = Request(engine.ring, self.ask, self.caller, engine.clock.now(), window)
            step = decide(request, loaded)
            if isinstance(step, Delivery):
                # 7. Record: every status, limit and version again, under the grant's lock.
                began = monotonic()
                with database_errors():
                    await self._record(step)
                return await self._prove(step, began)
            await self._use_proof()
            return await (self._wait(loaded, step) if isinstance(step, Waits) else self._repeat(loaded, step))
        except RECORDED as error:
            await self._use_proof()
            await record_refusal(engine, self.ask, self.caller, loaded, error=error)
            raise

    async def _record(self, step: Delivery) -> None:
        """Use one of the requester's quota, which is given back when nothing was recorded."""
        leases, requester = self.engine.leases, step.loaded.grant["requester_id"]
        await leases.take(requester, step.now)
        try:
            await self.engine.recorder.record(step)
        except (Overtaken, Replayed):
            leases.give_back(requester, step.now)
            raise
        self.is_proof_used = True

    async def _load(self, *, fresh: bool) -> Loaded:
        """One round trip, while the register is remembered and may be; one more for a grant with relayed items."""
        access = self.caller.access
        sections = sorted({item.partition(".")[0] for item, _ in access.items})
        wanted = Wanted(access.person, access.grant, access.client_id, sections, self.ask.idempotency_key)
        with database_errors():
            loaded = await self.engine.loader.load(wanted, self.engine.clock.now(), fresh=fresh)
        if loaded is None:
            raise GrantEnded(STALE_TOKEN)  # the token is genuine: its grant was, until its vault was erased
        return await with_relayed(self.engine, loaded)

    async def _prove(self, delivery: Delivery, began: float) -> Answer:
        """8. Wait for the receipt, and only then answer."""
        engine = self.engine
        engine.receipts.hint()
        receipt = await engine.receipts.wait(delivery.entry_id, engine.receipt_timeout)
        if monotonic() - began > _LATE:
            await self._check_again()
        proven = answers.Proven(delivery.package.shown, delivery.commit_key, receipt)
        answer = answers.delivered(delivery.loaded, delivery.release, proven, sub=self.caller.access.sub)
        return self._rendered(answer, delivery.loaded, delivery.now)

    async def _check_again(self) -> None:
        engine, access = self.engine, self.caller.access
        loaded = await self._load(fresh=True)
        check_live_now(loaded, epoch=access.epoch, now=engine.clock.now())

    async def _wait(self, loaded: Loaded, step: Waits) -> Answer:
        """Ask the officers, once; a repetition hears the same."""
        if loaded.earlier is not None:
            return answers.waiting(loaded.earlier.id, loaded.earlier.state)
        key = self.ask.idempotency_key
        waiting = await self.engine.database.run(
            ask_officers, loaded, step.chosen, idempotency_key=key, request_digest=step.digest
        )
        self.engine.receipts.hint()
        return answers.waiting(waiting, WAITING)

    async def _repeat(self, loaded: Loaded, step: Repeats) -> Answer:
        """Deliver again what was recorded, to who lost the answer: same entry, same versions, no further use."""
        engine, access, earlier = self.engine, self.caller.access, step.earlier
        package = pack_again(engine.ring, loaded, step, access.g, now=engine.clock.now())
        receipt = await engine.receipts.wait(EntryId(earlier.entry_id), engine.receipt_timeout)
        key = earlier.commit_key or b""
        if not is_about(receipt, earlier.id, commitment(key, earlier.id, package.shown)):
            raise CannotRepeat
        proven = answers.Proven(package.shown, key, receipt)
        return self._rendered(answers.delivered(loaded, earlier.id, proven, sub=access.sub), loaded, earlier.at)

    def _rendered(self, answer: Answer, loaded: Loaded, at: datetime) -> Answer:
        """In the format that was asked for; ``at``: when the release was recorded."""
        if self.ask.format is PLAIN:
            return answer
        engine = self.engine
        return rendered(engine.ring, answer, Recipient(self.ask, loaded, engine.issuer, at, engine.clock.now()))

    async def _use_proof(self) -> None:
        """Once per request, wherever it ends."""
        if not self.is_proof_used:
            proof = self.caller.proof
            with database_errors():
                await self.engine.gate.take(proof.seen, proof.expires_at)
            self.is_proof_used = True
