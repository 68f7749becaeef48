"""Deletion: having what was released deleted where it went, and knowing who has not answered.

Does: orders a requester to delete what it holds under a grant (the person withdrew, their vault is erased, a regulator
orders it, the time for which it may be kept is over), tells it by a webhook, keeps its signed answer, shows what is
overdue to the person, the organisation, officers and regulators.
Trusts: the ring for the MAC on every row; the requester for nothing but that its key signed what it says.
Promises: an order, and every answer to one, is an entry; of one grant one order is open at a time; an answer is a
statement signed with a key the requester registered, kept as it came; overdue is decided when reading; another
organisation's orders look absent.

Nothing here makes a requester delete anything. It makes it say so, under its own signature, to be held to.
"""

from vault.deletion.ordering import Held, order, stop_watching, stop_watching_all, watch
from vault.deletion.reading import Order, Place, counts, for_person, of_requester, overdue

__all__ = [
    "Held",
    "Order",
    "Place",
    "counts",
    "for_person",
    "of_requester",
    "order",
    "overdue",
    "stop_watching",
    "stop_watching_all",
    "watch",
]
