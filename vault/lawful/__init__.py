"""Lawful access: what the law orders about a named person, without their consent and never without their knowing.

Does: orders with their instrument, signed by an officer of the registry and one of the supervisory authority over the
same bytes; the ceremony by which the two, one after the other and each with a secret of their own, turn escrowed
section keys into a file that only the recipient named in the instrument can read; courts' confirmations of emergencies;
figures. Trusts: the two role keys for what opens; the person's signatures for what is opened; the row MAC for what was
ordered. Promises: with one of the two missing nothing opens, whatever the code believes; only the named items, in their
named forms, of the versions that were current; each step is an entry before anything leaves, tagged for the person at
once and readable to them on a day that nobody can put off; the officers see no content.

A thief of these tables learns which authority ordered something, when, and a person's row id; with the key ring too,
can test guessed numbers against an order's index. The files are readable by their recipients alone.
"""

from vault.lawful.ceremony import open_on_record, peel_on_record
from vault.lawful.deciding import decide_on_record, end, propose_on_record
from vault.lawful.orders import BASES, Instrument, LawfulOrder, Recipient
from vault.lawful.reading import OpeningView, OrderView, listing, one
from vault.lawful.tables import LawfulOpening

__all__ = [
    "BASES",
    "Instrument",
    "LawfulOpening",
    "LawfulOrder",
    "OpeningView",
    "OrderView",
    "Recipient",
    "decide_on_record",
    "end",
    "listing",
    "one",
    "open_on_record",
    "peel_on_record",
    "propose_on_record",
]
