"""Organisations: the desk of a registered organisation, where its own members look after what it may do.

Does: lets members in (the first one with the token of the approved application, others by invitation), keeps their
roles, has changes of keys, redirect URIs and client metadata signed by a member, and by a second one where the
organisation chose so.
Trusts: the ring for the MAC on every row, the members' own keys for their signatures; the requesters' room for what
a client may have. Trusts no administrator with more than their role: nobody raises their own roles.
Promises: nobody is a member without the approved application's token or a member's invitation, each good once; what a
member may not do is refused and recorded; a removed member is out with their next request; an organisation always has
an administrator and a client always a valid key; another organisation's things look absent.

Whoever steals these tables learns the names and roles of members, and no secret. A database administrator who edits
roles, statuses or keys is refused at the next load.
"""
