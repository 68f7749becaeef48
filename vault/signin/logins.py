"""Login names: chosen by their holder, and telling nobody else who that is. No I/O here."""

import re
import unicodedata
from typing import Final

from vault.errors import Invalid

SHORTEST: Final = 3
LONGEST: Final = 64
_LINKS: Final = frozenset("._-")
_LONG_NUMBER: Final = re.compile(r"(?:\d[._-]*){7}")


def normalise_login(text: str) -> str:
    """The one spelling under which a login name is known: NFKC, case folded, no spaces around. Never raises."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text[: 4 * LONGEST]).casefold()).strip()


def new_login(text: str) -> str:
    """A normalised login name fit to be registered. Raises Invalid.

    One that looks like a phone number, a mail address or an id number is refused: such a name would be
    guessable by whoever knows the holder.
    """
    if len(text) > LONGEST:
        raise Invalid.field("login", f"may have {LONGEST} characters at most")
    name = normalise_login(text)
    if not SHORTEST <= len(name) <= LONGEST:
        raise Invalid.field("login", f"must have {SHORTEST} to {LONGEST} characters")
    if "@" in name:
        raise Invalid.field("login", "must not be a mail address")
    if not all(c.isalnum() or c in _LINKS or unicodedata.combining(c) for c in name) or not name[0].isalnum():
        raise Invalid.field("login", "may have letters, digits, dots, hyphens and underscores, beginning with a letter")
    if _LONG_NUMBER.search(name):
        raise Invalid.field("login", "must not hold a phone or id number (seven digits or more in a row)")
    return name
