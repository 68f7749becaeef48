"""Names that look the same and are not: characters nobody sees, other spaces, widths and cases. Pure."""

import unicodedata
from typing import Final

_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control and format characters (also those that turn text round), separators of lines, and what means nothing."""


def is_hiding(text: str) -> bool:
    """Whether a text holds any of them."""
    return any(unicodedata.category(char) in _CATEGORIES for char in text)


def reads_as(name: str) -> str:
    """What two names have in common that read the same (Unicode NFKC, spaces, case)."""
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()
