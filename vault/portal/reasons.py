"""Reasons that the rooms give for refusing a field, in the reader's language.

The rooms speak English; what they say is matched here and said again. What is not matched is shown as it is.
"""

import re
from collections.abc import Mapping
from typing import Final

from vault.portal.languages import N_, Language
from vault.portal.supervision_reasons import PATTERNS

_PATTERNS: Final[Mapping[str, str]] = {
    N_("must not be longer than %(a)s characters"): r"must not be longer than (?P<a>\d+) characters",
    N_("must not be empty"): r"must not be empty",
    N_("must have at least %(a)s characters"): r"must have at least (?P<a>\d+) characters",
    N_("must not have more than %(a)s entries"): r"must not have more than (?P<a>\d+) entries",
    N_("must not name anything twice"): r"must not name anything twice",
    N_("must not be less than %(a)s"): r"must not be less than (?P<a>\S+)",
    N_("must not be more than %(a)s"): r"must not be more than (?P<a>\S+)",
    N_("must be a date, for example 1990-12-31"): r"must be a date, for example 1990-12-31",
    N_("has not the form expected here: %(a)s"): r"has not the form expected here: (?P<a>.+)",
    N_("lacks %(a)s"): r"lacks (?P<a>.+)",
    N_("must be a whole number"): r"must be (?:a whole number|an? integer)",
    N_("has control characters or broken Unicode"): r"has control characters or broken Unicode",
    N_("must have %(a)s to %(b)s characters"): r"must have (?P<a>\d+) to (?P<b>\d+) characters",
    N_("is one of the first that would be guessed; choose another"): r"is one of the first that would be guessed.*",
    N_("must not be the login name"): r"must not be the login name",
    N_("must not be a mail address"): r"must not be a mail address",
    N_("must not hold a phone or id number (seven digits or more in a row)"): r"must not hold a phone or id number.*",
    N_(
        "may have letters, digits, dots, hyphens and underscores, beginning with a letter"
    ): r"may have letters, digits.*",
    N_("must be one line of %(a)s to %(b)s characters"): r"must be one line of (?P<a>\d+) to (?P<b>\d+) characters",
    N_("must have 18 characters"): r"must have 18 characters",
    N_("must be 17 digits followed by a digit or X"): r"must be 17 digits followed by a digit or X",
    N_("does not begin with the code of a province"): r"does not begin with the code of a province",
    N_("does not hold a date of birth that exists"): r"does not hold a date of birth that exists",
    N_("holds a date of birth in the future"): r"holds a date of birth in the future",
    N_("has a wrong check character: one of its characters is mistyped"): r"has the wrong check character: .*",
    N_("must be a mail address, for example name@example.com"): r"must be a mail address, for example .*",
    N_("must be 1 to %(a)s printable characters"): r"must be 1 to (?P<a>\d+) printable characters",
    N_("is not your present password"): r"is not your present password",
    N_("must be the same as above"): r"must be the same as above",
    N_("choose one or more roles"): r"must be one or more of administrator, .*",
    N_("would leave the client without a valid key from %(a)s on"): (
        r"would leave the client without a valid key from (?P<a>\S+) on"
    ),
    N_("is after the end this key has already"): r"is after the end this key has already: .*",
    N_("must be at most %(a)s days ahead"): r"must be at most (?P<a>\d+) days ahead",
    N_("must be after the key begins to hold"): r"must be after the key begins to hold",
    N_("is one of your keys already, under another kid"): r"is one of your keys already, under another kid: .*",
    N_("is under a host that was not vetted: file a new application for it"): (
        r"is under a host that was not vetted: .*"
    ),
    N_("is listed twice"): r"is listed twice",
    N_("must be ticked: this cannot be undone"): r"must be ticked: this cannot be undone",
    N_("must be a public key as JSON, beginning with {"): r"must be a public key as JSON, .*",
    N_("is a private member: never send private keys; make a new key pair"): r"is a private member: .*",
    N_("is missing"): r"is missing",
    N_("must have at least %(a)s entries"): r"must have at least (?P<a>\d+) entries",
    N_("is not of the form expected here"): r"Expected .*|must be an? (?:object|list)|Invalid .*",
    N_("is not one of the values allowed here"): r"is not one of the values allowed here",
    N_("must be a mail address such as privacy@example.com"): r"must be a mail address such as privacy@example\.com",
    N_("must be an https address of a page, without a user"): r"must be an https address of a page, without a user",
    N_("must hold a policy of the kind privacy"): r"must hold a policy of the kind privacy",
    N_("must not be before the day on which it began"): r"must not be before the day on which it began",
    N_("must be at most %(a)s because of %(b)s"): r"must be at most (?P<a>\d+(?: per \w+)?) because of (?P<b>.+)",
    N_("must be one of %(a)s because of %(b)s"): r"must be one of (?P<a>.+), not .+, because of (?P<b>.+)",
    N_("is not in the list of purposes"): r"is not in version \d+ of the list of purposes.*|is no longer given.*",
    N_("must be 1 where the collection is one_time"): r"must be 1 where the collection is one_time",
    N_("must be declared: the data is stored in %(a)s"): r"must be declared: the data is stored in (?P<a>[A-Z]{2})",
    N_("%(a)s is not among the declared items"): r"(?P<a>\S+) is not among the declared items",
    N_("%(a)s is not in the catalogue"): r"(?P<a>\S+) is not in the catalogue",
    N_("must be one of %(a)s"): r"must be one of (?P<a>.+)",
    N_("is not what its type says"): r"is not what its type says",
    N_("the check character (the last one) does not fit"): r"the check character \(the last one\) does not fit.*",
    N_("must have 18 characters, this has %(a)s"): r"must have 18 characters, this has (?P<a>\d+)",
    N_("must begin with https:// (http:// only for this machine)"): r"must begin with https:// .*",
    N_("has characters that are not seen or that turn the text around"): r"must not contain control characters.*",
}
SAID: Final = (
    N_("The login name or the password is wrong."),
    N_("You were signed out; sign in again."),
    N_("Too many attempts to sign in."),
    N_("Many people are signing in at this moment."),
    N_("No authority that confirms names is connected."),
    N_("Somebody is registering at this moment; try again."),
    N_("There is no such request: go back to the organisation and start again."),
    N_("This request was pushed by another client: go back to the organisation and start again."),
    N_("This request was decided already: go back to the organisation and start again."),
    N_("This request has expired: go back to the organisation and start again."),
    N_("There is no such version."),
    N_("You have no such grant."),
    N_("You have no such entry."),
    N_("There is no such application."),
    N_("There is no such application, or this is not its token."),
    N_("This document is there already."),
    N_("The documents of your open drafts are too large together."),
    N_("There is no room for documents at this moment."),
    N_("There are too many open drafts at this moment."),
    N_("Too many applications were begun from here."),
    N_("Only a person may do this."),
    N_("This vault is not active."),
    N_("You are no longer an active member of staff."),
    N_("This number and token do not belong together, or were used already."),
    N_("Somebody joined with this token just now."),
    N_("You are not an active member of the organisation."),
    N_("This member is suspended."),
    N_("This member is active."),
    N_("This member is left."),
    N_("This member has left."),
    N_("It is so already."),
    N_("This change was decided already."),
    N_("This proposal has expired: propose it again."),
    N_("Who proposed this is no longer an active member: propose it again."),
    N_("Too many changes wait for a second member: decide some of them first."),
    N_("Too many invitations are open: withdraw some of them first."),
    N_("This invitation is used."),
    N_("This invitation is withdrawn."),
    N_("This invitation can no longer be confirmed."),
    N_("This client has ended; it cannot be changed."),
    N_("The password was changed meanwhile; sign in again."),
    N_("It is suspended: the registry decides about that first."),
    N_("There is no such member."),
    N_("There is no such invitation."),
    N_("There is no such change."),
    N_("There is no such client."),
    N_("You hold no such grant."),
    N_("You have no such request."),
    N_("You made many codes already."),
    N_("Too many codes were sent already."),
    N_("No address waits for a code (any more): give it again."),
    N_("There is no address to remove."),
    N_("This installation sends no messages."),
)
"""Whole sentences of the rooms that pages show: listed here for the catalogues."""
_COMPILED: Final = [(re.compile(pattern), text) for text, pattern in (*_PATTERNS.items(), *PATTERNS.items())]


def reason(language: Language, why: str) -> str:
    """The reason in the reader's language."""
    for pattern, text in _COMPILED:
        found = pattern.fullmatch(why)
        if found:
            return language.gettext(text) % found.groupdict()
    return language.gettext(why)


def reasons(language: Language, wrong: Mapping[str, str]) -> dict[str, str]:
    """Every reason of a form, by field."""
    return {name: reason(language, why) for name, why in wrong.items()}
