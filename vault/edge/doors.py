"""What handlers reach the rooms through: made once when the application starts, passed, never global."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

from vault.clock import Clock
from vault.crypto.keyring import KeyRing
from vault.crypto.passwords import StretchQueue
from vault.db import Database
from vault.edge.cookies import Jar
from vault.settings import Settings
from vault.signin import Doorway


@dataclass(frozen=True, kw_only=True)
class Doors:
    """The open installation behind one application."""

    settings: Settings
    database: Database
    doorway: Doorway
    source: Any
    engine: Any
    jar: Jar

    @classmethod
    def over(cls, settings: Settings, database: Database, *, source: Any = None) -> Self:
        """Doors over a database; ``source`` replaces the one that the settings name."""
        doorway = Doorway(
            queue=StretchQueue(),
            ring=database.ring,
            minutes=settings.session_minutes,
            ops=settings.argon2_passes,
            mem=settings.argon2_memory,
        )
        return cls(
            settings=settings,
            database=database,
            doorway=doorway,
            source=source,
            engine=None,
            jar=Jar(settings),
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Everything that runs while the application does."""
        try:
            yield
        finally:
            self.doorway.queue.close()

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
