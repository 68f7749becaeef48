"""The closed catalogue of events: what the ledger can say, and nothing else.

One row per event, in the file of its subject: who may be its actor, whether it is about a person, which fields of
:class:`vault.ledger.events.Event` it must and may carry. To add an event, add a row. Rows are never
renamed or given another meaning, since old entries keep their names. No I/O here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vault.ledger.catalogue.consent import CONSENT
from vault.ledger.catalogue.deletion import DELETION
from vault.ledger.catalogue.kinds import About, ActorKind, Kind
from vault.ledger.catalogue.lawful import LAWFUL
from vault.ledger.catalogue.organisations import ORGANISATIONS
from vault.ledger.catalogue.oversight import OVERSIGHT
from vault.ledger.catalogue.persons import PERSONS
from vault.ledger.catalogue.powers import POWERS
from vault.ledger.catalogue.relay import RELAY
from vault.ledger.catalogue.releases import RELEASES
from vault.ledger.catalogue.requesters import REQUESTERS
from vault.ledger.catalogue.staff import STAFF
from vault.ledger.catalogue.webhooks import WEBHOOKS

__all__ = ["CATALOGUE", "About", "ActorKind", "Kind"]

CATALOGUE: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        **STAFF,
        **PERSONS,
        **REQUESTERS,
        **ORGANISATIONS,
        **CONSENT,
        **RELEASES,
        **OVERSIGHT,
        **POWERS,
        **WEBHOOKS,
        **DELETION,
        **LAWFUL,
        **RELAY,
    }
)
