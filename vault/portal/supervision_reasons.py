"""What supervision's rooms say to regulators and officers, in the reader's language."""

from collections.abc import Mapping
from typing import Final

from vault.portal.languages import N_

PATTERNS: Final[Mapping[str, str]] = {
    N_("must be plain text of %(a)s to %(b)s characters"): r"must be plain text of (?P<a>\d+) to (?P<b>\d+) characters",
    N_("must be one of those offered"): r"is one of .*|must be a legal basis of this kind: .*",
    N_("must be the number of an organisation, a declaration or a permission"): (
        r"must be the id of an organisation, a declaration or a grant"
    ),
    N_("must be a permission: deletion is ordered of what was given under one"): (
        r"must be a grant: deletion is ordered of what was released under one"
    ),
    N_("is for stopping alone: nothing else holds before two have decided"): (
        r"is for suspend alone: nothing else holds before two have decided"
    ),
    N_("says what is taken out: only to take items out, and then at least one"): (
        r"says what is taken out, with narrow and with nothing else"
    ),
    N_("must be a case that is not closed, about this organisation or about none"): (
        r"must be a case that is not closed, about this organisation or about none"
    ),
    N_("must be within %(a)s days from now"): r"must be (?:a moment )?within (?P<a>\d+) days?(?:, 0:00:00)? from now",
    N_("must be 1 to %(a)s"): r"must be 1 to (?P<a>\d+)",
    N_("must name 1 to %(a)s items, each once"): r"must name 1 to (?P<a>\d+) items, each once",
    N_("must be the instrument itself, at most 1 MiB"): r"must be the instrument itself, at most \d+ bytes",
    N_("must be an X25519 public key: 32 bytes as base64url, 43 characters"): r"must be an X25519 public key: 32 bytes",
    N_("must be a number from 0 to %(a)s"): r"must be a number from 0 to (?P<a>\d+)",
    N_("must not be in the future"): r"must not be in the future",
    N_("must be %(a)s to %(b)s printable characters"): r"must be (?P<a>\d+) to (?P<b>\d+) printable characters",
    N_("must be one line of at most 200 characters"): r"must be one line of at most 200 characters, with .*",
}
"""Reasons of single fields: text by the pattern of what a room says."""
SAID: Final = (
    N_("You proposed it yourself."),
    N_("You are of the same unit as the regulator who proposed it."),
    N_("Your last stop of it lapsed because nobody confirmed it: a colleague must order it."),
    N_("Whoever proposed this is no longer in office: propose it anew."),
    N_("This is ordered already: decide that order."),
    N_("This is decided already, or its time is over."),
    N_("Nobody has proposed a decision, or the case is closed."),
    N_("This case is closed."),
    N_("A case holds at most 500 pieces of evidence: open another one."),
    N_("Another proposal waits to be decided: decide that one first."),
    N_("Nothing is proposed about this quota."),
    N_("You have no mandate in force."),
    N_("What was declared there belongs to no sector of your mandate."),
    N_("This organisation is not registered in a region of your mandate."),
    N_("This entry lies outside your mandate."),
    N_("This order is confirmed already, or its time is over."),
    N_("Whoever filed this order is no longer in office: file it anew."),
    N_("You signed this order already."),
    N_("Both signatures must come from different organisations."),
    N_("The other signature is for the other authority to give."),
    N_("Only those who signed the order carry it out."),
    N_("The order is not in force: its time is over, it was ended, or it was never signed by both."),
    N_("Every opening that the order allows has been made."),
    N_("The first step was too long ago: the first officer must begin again."),
    N_("This opening was carried out already."),
    N_("Nobody with this number has a vault. The order is over."),
    N_("This order is decided already, or nobody signed it in time."),
    N_("Only an order in force can be ended."),
    N_("There is nothing for a court to confirm, or one has."),
)
"""Whole sentences, listed here for the catalogues."""
