"""Oversight, and the log itself."""

from collections.abc import Mapping
from typing import Final

from vault.ledger.catalogue.kinds import About, Kind, kind

OVERSIGHT: Final[Mapping[str, Kind]] = {
    "query.made": kind(
        "A regulator asked the ledger; digest is of the question, reason the power by which.",
        by="regulator",
        about=About.PERHAPS,
        must="digest",
        may="count outcome reason ref",
    ),
    "query.refused": kind(
        "A regulator asked what their mandate does not reach, or by a reference that is none.",
        by="regulator",
        must="reason",
        may="digest requester ref",
    ),
    "reference.made": kind(
        "The person made a reference by which a regulator may find these entries.", by="person", about=About.SOMEBODY
    ),
    "reference.ended": kind(
        "The person ended their references for regulators.", by="person", about=About.SOMEBODY, must="count"
    ),
    "order.filed": kind(
        "A regulator brought an order of a court to look up one person; digest is of the court's number.",
        by="regulator",
        must="ref reason digest",
        may="until",
    ),
    "order.confirmed": kind(
        "A second regulator confirmed an order of a court; it became a reference.",
        by="regulator",
        must="ref reason digest",
        may="until",
    ),
    "export.ordered": kind(
        "A regulator ordered an export; digest is of the question, count is how many entries fit, outcome the format.",
        by="regulator",
        must="ref digest count outcome",
    ),
    "export.fetched": kind("A regulator fetched an export, or a part of it.", by="regulator", must="ref"),
    "access.hidden": kind(
        "An access that the law hides for a while: commit is to its entry, which opens at until.",
        by="registry",
        about=About.SOMEBODY,
        must="until commit",
    ),
    "log.heartbeat": kind("Nothing else was recorded for a while, and the log is well.", by="registry"),
    "auditor.added": kind(
        "An outside auditor may read what entries say; two officers let them in.", by="officer", must="ref second"
    ),
    "auditor.ended": kind("An outside auditor may read no more.", by="officer", must="ref", may="second reason"),
    "refusals.counted": kind("Refusals of strangers, in aggregate.", by="registry", must="reason count", may="outcome"),
    "ledger.redacted": kind(
        "The bytes of count entries from first on are removed after their time; digest is of their leaf hashes.",
        by="officer registry",
        must="first count digest reason",
        may="second",
    ),
    "draft.refused": kind(
        "The outbox held something that is no entry; digest is of its bytes, ref its id.",
        by="registry",
        about=About.PERHAPS,
        must="ref reason digest",
    ),
}
