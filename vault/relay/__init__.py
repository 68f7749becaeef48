"""The relay: an organisation reaches a person without knowing their mail address or number.

Does: gives an address of its own in the place of a contact that was granted in the form ``relay``; passes mail and
calls on to what stands behind it; lets the person close any address at any time.
Trusts: the key ring for reading a contact while its person is not signed in; the mail server and the operator's
gateway for delivery; whoever calls for having authenticated the sender, and for saying whether the grant holds.
Promises: only the client that was granted the address can send to it, and only while the grant, the address, the
vault and the client's own standing last; one that is closed, ended, another's or never was is answered alike. The
contact is opened at the moment of forwarding and at no other; no content is kept; each message is an entry before it
is sent. Nobody else can send anything through here, nor choose what it is sent from.

The contact lies under the key ring, as a notice address does (design section 4): the person ticks the form and is told
so in as many words. Whoever steals these tables learns how many addresses a nameless vault has given to which
organisation, and when they were written to. With the key ring too, the contacts behind them.
"""

from vault.relay.addresses import RelayView, close, close_of_grant, follow, listing, settle
from vault.relay.names import Relayed, of_grant

__all__ = ["RelayView", "Relayed", "close", "close_of_grant", "follow", "listing", "of_grant", "settle"]
