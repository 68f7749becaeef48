"""What handlers reach the rooms through: opened when the application starts, passed along, never global."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import httpx
import structlog
from cryptography import x509

from vault.authserver.certificates import read_bundle
from vault.authserver.pings import Pings
from vault.authserver.resource import ResourceGate
from vault.authserver.server import AuthServer
from vault.authserver.strangers import record_strangers
from vault.clock import Clock
from vault.crypto.canonical import unb64
from vault.crypto.keyring import KeyRing
from vault.crypto.passwords import StretchQueue
from vault.db import Database
from vault.edge.checkers import configured_checker
from vault.edge.cookies import Jar
from vault.edge.exchange import Exchange, exchange_of
from vault.edge.proxies import Proxies
from vault.errors import BadConfiguration
from vault.ledger.checkpoint import LogKey, log_keys
from vault.ledger.follower import Receipts
from vault.ledger.sequencer import Sequencer
from vault.oversight.counters import Figures, record_figures
from vault.proofing import Answer, HttpSource, Source, SourceUnavailable
from vault.release.engine import ReleaseEngine
from vault.settings import Settings
from vault.signin import Doorway
from vault.vetting.examining import Checker

COUNT_EVERY: Final = 60.0
"""Seconds between two entries about refusals of strangers."""
_log = structlog.get_logger("vault")


@dataclass(frozen=True, kw_only=True)
class Doors:
    """The open installation behind one application."""

    settings: Settings
    database: Database
    doorway: Doorway
    source: Source
    checker: Checker
    receipts: Receipts
    authserver: AuthServer
    engine: ReleaseEngine
    figures: Figures
    exchange: Exchange
    jar: Jar
    proxies: Proxies

    @property
    def ring(self) -> KeyRing:
        """The key ring."""
        return self.database.ring

    @property
    def clock(self) -> Clock:
        """The clock."""
        return self.database.clock

    @property
    def issuer(self) -> str:
        """The issuer identifier: the public address, without a slash at its end."""
        return self.settings.issuer_url

    @property
    def log_key(self) -> LogKey:
        """The key that signs the ledger's checkpoints now."""
        return log_keys(self.ring, self.settings.origin(self.ring.id))[-1]


class NoSource:
    """Stands where no authority is configured: nobody can be confirmed, and so nobody registers."""

    async def check(self, name: str, scheme: str, number: str) -> Answer:
        raise SourceUnavailable("No authority that confirms names is connected.", retry_after=60)


@asynccontextmanager
async def open_doors(
    settings: Settings,
    database: Database,
    *,
    source: Source | None = None,
    checker: Checker | None = None,
    sequencer: Sequencer | None = None,
) -> AsyncIterator[Doors]:
    """The doors over a database, and what runs in this process as long as they are open.

    ``source`` and ``checker`` replace what the settings name; ``sequencer`` is the one of this process, if it runs one.
    """
    async with AsyncExitStack() as stack:
        doorway = Doorway(
            queue=StretchQueue(),
            ring=database.ring,
            minutes=settings.session_minutes,
            ops=settings.argon2_passes,
            mem=settings.argon2_memory,
        )
        stack.callback(doorway.queue.close)
        keys = log_keys(database.ring, settings.origin(database.ring.id))
        receipts = Receipts(database, keys, sequencer=sequencer)
        await stack.enter_async_context(_running(receipts))
        authserver = _authserver(settings, database)
        engine = await _engine(settings, database, receipts, ResourceGate(authserver))
        if source is None:
            source = await stack.enter_async_context(_configured_source(settings, database.clock))
        if checker is None:
            checker = await stack.enter_async_context(configured_checker(settings, database.clock))
        figures = Figures()
        await stack.enter_async_context(_counting("strangers", partial(_write_strangers, authserver)))
        await stack.enter_async_context(_counting("figures", partial(_write_figures, database, figures)))
        await stack.enter_async_context(_pinging(authserver))
        yield Doors(
            settings=settings,
            database=database,
            doorway=doorway,
            source=source,
            checker=checker,
            receipts=receipts,
            authserver=authserver,
            engine=engine,
            figures=figures,
            exchange=exchange_of(settings, database),
            jar=Jar(settings),
            proxies=Proxies.read(settings.trusted_proxies),
        )


async def _engine(settings: Settings, database: Database, receipts: Receipts, gate: ResourceGate) -> ReleaseEngine:
    made = await ReleaseEngine.over(
        database, receipts, gate, receipt_timeout=settings.receipt_timeout, issuer=settings.issuer_url
    )
    return replace(made.with_quota(settings.requester_quota), relay_domain=settings.relay)


def _authserver(settings: Settings, database: Database) -> AuthServer:
    return AuthServer(
        issuer=settings.issuer_url,
        database=database,
        pings=Pings(on_loopback=not settings.is_https),
        authorities=_authorities(settings.client_ca),
        dpop_nonces=settings.dpop_nonces,
    )


def _authorities(bundle: Path | None) -> tuple[x509.Certificate, ...]:
    if bundle is None:
        return ()
    try:
        return tuple(read_bundle(bundle.read_bytes()))
    except OSError as error:
        raise BadConfiguration(f"Cannot read client_ca {bundle}: {error.strerror}.") from None


@asynccontextmanager
async def _configured_source(settings: Settings, clock: Clock) -> AsyncIterator[Source]:
    if not settings.source_url:
        yield NoSource()
        return
    try:
        public = unb64(settings.source_key or "")
    except ValueError:
        raise BadConfiguration("source_key must be an Ed25519 public key: 32 bytes, base64url.") from None
    async with httpx.AsyncClient() as client:
        yield HttpSource(settings.source_url, public, client, clock=clock)


@asynccontextmanager
async def _running(receipts: Receipts) -> AsyncIterator[None]:
    task = asyncio.create_task(receipts.run(), name="receipts")
    task.add_done_callback(_told)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _pinging(authserver: AuthServer) -> AsyncIterator[None]:
    """Tells clients of decisions out of band: in this process, since only it remembers what it has to tell."""
    task = asyncio.create_task(authserver.pings.run(authserver.database), name="pings")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _counting(what: str, write: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Writes down what this process counted: once a minute, and at the end."""

    async def try_to_write() -> None:
        try:
            await write()
        except Exception as error:  # counting is no reason to stop serving
            _log.warning(f"{what}_not_counted", exc_info=error)

    async def keep_writing() -> None:
        while True:
            await asyncio.sleep(COUNT_EVERY)
            await try_to_write()

    task = asyncio.create_task(keep_writing(), name=what)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await try_to_write()


async def _write_strangers(authserver: AuthServer) -> None:
    """How many strangers were refused."""
    if counts := authserver.meter.take():
        await authserver.database.run(record_strangers, counts)


async def _write_figures(database: Database, figures: Figures) -> None:
    if counts := figures.take():
        await database.run(record_figures, counts)


def _told(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.critical("receipts.stopped", exc_info=task.exception())
