"""Oversight: a supervisory authority questions the ledger.

Does: finds entries by any combination of filters, within the regulator's mandate; proves each of them and each page;
counts over time; says whom an organisation's uses reached; exports; turns a person's reference or a court's order into
a question about one person without saying who it is.
Trusts: the registry for who is a regulator and what their mandate is; the signed checkpoints, not the rows, for what
the ledger says.
Promises: every question is itself an entry, recorded before it is answered, with the regulator's name; what lies
outside the mandate is refused, and that is an entry too; whoever was asked about by name of a reference sees it, at
once or on the day the law says; reading happens in a database role that can read the ledger and the register and
nothing about persons.
"""

from vault.oversight.asking import Question
from vault.oversight.queries import Found, Page, consistency, entry, search
from vault.oversight.references import Reference, end_references, make_reference

__all__ = [
    "Found",
    "Page",
    "Question",
    "Reference",
    "consistency",
    "end_references",
    "entry",
    "make_reference",
    "search",
]
