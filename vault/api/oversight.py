"""Regulators question the ledger: entries that fit, and the proof of any of them. Every question is an entry."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import FromPath

from vault import ids, oversight
from vault.api.description import Extra
from vault.api.entries import EntryView, entry_view
from vault.clock import millis
from vault.edge.request import VaultRequest
from vault.ledger.reading import Question
from vault.ledger.receipt import Receipt
from vault.signin import REGULATOR

Code = Annotated[str, msgspec.Meta(max_length=80)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Index = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """What is asked for; without a member: any. ``from`` inclusive, ``to`` exclusive, RFC 3339 with a zone."""

    requester: Code | None = None
    purpose: Code | None = None
    event: Code | None = None
    from_: Moment | None = None
    to: Moment | None = None
    before: Index | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


class EntriesFound(msgspec.Struct, frozen=True):
    """Newest first. ``next``: pass it as ``before`` for older ones; absent when there are no more."""

    entries: list[EntryView]
    next: int | None


class ProvenEntry(EntryView, frozen=True):
    """An entry with what proves it to anybody."""

    receipt: Receipt


@get("/v1/oversight/entries", opt={"extra": Extra(query=Search, refusals=(404,))}, tags=["oversight"])
async def search_entries(request: VaultRequest) -> EntriesFound:
    """Entries by requester, purpose, event and time, newest first."""
    search = request.asked(Search)
    async with request.acting(REGULATOR) as holder:
        found = await oversight.search(
            request.doors.database, holder, _question(search), before=search.before, limit=search.limit
        )
    return EntriesFound([entry_view(each) for each in found.entries], found.next)


@get("/v1/oversight/entries/{index:int}", tags=["oversight"])
async def read_entry(request: VaultRequest, index: FromPath[int]) -> ProvenEntry:
    """One entry with its receipt."""
    async with request.acting(REGULATOR) as holder:
        entry, receipt = await oversight.entry(request.doors.database, holder, index)
    return ProvenEntry(**msgspec.structs.asdict(entry_view(entry)), receipt=receipt)


@get("/v1/oversight/entries/{index:int}/receipt", tags=["oversight"])
async def read_receipt(request: VaultRequest, index: FromPath[int]) -> Receipt:
    """The receipt of an entry alone, as offline verification takes it."""
    async with request.acting(REGULATOR) as holder:
        return (await oversight.entry(request.doors.database, holder, index))[1]


def _question(search: Search) -> Question:
    return Question(
        requester=ids.parse(ids.REQUESTER, search.requester) if search.requester else None,
        purpose=search.purpose or None,
        event=search.event or None,
        since=millis(search.from_) if search.from_ else None,
        until=millis(search.to) if search.to else None,
    )
