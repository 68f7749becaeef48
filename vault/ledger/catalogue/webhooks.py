"""Events to requesters: what members do about them. The events themselves are no entries: the acts they tell of are."""

from collections.abc import Mapping
from typing import Final

from vault.ledger.catalogue.kinds import Kind, kind

WEBHOOKS: Final[Mapping[str, Kind]] = {
    "webhook.tested": kind("A member had a test event sent.", by="member", must="requester"),
    "webhook.replayed": kind(
        "A member had events sent again; count says how many.", by="member", must="requester count"
    ),
}
