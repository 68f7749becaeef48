"""Characters that nobody sees: with them two names look the same and are not. Pure."""

import unicodedata
from typing import Final

_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control and format characters (also those that turn text round), separators of lines, and what means nothing."""


def is_hiding(text: str) -> bool:
    """Whether a text holds any of them."""
    return any(unicodedata.category(char) in _CATEGORIES for char in text)
