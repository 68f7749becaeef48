"""What every command needs: settings, the key ring, a database to talk to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from vault import schema
from vault.clock import SystemClock
from vault.crypto.keyfile import KeyFile, open_or_create, passphrase_of
from vault.crypto.keyring import MemoryRing
from vault.db import Database
from vault.errors import BadConfiguration
from vault.settings import Settings


@dataclass(frozen=True)
class Runtime:
    """An installation, ready to be used by one command."""

    settings: Settings
    ring: MemoryRing
    file: KeyFile
    admin_url: str
    pg_bin: Path | None
    """Where the embedded server's programs are; None with a database of one's own."""

    def under(self, settings: Settings) -> "Runtime":
        """The same installation under changed settings."""
        return replace(self, settings=settings)

    def database(self) -> Database:
        """The application's view: run-time roles only."""
        return Database(self.admin_url, self.ring, SystemClock(), pool_size=self.settings.pool_size)

    async def migrate(self) -> None:
        """Bring the database to this program's schema."""
        await schema.migrate(self.admin_url, self.ring)

    async def is_migrated(self) -> bool:
        """Whether the database is at this program's revision."""
        return await self._revision() == schema.head()

    async def check_migrated(self) -> None:
        """Raises BadConfiguration when the database is not at this program's revision."""
        found = await self._revision()
        if found != schema.head():
            raise BadConfiguration(
                f"The database is at revision {found or 'none'}, this program at {schema.head()}: "
                "run `pivault migrate`."
            )

    async def _revision(self) -> str | None:
        url = sa.make_url(self.admin_url).set(drivername="postgresql+asyncpg")
        engine = create_async_engine(url, poolclass=sa.NullPool)
        try:
            async with engine.connect() as connection:
                return await schema.revision_of(connection)
        finally:
            await engine.dispose()


def without_credentials(url: str) -> str:
    """The address alone: all that a serving process needs, since it logs in with the ring's own passwords."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def key_file(settings: Settings) -> KeyFile:
    """The key ring's file, which must be there."""
    return KeyFile(settings.keyring_path, passphrase_of(settings.keyring_path, settings.keyring_passphrase))


@contextmanager
def installation(settings: Settings) -> Iterator[Runtime]:
    """The installation these settings describe; the embedded server lives as long as the block."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    ring, file = open_or_create(settings.keyring_path, settings.keyring_passphrase)
    if settings.database_url:
        yield Runtime(settings, ring, file, settings.database_url, None)
        return
    from vault.embedded import EmbeddedServer  # a database of one's own never needs it

    with EmbeddedServer.start(settings.data / "postgres") as server:
        yield Runtime(settings, ring, file, server.admin_url, Path(server.bin_dir))
