"""What can be changed, and what each kind of change takes: who may propose it, when it takes two, how it is made."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from vault.db import Session
from vault.errors import NotFound
from vault.ids import MemberId, RequesterId
from vault.organisations.members import Member
from vault.organisations.roles import POWERFUL
from vault.organisations.tables import Organisation


@dataclass(frozen=True)
class Made:
    """A change about to be made: of whom, what, by whom; ``second``: who proposed it, where two make it."""

    organisation: RequesterId
    subject: UUID | None
    body: Mapping[str, Any]
    by: Member
    second: MemberId | None

    def subject_id(self) -> UUID:
        """The subject of a change that has one."""
        if self.subject is None:
            raise NotFound("This change needs a subject.")
        return self.subject


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of change. ``check`` raises what is wrong without making it; ``make`` makes and records it."""

    role: str
    check: Callable[[Session, Made], Awaitable[None]]
    make: Callable[[Session, Organisation, Made], Awaitable[None]]
    drop: Callable[[Session, UUID | None], Awaitable[None]]
    always_two: bool = False
    only_powerful: bool = False
    """Takes two only where it gives powerful roles."""
    is_about_a_member: bool = False

    def takes_two(self, two_members: bool, body: Mapping[str, Any]) -> bool:
        """Whether a second member must confirm it."""
        if self.always_two:
            return True
        return two_members and (not self.only_powerful or bool(POWERFUL & set(body.get("roles", ()))))

    def gains(self, subject: UUID | None, by: Member) -> bool:
        """Whether this member would confirm something about themselves."""
        return self.is_about_a_member and subject == by.id


async def nothing_to_drop(_session: Session, _subject: UUID | None) -> None:
    """For kinds that leave nothing behind when they are refused."""
