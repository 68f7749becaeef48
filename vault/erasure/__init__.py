"""Erasure: a person's vault is destroyed at their word, and the ledger keeps its promises.

Does: takes the wish of a person who proved their password once more, lets it be called off for a week, and then, in
one transaction, ends every grant, orders requesters to delete what they hold, and destroys every key: section keys and
their escrow, wraps, the bundle, the ledger key, and the keys of the commitments in the person's entries.
Trusts: the person's signature under the wish, checked again when it is carried out; not the row, nor the clock of
whoever asks.
Promises: nobody but the person erases their vault; nothing of it happens by halves; of an erasure and a release that
meet, one wins and no release comes after; while the law holds the vault, it stays, and what may be said of the reason
is said; the tree stays whole, and every receipt holds as before.

What stays, because records of handling must be kept (PIPL art. 56): the entries, which name nobody and whose tags
nobody can compute any more; the consents as they were signed, deletion orders and their answers, and orders of law,
all under a number that leads to nobody.
"""

from vault.erasure.asking import Standing, ask, call_off, standing
from vault.erasure.holds import Held

__all__ = ["Held", "Standing", "ask", "call_off", "standing"]
