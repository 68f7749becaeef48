"""Drafts of events that differ in little: what they share is checked and put together once. No I/O here.

For acts that are done very often, and say nearly the same each time. A draft made from a form is byte for byte what
:func:`vault.ledger.leaf.draft` makes of the whole event.
"""

import os
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

from vault import ids
from vault.crypto.canonical import b64
from vault.errors import Invalid
from vault.ledger import events, leaf
from vault.ledger.events import Event

BLANK: Final = bytes(32)
"""Stands in the form where each draft has a digest of its own."""


class Drafting(NamedTuple):
    """A form that was filled in."""

    members: dict[str, Any]

    def draft(self, entry_id: UUID, at_ms: int) -> bytes:
        """The leaf as far as the actor can write it, as of :func:`vault.ledger.leaf.draft`."""
        entry = ids.public(ids.ENTRY, entry_id)
        return leaf.encoded({**self.members, "id": entry, "at": at_ms, "nonce": b64(os.urandom(32))})


class Form:
    """An event about a person: drafts differ in what they refer to, and in the digests that are ``open_to`` them."""

    def __init__(self, event: Event, refers_to: str, *, open_to: tuple[str, ...]) -> None:
        """``refers_to``: the prefix of the ids in ``ref``. Raises Invalid when the event does not fit the catalogue."""
        events.check(event, tagged=True)
        self._prefix = refers_to
        self._open = frozenset(open_to)
        self._members = leaf.said_of(event)

    def filled(self, ref: UUID, digests: Mapping[str, bytes]) -> Drafting:
        """With what it refers to and every digest, 32 bytes each. Raises Invalid for others or other ones."""
        if digests.keys() != self._open or any(len(each) != len(BLANK) for each in digests.values()):
            raise Invalid.field("digest", "each of the form's digests, 32 bytes")
        own = {name: b64(value) for name, value in digests.items()}
        return Drafting({**self._members, "ref": ids.public(self._prefix, ref), **own})
