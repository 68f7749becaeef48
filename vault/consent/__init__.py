"""Consent: what a person allows a requester, and how it ends.

Does: checks what is asked against what was declared (``terms``), turns a person's choice into a grant
with its keys, its signed record and its entry (``decide``), or into a new consent in the place of the one before
(``changing``), lists and withdraws grants (``grants``, ``ending``), gives tokens their places in the status lists
(``status``), publishes what may become of a grant (``states``),
keeps section keys and grants in step (``upkeep``).
Trusts: the person's bundle for signatures and section keys, the key ring for the registry's share, the
register for who asks; the row MAC, not the database, for what a grant allows.
Promises: request within declaration within catalogue, always; without the person's share, the key ring
and, for sensitive parts, the officers' share, a grant's keys do not open; a withdrawal holds for the very
next release; nobody ends or sees another person's grant.

How grants keep up with a person's sections: giving a consent makes the keys of all its parts, so a part
that is empty today is readable when it is filled in later, without a token and without anybody having to
remember it. Keys change only in :func:`vault.consent.upkeep.rotate_after_withdrawal`, which re-seals the new ones
to the remaining grants in the same transaction; call it after each sign-in of a person. Writing a section needs
no call into this room to be readable; :func:`vault.consent.write_section` also tells the requesters concerned.

What a thief of these tables learns: which organisation may ask for which items of a nameless vault, and when.
"""

from vault.consent.changes import MERGE, REPLACE, Change, InForce, compare, terms_of
from vault.consent.changing import GrantMoved, in_force
from vault.consent.decide import Choice, Given, Offer, decline, give
from vault.consent.ending import give_back
from vault.consent.grants import GrantView, for_person, one, withdraw
from vault.consent.telling import write_section
from vault.consent.terms import Asked, BadDetails, ItemForm, OverAsked, Terms, check, parse, within
from vault.consent.upkeep import reseal, rotate_after_withdrawal
from vault.consent.versions import Superseded, earlier

__all__ = [
    "MERGE",
    "REPLACE",
    "Asked",
    "BadDetails",
    "Change",
    "Choice",
    "Given",
    "GrantMoved",
    "GrantView",
    "InForce",
    "ItemForm",
    "Offer",
    "OverAsked",
    "Superseded",
    "Terms",
    "check",
    "compare",
    "decline",
    "earlier",
    "for_person",
    "give",
    "give_back",
    "in_force",
    "one",
    "parse",
    "reseal",
    "rotate_after_withdrawal",
    "terms_of",
    "withdraw",
    "within",
    "write_section",
]
