"""Unified social credit codes of organisations: GB 32100-2015."""

import re
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
# section 4: registering body, kind of organisation, six digits of the region, nine of the organisation, check
_SHAPE: Final = re.compile(rf"[{_ALPHABET}]{{2}}[0-9]{{6}}[{_ALPHABET}]{{10}}", re.ASCII)


def check_character(first_17: str) -> str:
    """The eighteenth character: 31 minus the weighted sum modulo 31 (GB 32100-2015 annex A)."""
    total = sum(_ALPHABET.index(character) * weight for character, weight in zip(first_17, _WEIGHTS, strict=True))
    return _ALPHABET[-total % 31]


def why_not_uscc(text: str) -> str | None:
    """What is wrong with the code, or None. Letters are upper case; I, O, S, V and Z do not occur."""
    if len(text) != 18:
        return f"must have 18 characters, this has {len(text)}"
    if not _SHAPE.fullmatch(text):
        return "must be digits and upper-case letters other than I, O, S, V and Z, with digits in places 3 to 8"
    if check_character(text[:17]) != text[17]:
        return "the check character (the last one) does not fit: GB 32100-2015"
    return None
