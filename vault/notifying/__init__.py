"""Notifying: where a person wants to be told, and telling them there.

Does: keeps a person's notice address under the key ring (design section 4), queues messages in the transaction of the
act they are about, and delivers them afterwards, by mail or into an outbox that can be looked at.
Trusts: the key ring for reading an address while its person is not signed in; the mail server for nothing but
delivery.
Promises: an address is given for this purpose, is no section and is never released; it counts only once a code sent
there came back; a message says that something waits in the vault, and neither what nor whose; what was rolled back is
never sent; what cannot be sent is tried again, ever more slowly, until it is worth nothing any more.

Whoever steals these tables learns who has an address and when they were told something. With the key ring too, the
address (design section 9).
"""

from vault.notifying.addresses import (
    AddressView,
    NoticeAddresses,
    address_of,
    confirm_address,
    give_address,
    remove_address,
)
from vault.notifying.notifier import Carrier, Letter, Notifier, Outcome, Parcel
from vault.notifying.telling import tell

__all__ = [
    "AddressView",
    "Carrier",
    "Letter",
    "NoticeAddresses",
    "Notifier",
    "Outcome",
    "Parcel",
    "address_of",
    "confirm_address",
    "give_address",
    "remove_address",
    "tell",
]
