"""What runs beside the requests: the sequencer, requests and messages to people, the checks of vetting, tidying up.

Every process of an installation may run this: one sequencer leads, the others wait; a check belongs to whoever claims
it first; tidying twice is harmless. Nothing here decides for anybody: expiry is decided when reading, and a tidy-up
that never came would only leave dead rows.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from vault.authserver import announcing
from vault.authserver.hygiene import delete_ended_backchannel, delete_ended_requests
from vault.authserver.replay import forget_old_proofs
from vault.authserver.token_keys import delete_old_keys
from vault.clock import Clock
from vault.consent.deletion import order_at_the_end
from vault.consent.hygiene import delete_dead_wraps, delete_ended_lists
from vault.consent.measures import lift_lapsed_grants
from vault.crypto.keyfile import KeyFile
from vault.crypto.keyring import MemoryRing
from vault.db import Database, Session
from vault.edge.checkers import configured_checker
from vault.erasure import carrying_out as erasing
from vault.errors import BadConfiguration, VaultError
from vault.lawful.ceremony import delete_late_shares
from vault.lawful.telling import tell_revealed
from vault.ledger import heartbeat, indexing
from vault.ledger.checkpoint import ring_signer
from vault.ledger.sequencer import Sequencer
from vault.notifying.choosing import notifier_of
from vault.notifying.hygiene import delete_old_messages
from vault.notifying.post import Post
from vault.oversight import exports
from vault.oversight.exports import delete_ended
from vault.relay import passing
from vault.relay.addresses import close_ended
from vault.release.batches import delete_old_batches
from vault.release.hygiene import delete_lapsed_shares, delete_old_periods
from vault.requesters.hygiene import lift_lapsed_suspensions
from vault.settings import ACT, Settings
from vault.signin.hygiene import delete_ended_sign_ins
from vault.vetting.drafts import delete_lapsed
from vault.vetting.examining import Checker
from vault.vetting.posting import Poster
from vault.vetting.rounds import adopt, bring_forward, work_through
from vault.watching import watch as watching
from vault.watching.reading import forget_old_counts
from vault.webhooks.events import delete_old_events
from vault.webhooks.sending import Sender
from vault.witness.publishing import publishing

TIDY_EVERY: Final = 60.0
"""Seconds between two rounds."""
FOLLOW_EVERY: Final = 5.0
"""Seconds between two looks at the key ring's file."""
TIDYING: Final[tuple[Callable[[Session], Awaitable[object]], ...]] = (
    delete_dead_wraps,
    delete_ended,
    delete_ended_backchannel,
    delete_ended_lists,
    delete_ended_requests,
    delete_ended_sign_ins,
    delete_lapsed,
    delete_lapsed_shares,
    delete_old_batches,
    delete_old_periods,
    delete_old_events,
    delete_old_keys,
    delete_old_messages,
    forget_old_counts,
    passing.delete_old_messages,
    close_ended,
    forget_old_proofs,
    delete_late_shares,
    lift_lapsed_grants,
    lift_lapsed_suspensions,
    order_at_the_end,
    tell_revealed,
)
VET_EVERY: Final = 2.0
"""Seconds between two looks for checks that are due."""
WATCH_EVERY: Final = 2.0
"""Seconds between two looks at what requesters did, once everything is read."""
_log = structlog.get_logger(__name__)


class Follower:
    """Keeps a process's key ring up to the file behind it: new versions come in, and are used when their time comes."""

    def __init__(self, ring: MemoryRing, file: KeyFile, clock: Clock) -> None:
        self._ring = ring
        self._file = file
        self._clock = clock

    async def look(self) -> None:
        """Take in what is new; a file that cannot be read changes nothing. Opening it is a thread's work."""
        try:
            if self._file.revision() != self._file.loaded:
                self._ring.take_in(await asyncio.to_thread(self._file.load), self._clock.now())
        except BadConfiguration as error:
            _log.warning("key_ring_not_followed", exc_info=error)
        self._ring.advance(self._clock.now())

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(FOLLOW_EVERY)


@asynccontextmanager
async def running(
    settings: Settings, database: Database, follower: Follower | None = None, *, checker: Checker | None = None
) -> AsyncIterator[Sequencer]:
    """Sequencer, publishing, vetting and tidying, for as long as the block lasts; and the key ring's file, where there
    is one to follow. ``checker`` replaces what the settings name."""
    async with publishing(settings, database) as published:
        signer = ring_signer(database.ring, settings.origin(database.ring.id))
        sequencer = Sequencer(database, signer).heeding(*published.outside)
        acts = [
            sequencer.run(),
            indexing.run(database),
            exports.run(database),
            tidy(database),
            erasing.run(database),
            announcing.run(database),
        ]
        acts.append(vet(settings, database, checker))
        acts.append(watch(database, is_acting=settings.watcher == ACT))
        acts.append(heartbeat.run(database, sequencer, settings.log_heartbeat_seconds))
        acts.append(Sender(database, Poster(on_loopback=not settings.is_https), settings.issuer_url).run())
        if published.publisher is not None:
            acts.append(published.publisher.run())
        notifier = notifier_of(settings, database)
        if notifier is not None:
            acts.append(Post(database, notifier, settings.issuer_url).run())
        if follower is not None:
            acts.append(follower.run())
        tasks = [asyncio.create_task(act) for act in acts]
        try:
            yield sequencer
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def tidy(database: Database) -> None:
    """Tidy up once a minute until cancelled; what fails is logged and tried again in the next round."""
    while True:
        for act in TIDYING:
            try:
                await database.run(act)
            except (VaultError, SQLAlchemyError, OSError) as error:
                _log.warning("tidying_failed", act=act.__name__, kind=type(error).__name__)
        await asyncio.sleep(TIDY_EVERY)


async def vet(settings: Settings, database: Database, checker: Checker | None = None) -> None:
    """Run checks that are due until cancelled: at once while there is more to do, else every few seconds."""
    every = timedelta(hours=settings.vetting_recheck_hours)
    async with AsyncExitStack() as stack:
        if checker is None:
            checker = await stack.enter_async_context(configured_checker(settings, database.clock))
        is_prepared = False
        while True:
            done = 0
            try:
                if not is_prepared:
                    await database.run(bring_forward, every)
                    is_prepared = not await database.run(adopt)
                done = await work_through(database, checker, every=every)
            except (VaultError, SQLAlchemyError, OSError) as error:
                _log.warning("vetting_failed", kind=type(error).__name__)
            if not done:
                await asyncio.sleep(VET_EVERY)


async def watch(database: Database, *, is_acting: bool = True) -> None:
    """Watch how requesters behave until cancelled; what fails is logged and tried again."""
    while True:
        seen = None
        try:
            seen = await database.run(watching.look, is_acting=is_acting)
        except (VaultError, SQLAlchemyError, OSError) as error:
            _log.warning("watching_failed", kind=type(error).__name__)
        if not seen:
            await asyncio.sleep(WATCH_EVERY)
