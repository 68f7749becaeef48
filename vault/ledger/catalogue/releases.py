"""Releases."""

from collections.abc import Mapping
from typing import Final

from vault.ledger.catalogue.kinds import SOME_TERMS, TERMS, About, Kind, kind

RELEASES: Final[Mapping[str, Kind]] = {
    "release.requested": kind(
        "A release waits for an officer.",
        by="requester",
        about=About.SOMEBODY,
        must=f"{TERMS} ref",
        may="consent permit",
    ),
    "release.approved": kind(
        "An officer approved one release.",
        by="officer",
        about=About.SOMEBODY,
        must="requester ref approval",
        may=f"{SOME_TERMS} reason",
    ),
    "release.denied": kind(
        "An officer turned one release down.",
        by="officer",
        about=About.SOMEBODY,
        must="requester ref reason",
        may=f"{SOME_TERMS} approval",
    ),
    "approval.given": kind(
        "An officer approved a grant's releases of these items; count says how many at most.",
        by="officer",
        about=About.SOMEBODY,
        must="requester ref approval count items",
        may="declaration purpose",
    ),
    "approval.ended": kind(
        "An officer ended such an approval before its time.",
        by="officer",
        about=About.SOMEBODY,
        must="requester ref",
    ),
    "release.approval_refused": kind(
        "An officer may not decide this release.",
        by="officer",
        about=About.PERHAPS,
        must="ref reason",
        may="requester declaration",
    ),
    "release.delivered": kind(
        "Authorised and about to be sent: the entry comes first.",
        by="requester",
        about=About.SOMEBODY,
        must=f"{TERMS} ref consent permit commit",
        may="approval outcome count",
    ),
    "release.refused": kind(
        "A known requester was refused data.",
        by="requester",
        about=About.PERHAPS,
        must="requester reason",
        may=f"{SOME_TERMS} ref outcome count",
    ),
}
