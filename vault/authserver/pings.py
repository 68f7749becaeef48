"""Telling a client that its request is ready to be fetched (CIBA Core 10.2, ping).

``auth_req_id`` must be in the ping and must not be in the database: so the process that started a request keeps it in
memory until its end, and sends the ping when any process has taken the decision. What a restart forgets is not told;
the client polls then, as it may anyway. A request without a yes is told at its end: refused or unknown look the same.
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError

from vault.authserver.tokens import hash_of
from vault.db import Database
from vault.errors import VaultError
from vault.vetting.fetching import Resolve, resolve
from vault.vetting.posting import Poster

EVERY: Final = 1.0
"""Seconds between two looks at what was decided."""
MOST_HELD: Final = 20_000
PAUSES: Final = (timedelta(seconds=2), timedelta(seconds=10), timedelta(seconds=30))
"""Between tries, where the client's endpoint was away or overloaded."""
_APPROVED: Final = "SELECT hash FROM backchannel_requests WHERE hash = ANY($1::bytea[]) AND grant_id IS NOT NULL"
_log = structlog.get_logger("vault")


class Told(Enum):
    """What became of a ping."""

    TAKEN = "taken"
    LATER = "later"
    NEVER = "never"


@dataclass
class Held:
    """A request whose client is to be told. Lives in memory only."""

    auth_req_id: str = field(repr=False)
    token: str = field(repr=False)
    endpoint: str
    ends_at: datetime
    tries: int = 0
    due: datetime | None = None


class Pings:
    """What one process holds, and the way to the clients. ``on_loopback``: the issuer is on loopback, so that clients
    may be, too."""

    def __init__(
        self, *, on_loopback: bool = False, resolve: Resolve = resolve, tls: ssl.SSLContext | None = None
    ) -> None:
        self._held: dict[bytes, Held] = {}
        self._poster = Poster(on_loopback=on_loopback, resolve=resolve, tls=tls)

    def hold(self, held: Held) -> None:
        """Tell this client when its request is ready. Beyond the bound it has to poll."""
        if len(self._held) < MOST_HELD:
            self._held[hash_of(held.auth_req_id)] = held

    async def run(self, database: Database) -> None:
        """Tell until cancelled."""
        while True:
            try:
                await self.round(database)
            except (VaultError, SQLAlchemyError, OSError) as error:
                _log.warning("pings_failed", kind=type(error).__name__)
            await asyncio.sleep(EVERY)

    async def round(self, database: Database) -> int:
        """Tell every client whose request is ready now. Returns how many were tried."""
        now = database.clock.now()
        waiting = [name for name, held in self._held.items() if held.due is None or held.due <= now]
        if not waiting:
            return 0
        async with (await database.pool()).acquire() as connection:
            approved = {row["hash"] for row in await connection.fetch(_APPROVED, waiting)}
        ready = [name for name in waiting if name in approved or self._held[name].ends_at <= now]
        outcomes = await asyncio.gather(*(self.send(self._held[name]) for name in ready))
        for name, outcome in zip(ready, outcomes, strict=True):
            self._settle(name, outcome, now)
        return len(ready)

    def _settle(self, name: bytes, outcome: Told, now: datetime) -> None:
        held = self._held[name]
        if outcome is not Told.LATER or held.tries >= len(PAUSES):
            del self._held[name]
            return
        held.due = now + PAUSES[held.tries]
        held.tries += 1

    async def send(self, held: Held) -> Told:
        """One ping: no redirect is followed, a refusal is not repeated (FAPI-CIBA), the answer is not read."""
        posted = await self._poster.post(
            held.endpoint,
            headers={"Authorization": f"Bearer {held.token}", "Content-Type": "application/json"},
            content=msgspec.json.encode({"auth_req_id": held.auth_req_id}),
        )
        # CIBA Core 10.2: any 2xx is taken; what the client refuses stays refused
        if posted.is_taken:
            return Told.TAKEN
        if posted.is_not_allowed:
            return Told.NEVER
        return Told.LATER if posted.status is None or posted.status == 429 or posted.status >= 500 else Told.NEVER
