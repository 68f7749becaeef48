"""Resident identity numbers: GB 11643-1999, eighteen characters.

Address code (6 digits, GB/T 2260) ‖ birth date (8, GB/T 7408) ‖ sequence (3, odd for men) ‖ check
character (ISO 7064 MOD 11-2). No I/O here; no message repeats the number.
"""

from datetime import date
from typing import Final

from vault.errors import Invalid

CN_RIC: Final = "cn-ric"
SCHEMES: Final = frozenset({CN_RIC})

_CHECK_CHARACTERS: Final = "10X98765432"
_LENGTH: Final = 18
_EARLIEST: Final = 1850
_LONGEST_TEXT: Final = 64
_FULL_WIDTH: Final = {0xFF10 + digit: str(digit) for digit in range(10)} | {0xFF38: "X", 0xFF58: "X"}
_PROVINCES: Final = frozenset(
    f"{code}"
    for code in (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66))
) | {"71", "81", "82", "83", "91"}
"""GB/T 2260; 83 stands on residence permits for residents of Taiwan, 91 on those of foreign permanent residents."""


def normalise(scheme: str, text: str) -> str:
    """The one spelling of a number: eighteen ASCII characters, ``X`` upper case, no spaces or hyphens.

    Raises Invalid, naming the field ``national_id.scheme`` or ``national_id.number`` and the reason.
    """
    if scheme not in SCHEMES:
        raise Invalid.field("national_id.scheme", f"is one of {', '.join(sorted(SCHEMES))}")
    number = "".join(text[:_LONGEST_TEXT].split()).replace("-", "").upper().translate(_FULL_WIDTH)
    why = _fault(number) if len(text) <= _LONGEST_TEXT else "must have 18 characters"
    if why:
        raise Invalid.field("national_id.number", why)
    return number


def is_valid(number: str) -> bool:
    """Whether a normalised number has the right form, a real birth date and the right check character."""
    return _fault(number) is None


def check_character(first: str) -> str:
    """The eighteenth character for the first seventeen digits (ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * pow(2, _LENGTH - 1 - place, 11) for place, digit in enumerate(first))
    return _CHECK_CHARACTERS[total % 11]


def birth_date(number: str) -> date:
    """The date of birth in a valid number."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def sex(number: str) -> str:
    """``male`` or ``female``: whether the sequence code is odd."""
    return "male" if int(number[16]) % 2 else "female"


def _fault(number: str) -> str | None:
    if len(number) != _LENGTH:
        return "must have 18 characters"
    if not (number.isascii() and number[:-1].isdigit() and number[-1] in _CHECK_CHARACTERS):
        return "must be 17 digits followed by a digit or X"
    if number[:2] not in _PROVINCES:
        return "does not begin with the code of a province"
    try:
        born = birth_date(number)
    except ValueError:
        return "does not hold a date of birth that exists"
    if born.year < _EARLIEST:
        return "does not hold a date of birth that exists"
    if check_character(number[:-1]) != number[-1]:
        return "has the wrong check character: one of its characters is mistyped"
    return None
