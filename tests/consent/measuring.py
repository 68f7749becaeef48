"""An order of regulators about a grant, as whoever holds the powers passes it on."""

from uuid import UUID

from vault import ids
from vault.consent.measures import Ordered
from vault.ledger.events import regulator

FIRST, SECOND = UUID(int=1), UUID(int=2)


def ordered(reason: str = "excessive-use") -> Ordered:
    """Two regulators, with a reason."""
    return Ordered(regulator(FIRST), SECOND, reason, ids.public(ids.POWER, UUID(int=3)))
