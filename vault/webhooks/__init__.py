"""Webhooks: telling a requester that something happened, signed, and never what.

Does: queues an event in the transaction of the act it is about, sends it from the worker with HTTP message signatures
(RFC 9421), tries again with growing pauses for three days, keeps what nobody took as a dead letter, sends again what a
member asks for.
Trusts: the address that the organisation registered with its client, whose row has a MAC; the receiver for nothing.
Promises: what was committed is sent or kept, whatever crashes; what was rolled back is never sent; an event holds ids
and times and nothing of a person; a receiver that hangs delays its own events alone; nothing is sent to an address
that is not public.

A row names a grant, as the grant's own row does, and no person: whoever steals the table learns when which grant was
touched. Rows need no MAC: one that is made up says nothing that asking the vault would not correct.
"""

from vault.webhooks.queue import Happened, announce

__all__ = ["Happened", "announce"]
