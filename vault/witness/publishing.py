"""Publishing, put together from the settings: folder, keys, policy; for the worker and the commands."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from vault.crypto.keyring import KeyRing
from vault.db import Database
from vault.errors import BadConfiguration
from vault.ledger.checkpoint import log_keys
from vault.ledger.cosignature import MLDSA44_COSIGNATURE, Cosigner, CosignerKey
from vault.ledger.outside import Outside, Published
from vault.ledger.policy import Policy, parse_policy
from vault.ledger.publisher import Publisher, Signing
from vault.ledger.shelf import Shelf
from vault.settings import Settings
from vault.witness.asking import AskedWitnesses

SECOND: Final = "ledger-mldsa44"


@dataclass(frozen=True, slots=True)
class Publishing:
    """What publishes, and what remembers for the sequencer; both empty where nothing is published."""

    publisher: Publisher | None = None
    outside: Sequence[Outside] = ()


@asynccontextmanager
async def publishing(settings: Settings, database: Database) -> AsyncIterator[Publishing]:
    """Raises BadConfiguration for a policy that cannot be read."""
    if settings.log_folder is None:
        yield Publishing()
        return
    signing = log_signing(database.ring, settings.origin(database.ring.id))
    shelf = Shelf(settings.log_folder)
    outside: list[Outside] = [Published(shelf, signing.keys)]
    async with httpx.AsyncClient() as client:
        witnesses = None
        if settings.log_policy is not None:
            witnesses = AskedWitnesses(read_policy(settings.log_policy), client, database.clock)
            outside.append(witnesses)
        every = settings.log_publish_seconds
        yield Publishing(Publisher(database, shelf, signing, witnesses=witnesses, every=every), outside)


def log_signing(ring: KeyRing, origin: str) -> Signing:
    """The log's keys: what signs every checkpoint, and the second one for those that are published."""
    return Signing(log_keys(ring, origin), second_signer(ring, origin))


def second_signer(ring: KeyRing, origin: str) -> Cosigner:
    """The log's ML-DSA-44 key: its name is the log's origin."""
    key = CosignerKey(origin, MLDSA44_COSIGNATURE, ring.public_key(SECOND))
    return Cosigner(key, lambda message: ring.sign(SECOND, message))


def read_policy(path: Path) -> Policy:
    """A policy file. Raises BadConfiguration."""
    try:
        return parse_policy(path.read_bytes())
    except OSError as error:
        raise BadConfiguration(f"Cannot read the policy {path}: {error.strerror}.") from None
