"""The relay: addresses in the place of contacts, and that something passed through them."""

from collections.abc import Mapping
from typing import Final

from vault.ledger.catalogue.kinds import About, Kind, kind

RELAY: Final[Mapping[str, Kind]] = {
    "relay.opened": kind(
        "The person let the relay hold a contact, and an organisation reach them through it.",
        by="person",
        about=About.SOMEBODY,
        must="requester items",
    ),
    "relay.closed": kind(
        "An address of the relay is closed; reason says by what: the person, the end or change of the grant, the "
        "contact's own end.",
        by="person requester officer regulator registry",
        about=About.SOMEBODY,
        must="requester items reason",
    ),
    "relay.forwarded": kind(
        "An organisation's message or call is about to be passed on; outcome says which.",
        by="requester",
        about=About.SOMEBODY,
        must="requester items outcome",
    ),
    "relay.refused": kind(
        "A known organisation sent to an address that it may not send to, or too much.",
        by="requester",
        about=About.PERHAPS,
        must="requester reason",
        may="items",
    ),
}
