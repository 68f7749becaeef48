"""Fixtures of the ledger's tests: a signer, and a log on each real database."""

import pytest

from tests.ledger.world import ORIGIN, Log
from vault.crypto.keyring import MemoryRing
from vault.crypto.sealing import new_key
from vault.db import Database
from vault.ledger.checkpoint import Signer, ring_signer


@pytest.fixture
def memory_ring() -> MemoryRing:
    """A ring that needs no server."""
    return MemoryRing("00000000", {"ledger": {1: new_key()}})


@pytest.fixture
def signer(request: pytest.FixtureRequest) -> Signer:
    """The log's signer: under the database's ring where the test has one."""
    name = "ring" if "database" in request.fixturenames else "memory_ring"
    return ring_signer(request.getfixturevalue(name), ORIGIN)


@pytest.fixture
def log(database: Database, database_url: str, signer: Signer) -> Log:
    return Log(database, signer, database_url)
