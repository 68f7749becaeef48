"""What a registration claims, and why it may not succeed. No I/O here."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Final, Protocol

from vault.accounts.numbers import birth_date, normalise
from vault.errors import Invalid, VaultError
from vault.ids import PersonId
from vault.signin.passwords import Prepared

CLAIMED: Final = "claimed"
CHECKED: Final = "checked"
LOCALES: Final = ("en", "zh-CN")
_CHINA: Final = timezone(timedelta(hours=8))


class Confirmation(Protocol):
    """A source's answer about this very name and number, as :class:`vault.proofing.Answer` has it."""

    @property
    def match(self) -> bool: ...
    @property
    def level(self) -> str: ...
    @property
    def source(self) -> str: ...


@dataclass(frozen=True)
class Claim:
    """Somebody wants a vault: number and scheme, login and prepared password, what a source says (None: not asked)."""

    scheme: str
    number: str = field(repr=False)
    login: str = field(repr=False)
    prepared: Prepared
    locale: str
    answer: Confirmation | None


class NotRegistered(VaultError):
    """The registration did not succeed. To the outside every cause has these words, and no other.

    Whoever speaks HTTP answers 202 exactly as after a success: the caller learns the outcome by signing in.
    """

    name, status, title = "not-registered", 409, "The registration did not succeed"
    advice = "Sign in if you have a vault; otherwise check name and number against your identity card."


class NumberKnown(NotRegistered):
    """Somebody holds the number. ``holder`` is for telling them; it never leaves the process."""

    def __init__(self, holder: PersonId) -> None:
        super().__init__(private="the number is known")
        self.holder = holder


class NotConfirmed(NotRegistered):
    """The source does not confirm that name and number belong together."""

    def __init__(self) -> None:
        super().__init__(private="the source did not confirm the claim")


def checked_number(claim: Claim, now: datetime) -> str:
    """The claim's number, normalised. Raises Invalid naming the field when number or locale cannot be."""
    if claim.locale not in LOCALES:
        raise Invalid.field("locale", f"is one of {', '.join(LOCALES)}")
    number = normalise(claim.scheme, claim.number)
    if birth_date(number) > now.astimezone(_CHINA).date():
        raise Invalid.field("national_id.number", "holds a date of birth in the future")
    return number


def level_of(claim: Claim) -> str:
    """The level the claim reaches. Raises NotConfirmed when a source was asked and said no."""
    if claim.answer is None:
        return CLAIMED
    if not claim.answer.match or claim.answer.level != CHECKED:
        raise NotConfirmed
    return CHECKED
