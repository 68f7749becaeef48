"""Oversight: a supervisory authority questions the ledger.

Does: finds entries by requester, declaration, purpose, event, outcome and time; proves each of them; proves that
the ledger was never rewritten between two checkpoints.
Trusts: the registry for who is a regulator; the signed checkpoints, not the rows, for what the ledger says.
Promises: every question is itself an entry, recorded before it is answered, with the regulator's name; reading
happens in a database role that can read the ledger and the register and nothing about persons.
"""

from vault.oversight.queries import Found, consistency, entry, search

__all__ = ["Found", "consistency", "entry", "search"]
