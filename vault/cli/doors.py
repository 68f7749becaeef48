"""A database and the way to sign in, for commands that act in somebody's name."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from vault.cli.runtime import Runtime, installation
from vault.crypto.keyring import KeyRing
from vault.crypto.passwords import StretchQueue
from vault.db import Database
from vault.settings import Settings
from vault.signin import Doorway

T = TypeVar("T")


def doorway(settings: Settings, ring: KeyRing, queue: StretchQueue) -> Doorway:
    """The sign-in machinery as the server has it."""
    return Doorway(
        queue=queue,
        ring=ring,
        minutes=settings.session_minutes,
        ops=settings.argon2_passes,
        mem=settings.argon2_memory,
    )


async def acting(runtime: Runtime, act: Callable[[Database, Doorway], Awaitable[T]]) -> T:
    """Run something with a database and a doorway, and put both away."""
    database, queue = runtime.database(), StretchQueue()
    try:
        return await act(database, doorway(runtime.settings, runtime.ring, queue))
    finally:
        queue.close()
        await database.close()


async def with_database(settings: Settings, act: Callable[[Database, Doorway], Awaitable[T]]) -> T:
    """As :func:`acting`, on the installation that the settings describe; it must be migrated."""
    with installation(settings) as runtime:
        await runtime.check_migrated()
        return await acting(runtime, act)
