"""What a release works with, and the shapes of question and answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import asyncpg

from vault.clock import Clock
from vault.crypto.keyring import KeyRing
from vault.db import Database
from vault.ledger.follower import Receipts
from vault.release.caller import Caller, Gate
from vault.release.formats import JSON, PLAIN, Format
from vault.release.leases import Leases
from vault.release.loading import Loader
from vault.release.recorder import Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request of a requester, as it came over HTTP.

    ``authorization`` and ``proofs``: its headers Authorization and DPoP; ``certificate``: the DER of its TLS client
    certificate; ``url``: this endpoint as the issuer publishes it, without query; ``items``: item names, or None for
    all the token covers; ``format``: how the answer is wanted.
    """

    authorization: str = field(repr=False)
    proofs: Sequence[str] = field(repr=False)
    certificate: bytes | None = None
    method: str
    url: str
    items: Sequence[str] | None
    idempotency_key: str
    address: str
    format: Format = PLAIN


@dataclass(frozen=True, slots=True)
class Answer:
    """``status`` 200 with the release, or 202 with where its state is told. ``body`` is of ``media_type``."""

    status: int
    body: bytes = field(repr=False)
    location: str | None = None
    media_type: str = JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseEngine:
    """Everything a release needs, made once per process. ``receipt_timeout`` in seconds; ``gate`` is step 1;
    ``issuer``: who signs SD-JWTs; ``relay_domain``: where the relay takes mail and calls."""

    database: Database
    pool: asyncpg.Pool
    receipts: Receipts
    gate: Gate
    receipt_timeout: float
    loader: Loader
    recorder: Recorder
    leases: Leases
    issuer: str = ""
    relay_domain: str = "relay.invalid"

    @classmethod
    async def over(
        cls,
        database: Database,
        receipts: Receipts,
        gate: Gate,
        *,
        receipt_timeout: float = 5.0,
        issuer: str = "",
    ) -> Self:
        """An engine over an open database."""
        pool = await database.pool()
        return cls(
            database=database,
            pool=pool,
            receipts=receipts,
            gate=gate,
            receipt_timeout=receipt_timeout,
            loader=Loader(database.ring, pool),
            recorder=Recorder(pool),
            leases=Leases(pool, database.ring),
            issuer=issuer,
        )

    def with_quota(self, per_day: int) -> Self:
        """The same for requesters that may have so many releases a day, where nothing else is said."""
        return replace(self, leases=Leases(self.pool, self.ring, per_day=per_day))

    async def admit(self, ask: Ask) -> Caller:
        """Step 1. Raises the gate's errors, all answered with 401."""
        return Caller(*await self.gate.admit(ask, now=self.clock.now()))

    @property
    def ring(self) -> KeyRing:
        """The key ring."""
        return self.database.ring

    @property
    def clock(self) -> Clock:
        """The clock."""
        return self.database.clock
