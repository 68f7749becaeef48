"""Orders to delete what was released, and what requesters answer."""

from collections.abc import Mapping
from typing import Final

from vault.ledger.catalogue.kinds import About, Kind, kind

DELETION: Final[Mapping[str, Kind]] = {
    "deletion.ordered": kind(
        "A requester must delete what it holds under a grant; reason says why.",
        by="person officer regulator registry",
        about=About.PERHAPS,
        must="requester declaration reason ref",
    ),
    "deletion.answered": kind(
        "A requester said, signed, what it deleted; reason names the legal basis of what it keeps.",
        by="requester",
        about=About.PERHAPS,
        must="requester declaration outcome ref digest",
        may="reason",
    ),
    "deletion.refused": kind(
        "A known requester's statement about an order was refused.", by="requester", must="requester reason"
    ),
}
