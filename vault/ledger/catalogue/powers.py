"""What supervisory authorities order, and the cases they open."""

from collections.abc import Mapping
from typing import Final

from vault.ledger.catalogue.kinds import About, Kind, kind

POWERS: Final[Mapping[str, Kind]] = {
    "power.proposed": kind(
        "A regulator ordered something about a requester, a declaration or a grant; outcome says what. A second one "
        "must confirm it until then; an urgent stop holds meanwhile.",
        by="regulator",
        about=About.PERHAPS,
        must="requester outcome reason ref digest until",
    ),
    "power.confirmed": kind(
        "A second regulator confirmed an order; second is who proposed it.",
        by="regulator",
        about=About.PERHAPS,
        must="requester outcome reason ref digest second",
    ),
    "power.declined": kind(
        "A second regulator did not confirm an order.",
        by="regulator",
        about=About.PERHAPS,
        must="requester outcome reason ref digest second",
    ),
    "power.attempt_refused": kind(
        "A regulator tried what takes somebody else.",
        by="regulator",
        about=About.PERHAPS,
        must="requester outcome reason",
    ),
    "inquiry.opened": kind("A regulator opened a case.", by="regulator", must="ref", may="requester"),
    "inquiry.evidence_added": kind(
        "Something was attached to a case; outcome says what kind, digest is of it.",
        by="regulator",
        must="ref outcome digest",
    ),
    "inquiry.closing_proposed": kind(
        "A regulator proposed how to decide a case.", by="regulator", must="ref outcome digest", may="requester"
    ),
    "inquiry.closed": kind(
        "A second regulator agreed, and the case is decided; second is who proposed it.",
        by="regulator",
        must="ref outcome second digest",
        may="requester",
    ),
    "inquiry.attempt_refused": kind(
        "A regulator tried with a case what takes somebody else, or lies outside their mandate.",
        by="regulator",
        must="reason",
        may="ref",
    ),
}
