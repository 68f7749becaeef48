"""Oversight, and the log itself."""

from collections.abc import Mapping
from typing import Final

from vault.ledger.catalogue.kinds import About, Kind, kind

OVERSIGHT: Final[Mapping[str, Kind]] = {
    "query.made": kind(
        "A regulator asked the ledger; digest is of the question.",
        by="regulator",
        about=About.PERHAPS,
        must="digest",
        may="count outcome reason ref",
    ),
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
    "draft.refused": kind(
        "The outbox held something that is no entry; digest is of its bytes, ref its id.",
        by="registry",
        about=About.PERHAPS,
        must="ref reason digest",
    ),
}
