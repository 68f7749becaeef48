"""Access that the law orders, without consent: who ordered it, and each step of each opening."""

from collections.abc import Mapping
from typing import Final

from vault.ledger.catalogue.kinds import About, Kind, kind

_BOTH: Final = "officer regulator"
_ORDER: Final = "ref digest outcome reason"

LAWFUL: Final[Mapping[str, Kind]] = {
    "lawful.proposed": kind(
        "One of the two authorities proposed access by law; outcome is the kind of order, reason its legal basis, "
        "digest is of what is signed. Nobody was looked for yet.",
        by=_BOTH,
        must=_ORDER,
    ),
    "lawful.declined": kind(
        "The other authority did not sign, or nobody has such a vault; reason says which.", by=_BOTH, must=_ORDER
    ),
    "lawful.ordered": kind(
        "Both authorities signed an order about the person.", by=_BOTH, about=About.SOMEBODY, must=f"{_ORDER} items"
    ),
    "lawful.peeled": kind(
        "The first officer took off their layer of the escrowed keys; nothing is readable yet.",
        by="officer",
        about=About.SOMEBODY,
        must=_ORDER,
    ),
    "lawful.opened": kind(
        "The named items were opened for the recipient alone; commit is to what was opened.",
        by="regulator",
        about=About.SOMEBODY,
        must=f"{_ORDER} items commit",
    ),
    "lawful.ended": kind("An order was ended before its time.", by=_BOTH, about=About.SOMEBODY, must=_ORDER),
    "lawful.court_named": kind(
        "One of the two named the court's decision about an emergency; the other must name the same.",
        by=_BOTH,
        must=_ORDER,
    ),
    "lawful.court_confirmed": kind(
        "A court confirmed an emergency afterwards.", by=_BOTH, about=About.SOMEBODY, must=_ORDER
    ),
    "lawful.attempt_refused": kind("What the rules of lawful access refused.", by=_BOTH, must="reason"),
}
