"""Sandboxes: trying every declaration with made-up persons, behind a wall that nobody real crosses.

Does: makes an organisation its test persons, fills every item of the catalogue for them, and puts together the kit that
an outside client needs. The sandbox clients themselves come with each approval (:mod:`vault.requesters.sandboxes`).
Trusts: whoever calls for having made sure that a member or the operator asks; the row MACs of persons and clients.
Promises: a sandbox client never sees a real person nor a test person of another organisation; no client in production
ever sees a test person; an organisation has five test persons at most.
"""
