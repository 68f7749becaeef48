"""Requesters: vetting, declarations, standing."""

from collections.abc import Mapping
from typing import Final

from vault.ledger.catalogue.kinds import TERMS, Kind, kind

REQUESTERS: Final[Mapping[str, Kind]] = {
    "application.received": kind(
        "An organisation asks to be registered.", by="requester registry", must="ref", may="requester declaration"
    ),
    "application.approved": kind(
        "One officer approved; a second one must.",
        by="officer",
        must="ref",
        may="requester declaration declaration_version approval",
    ),
    "application.approval_refused": kind(
        "An officer may not give this approval.", by="officer", must="ref reason", may="requester declaration"
    ),
    "application.rejected": kind("An application was turned down.", by="officer", must="ref reason", may="requester"),
    "requester.activated": kind(
        "A requester may work.", by="officer", must="requester", may="ref second approval digest"
    ),
    "requester.suspended": kind(
        "A requester is stopped.", by="officer regulator registry", must="requester reason", may="ref second"
    ),
    "requester.restored": kind(
        "A requester may work again.", by="officer regulator", must="requester reason", may="ref second"
    ),
    "requester.keys_changed": kind(
        "A requester's public keys changed.", by="requester officer", must="requester", may="ref second digest"
    ),
    "declaration.permitted": kind(
        "Two officers signed the permit of a declaration.",
        by="officer",
        must=f"{TERMS} permit",
        may="second ref",
    ),
    "declaration.refused": kind(
        "A declaration was turned down.",
        by="officer",
        must="requester declaration reason",
        may="declaration_version purpose items ref",
    ),
    "declaration.stopped": kind(
        "A declaration's validity was shortened or ended.",
        by="officer regulator registry",
        must="requester declaration reason",
        may="declaration_version second ref",
    ),
}
