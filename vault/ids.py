"""Identifiers: UUIDv7 made here (RFC 9562 section 5.7), prefixed in public.

A prefix tells people what an id is about; parsing refuses the id of another kind.
"""

import os
from typing import Final, NewType
from uuid import UUID

from vault.clock import unix_nanos
from vault.errors import NotFound

PersonId = NewType("PersonId", UUID)
StaffId = NewType("StaffId", UUID)
RequesterId = NewType("RequesterId", UUID)
ApplicationId = NewType("ApplicationId", UUID)
CaseId = NewType("CaseId", UUID)
DeclarationId = NewType("DeclarationId", UUID)
GrantId = NewType("GrantId", UUID)
ReleaseId = NewType("ReleaseId", UUID)
EntryId = NewType("EntryId", UUID)
MemberId = NewType("MemberId", UUID)
TYPES: Final = (
    PersonId,
    StaffId,
    RequesterId,
    ApplicationId,
    CaseId,
    DeclarationId,
    GrantId,
    ReleaseId,
    EntryId,
    MemberId,
)
"""Every type of id: each is a UUID in the database."""

PERSON: Final = "psn"
STAFF: Final = "ofc"
REGULATOR: Final = "reg"
REQUESTER: Final = "req"
MEMBER: Final = "mbr"
INVITATION: Final = "inv"
CHANGE: Final = "chg"
APPLICATION: Final = "app"
DECLARATION: Final = "dcl"
DOCUMENT: Final = "doc"
CLIENT: Final = "cli"
MEASURE: Final = "msr"
POWER: Final = "pow"
INQUIRY: Final = "inq"
LAWFUL_ORDER: Final = "law"
OPENING: Final = "lop"
CASE: Final = "cas"
QUESTION: Final = "qst"
RESOURCE_SERVER: Final = "rsv"
AUDITOR: Final = "aud"
GRANT: Final = "gnt"
RELEASE: Final = "rel"
ENTRY: Final = "ent"
PROMPT: Final = "prm"
RELAY: Final = "rly"
MESSAGE: Final = "msg"
EVENT: Final = "evt"
APPROVAL: Final = "apv"
DELETION: Final = "del"
MANDATE: Final = "mnd"
ORDER: Final = "ord"
EXPORT: Final = "exp"
FINDING: Final = "fnd"


def new_uuid() -> UUID:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, 12 of the fraction (RFC 9562 section 6.2, method 3), 62 random.

    Ids that one process makes one after the other sort in that order, so that what one act appends to the
    ledger stays in the order in which it was appended.
    """
    millis, rest = divmod(unix_nanos(), 1_000_000)
    fraction = rest * 4096 // 1_000_000
    random = int.from_bytes(_random8()) >> 2
    return UUID(int=millis << 80 | 0x7 << 76 | fraction << 64 | 0x2 << 62 | random)


class _Drawn:
    """Random bytes, drawn from the system many at a time: they tell ids apart and keep no secret. Not shared by a
    process and its fork, which would give the same ids."""

    def __init__(self) -> None:
        self.left: list[bytes] = []

    def fill(self) -> list[bytes]:
        """512 times eight of them."""
        block = os.urandom(4096)
        fresh = [block[at : at + 8] for at in range(0, len(block), 8)]
        self.left = fresh
        return fresh


_DRAWN: Final = _Drawn()
os.register_at_fork(after_in_child=lambda: setattr(_DRAWN, "left", []))


def _random8() -> bytes:
    try:
        return _DRAWN.left.pop()  # one step, also where several threads do it
    except IndexError:
        return _DRAWN.fill().pop()


def public(prefix: str, value: UUID) -> str:
    """The public form, e.g. ``gnt_018f6c…`` (prefix, underscore, 32 hex digits)."""
    return f"{prefix}_{value.hex}"


def parse(prefix: str, text: str) -> UUID:
    """The UUID behind a public id. Raises NotFound for anything else: a wrong id is an absent thing."""
    head, _, rest = text.partition("_")
    if head != prefix or len(rest) != 32 or not all(c in "0123456789abcdef" for c in rest):
        raise NotFound(f"This is not an id of the form {prefix}_ followed by 32 hexadecimal digits.")
    return UUID(hex=rest)
