"""Drafts as releases leave them in the outbox: a delivered release of three items, tagged."""

import os
from uuid import UUID

from vault import ids
from vault.clock import unix_millis
from vault.ids import EntryId
from vault.ledger.events import Event, Item
from vault.ledger.events import requester as by_requester
from vault.ledger.leaf import draft

REQUESTERS = 50


class Drafts:
    """Makes rows of the outbox: id, draft, tag. Digests and tags are random, as they look to anybody."""

    def __init__(self) -> None:
        self._requesters = [ids.new_uuid() for _ in range(REQUESTERS)]
        self._declaration = ids.new_uuid()
        self._items = tuple(
            Item(*each)
            for each in (
                ("identity.name", "raw"),
                ("contact.phone_number", "masked"),
                ("identity.birthdate", "predicate:over_18"),
            )
        )
        self._made = 0

    def row(self) -> tuple[EntryId, bytes, bytes]:
        """One draft."""
        who = self._requesters[self._made % REQUESTERS]
        self._made += 1
        entry = EntryId(ids.new_uuid())
        return entry, draft(self._event(who), entry, unix_millis()), os.urandom(32)

    def _event(self, who: UUID) -> Event:
        return Event(
            name="release.delivered",
            actor=by_requester(who),
            requester=who,
            declaration=self._declaration,
            declaration_version=1,
            purpose="bank.account-opening",
            items=self._items,
            ref=ids.public(ids.RELEASE, ids.new_uuid()),
            consent=os.urandom(32),
            permit=os.urandom(32),
            commit=os.urandom(32),
        )


def rows(count: int) -> list[tuple[int, EntryId, bytes, bytes]]:
    """So many rows of the outbox, shard first."""
    drafts = Drafts()
    return [(0, *drafts.row()) for _ in range(count)]
