"""Fixtures: the registry of the requesters' tests, whose officers vet."""

import pytest

from tests.requesters.conftest import staff
from tests.requesters.world import Staff
from tests.vetting.vetted import Vetting
from vault.clock import FixedClock
from vault.db import Database

__all__ = ["staff"]


@pytest.fixture
def vetting(database: Database, staff: Staff, clock: FixedClock) -> Vetting:
    return Vetting(database, staff, clock)
