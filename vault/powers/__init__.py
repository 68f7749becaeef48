"""Powers: what a supervisory authority does about a grant, a declaration or a requester, and the cases it opens.

Does: orders with a reason, proposed by one regulator and confirmed by another of a different unit; the stop by one
alone that is over after a day; cases with evidence attached by entry, closed by two.
Trusts: the registry for who is a regulator and how far their mandate goes; the signatures of both over the same order;
the row MAC, not the database, for what was ordered.
Promises: nobody's own order is confirmed by themselves or their unit; what is ordered holds for the next release on
every node, because the rooms it is about decide when reading; nothing is ever widened; every step is an entry, refusals
too, and the reasons in words stay outside the ledger.

A thief of these tables learns what was ordered about which organisation and why; of persons the ids of grants.
"""

from vault.powers.deciding import decide_on_record, propose_on_record
from vault.powers.orders import ACTS, REASONS, Order, Target
from vault.powers.reading import PowerView, listing, one
from vault.powers.tables import Evidence, Inquiry

__all__ = [
    "ACTS",
    "REASONS",
    "Evidence",
    "Inquiry",
    "Order",
    "PowerView",
    "Target",
    "decide_on_record",
    "listing",
    "one",
    "propose_on_record",
]
