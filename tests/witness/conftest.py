"""Fixtures: a log on a real database, as the ledger's own tests have it."""

from tests.ledger.conftest import log, signer

__all__ = ["log", "signer"]
