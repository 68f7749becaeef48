"""Which passwords are accepted (NIST SP 800-63B-4 section 3.1.1: length and a list, no rules of composition).

No I/O here.
"""

import unicodedata
from typing import Final

from vault.errors import Invalid

SHORTEST: Final = 12
LONGEST: Final = 256
_FEWEST_DIFFERENT: Final = 5
_RUNS: Final = ("0123456789012345678901234567890", "abcdefghijklmnopqrstuvwxyzabcdefghij", "qwertyuiopasdfghjklzxcvbnm")
COMMONEST: Final = frozenset(
    {
        "1q2w3e4r5t6y",
        "1q2w3e4r5t6y7u",
        "1qaz2wsx3edc",
        "1qaz2wsx3edc4rfv",
        "q1w2e3r4t5y6",
        "qazwsxedcrfv",
        "qwerty123456",
        "qwertyuiop123",
        "123456qwerty",
        "123456abcdef",
        "abc123456789",
        "a123456789012",
        "woaini1314520",
        "woaini5201314",
        "5201314woaini",
        "zxcvbnm123456",
        "asdfghjkl123",
        "password1234",
        "password12345",
        "password123456",
        "passwordpassword",
        "iloveyou1314",
        "iloveyou1234",
        "iloveyouiloveyou",
        "administrator",
        "administrator1",
        "adminadminadmin",
        "letmeinletmein",
        "welcome12345",
        "welcome123456",
        "changeme1234",
        "changemechangeme",
        "correcthorsebatterystaple",
        "trustno1trustno1",
        "sunshine1234",
        "princess1234",
        "football1234",
        "dragon123456",
        "monkey123456",
        "123qweasdzxc",
        "qweasdzxc123",
        "1234qwerasdf",
        "qwer1234asdf",
        "zaq12wsxcde3",
        "p@ssw0rd1234",
        "p@ssword1234",
        "mima12345678",
        "nihao123456789",
        "zhongguo1949",
        "beijing2008beijing",
    }
)
"""The commonest of those that are long enough."""


def accept(password: str) -> str:
    """The password in the form that is stretched (NFKC). Raises Invalid when it is short, long or easy to guess."""
    normalised = unicodedata.normalize("NFKC", password[: LONGEST + 1])
    if not SHORTEST <= len(normalised) <= LONGEST:
        raise Invalid.field("password", f"must have {SHORTEST} to {LONGEST} characters")
    if not is_text(normalised):
        raise Invalid.field("password", "must be text that can be written in UTF-8")
    folded = normalised.casefold()
    if folded in COMMONEST or len(set(folded)) < _FEWEST_DIFFERENT or any(_is_run(folded, run) for run in _RUNS):
        raise Invalid.field("password", "is one of the first that would be guessed; choose another")
    return normalised


def is_text(text: str) -> bool:
    """Whether it can be encoded at all: lone surrogates cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_run(text: str, run: str) -> bool:
    return text in run or text[::-1] in run
