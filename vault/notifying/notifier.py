"""The interface to the world outside: hand over a letter, learn what became of it."""

from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from enum import Enum
from typing import Protocol
from uuid import UUID

from vault.ids import PersonId


@dataclass(frozen=True)
class Letter:
    """One message, ready to be sent. ``id`` stays the same when it is tried again."""

    id: UUID
    person: PersonId
    to: str = field(repr=False)
    subject: str
    body: str = field(repr=False)
    locale: str
    at: datetime


class Outcome(Enum):
    """What became of a letter."""

    TAKEN = "taken"
    LATER = "later"
    """Nobody took it; it may be tried again."""
    NEVER = "never"
    """The address does not exist, or takes nothing."""


@dataclass(frozen=True)
class Parcel:
    """A mail that somebody else wrote, made anew by the relay, on its way to a person."""

    person: PersonId
    id: UUID
    to: str = field(repr=False)
    mail: EmailMessage = field(repr=False)


class Carrier(Protocol):
    """Something that delivers parcels. It raises nothing of its own: a failure is LATER."""

    async def carry(self, parcel: Parcel) -> Outcome: ...


class Notifier(Protocol):
    """Something that delivers letters. It raises nothing of its own: a failure is LATER."""

    async def deliver(self, letter: Letter) -> Outcome: ...
