"""Identifiers: UUIDv7 made here (RFC 9562 section 5.7), prefixed in public.

A prefix tells people what an id is about; parsing refuses the id of another kind.
"""

import os
from typing import Final, NewType
from uuid import UUID

from vault.clock import unix_millis
from vault.errors import NotFound

PersonId = NewType("PersonId", UUID)
StaffId = NewType("StaffId", UUID)
RequesterId = NewType("RequesterId", UUID)
ApplicationId = NewType("ApplicationId", UUID)
DeclarationId = NewType("DeclarationId", UUID)
GrantId = NewType("GrantId", UUID)
ReleaseId = NewType("ReleaseId", UUID)
EntryId = NewType("EntryId", UUID)

PERSON: Final = "psn"
STAFF: Final = "ofc"
REGULATOR: Final = "reg"
REQUESTER: Final = "req"
APPLICATION: Final = "app"
DECLARATION: Final = "dcl"
CLIENT: Final = "cli"
GRANT: Final = "gnt"
RELEASE: Final = "rel"
ENTRY: Final = "ent"


def new_uuid() -> UUID:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, 74 random bits."""
    value = (unix_millis()) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def public(prefix: str, value: UUID) -> str:
    """The public form, e.g. ``gnt_018f6c…`` (prefix, underscore, 32 hex digits)."""
    return f"{prefix}_{value.hex}"


def parse(prefix: str, text: str) -> UUID:
    """The UUID behind a public id. Raises NotFound for anything else: a wrong id is an absent thing."""
    head, _, rest = text.partition("_")
    if head != prefix or len(rest) != 32 or not all(c in "0123456789abcdef" for c in rest):
        raise NotFound(f"This is not an id of the form {prefix}_ followed by 32 hexadecimal digits.")
    return UUID(hex=rest)
