"""Regulators question the ledger: entries that fit, and the proof of any of them. Every question is an entry."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from vault import ids, oversight
from vault.api.description import Extra
from vault.api.entries import EntryView, entry_view
from vault.clock import millis
from vault.edge.proven import proof_file
from vault.edge.request import VaultRequest
from vault.ledger.page_proofs import PageProof
from vault.ledger.receipt import Receipt
from vault.oversight import Page, Question
from vault.oversight.orders import Filing, confirm_on_record, file_order
from vault.registry.mandates import Mandate, own_mandate
from vault.signin import REGULATOR

Code = Annotated[str, msgspec.Meta(max_length=80)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Index = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """What is asked for; without a member: any. ``from`` inclusive, ``to`` exclusive, RFC 3339 with a zone.

    ``within_mandate``: leave out what lies beyond the mandate instead of refusing the question. ``proof``: prove every
    entry of the page against one checkpoint.
    """

    requester: Code | None = None
    declaration: Code | None = None
    purpose: Code | None = None
    item: Code | None = None
    event: Code | None = None
    outcome: Code | None = None
    reason: Code | None = None
    from_: Moment | None = None
    to: Moment | None = None
    before: Index | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100
    within_mandate: bool = False
    proof: bool = False


class Asked(Search, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A search that may be about one person: ``reference`` is a code that the person, or an order of a court, gave."""

    reference: Code | None = None


class EntriesFound(msgspec.Struct, frozen=True):
    """Newest first. ``next``: pass it as ``before`` for older ones; absent when there are no more."""

    entries: list[EntryView]
    next: int | None
    proof: PageProof | None


class ProvenEntry(EntryView, frozen=True):
    """An entry with what proves it to anybody."""

    receipt: Receipt


class MandateView(msgspec.Struct, frozen=True):
    """A regulator's mandate. ``sectors`` (categories of purposes) and ``regions`` (division codes) null: all."""

    mandate: str
    regulator: str
    sectors: list[str] | None
    regions: list[str] | None
    powers: list[str]
    valid_from: datetime
    valid_until: datetime
    status: str
    reason: str
    granted_by: str | None
    second: str | None


class NationalId(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number as the order has it."""

    scheme: Code
    number: Code


class OrderRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order of a court: its number there, the ground, the person it names, and until when they are not told."""

    instrument: Code
    ground: Code
    national_id: NationalId
    hidden_until: Moment | None = None


class OrderView(msgspec.Struct, frozen=True):
    """An order that waits for a second regulator. Whether there is such a person is not said."""

    order: str
    instrument: str
    ground: str
    hidden_until: datetime | None


class ReferenceView(msgspec.Struct, frozen=True):
    """A reference to one person, shown once."""

    reference: str
    ends_at: datetime


@get("/v1/oversight/entries", opt={"extra": Extra(query=Search, refusals=(404,))}, tags=["oversight"])
async def search_entries(request: VaultRequest) -> EntriesFound:
    """Entries by requester, declaration, purpose, item, event, outcome, reason and time, newest first."""
    return await _answer(request, request.asked(Search), None)


@post("/v1/oversight/questions", status_code=200, opt={"extra": Extra(body=Asked)}, tags=["oversight"])
async def ask_question(request: VaultRequest) -> EntriesFound:
    """The same, also about one person by a reference: which belongs into no address."""
    asked = await request.parsed(Asked)
    return await _answer(request, asked, asked.reference)


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


@get("/v1/oversight/entries/{index:int}/tlog-proof", opt={"extra": Extra(media_type="text/plain")}, tags=["oversight"])
async def read_proof(request: VaultRequest, index: FromPath[int]) -> Response[bytes]:
    """The receipt of an entry as a file (C2SP tlog-proof), with witnesses' cosignatures where there are any."""
    async with request.acting(REGULATOR) as holder:
        receipt = (await oversight.entry(request.doors.database, holder, index))[1]
    return await proof_file(request, receipt)


@get("/v1/oversight/mandate", tags=["oversight"])
async def read_mandate(request: VaultRequest) -> MandateView:
    """One's own mandate, in force or just over."""
    return mandate_view(await request.as_holder(REGULATOR, own_mandate))


@post("/v1/oversight/orders", status_code=201, opt={"extra": Extra(body=OrderRequest)}, tags=["oversight"])
async def bring_order(request: VaultRequest) -> OrderView:
    """Bring an order of a court to look up one person. Another regulator confirms it."""
    body = await request.parsed(OrderRequest)
    number = body.national_id
    filing = Filing(body.instrument, body.ground, number.scheme, number.number, body.hidden_until)
    order = await request.as_holder(REGULATOR, file_order, filing)
    return OrderView(ids.public(ids.ORDER, order.id), order.instrument, order.ground, order.hidden_until)


@post("/v1/oversight/orders/{order:str}/confirmations", status_code=201, tags=["oversight"])
async def confirm_the_order(request: VaultRequest, order: FromPath[str]) -> ReferenceView:
    """The second regulator's word: a reference to the person, whoever it is."""
    async with request.acting(REGULATOR) as holder:
        made = await confirm_on_record(request.doors.database, holder, ids.parse(ids.ORDER, order))
    return ReferenceView(made.code, made.ends_at)


HANDLERS = (
    search_entries,
    ask_question,
    read_entry,
    read_proof,
    read_receipt,
    read_mandate,
    bring_order,
    confirm_the_order,
)


def mandate_view(mandate: Mandate) -> MandateView:
    """A mandate as it is shown."""
    return MandateView(
        mandate=ids.public(ids.MANDATE, mandate.id),
        regulator=ids.public(ids.REGULATOR, mandate.regulator_id),
        sectors=None if mandate.sectors is None else sorted(mandate.sectors),
        regions=None if mandate.regions is None else sorted(mandate.regions),
        powers=sorted(mandate.powers),
        valid_from=mandate.valid_from,
        valid_until=mandate.valid_until,
        status=mandate.status,
        reason=mandate.reason,
        granted_by=None if mandate.granted_by is None else ids.public(ids.STAFF, mandate.granted_by),
        second=None if mandate.second is None else ids.public(ids.STAFF, mandate.second),
    )


async def _answer(request: VaultRequest, search: Search, reference: str | None) -> EntriesFound:
    page = Page(search.before, search.limit, search.proof)
    async with request.acting(REGULATOR) as holder:
        found = await oversight.search(request.doors.database, holder, question_of(search, reference), page)
    return EntriesFound([entry_view(each) for each in found.entries], found.next, found.proof)


def question_of(search: Search, reference: str | None = None) -> Question:
    """The question behind its parameters. Raises NotFound for ids that are none."""
    return Question(
        requester=ids.parse(ids.REQUESTER, search.requester) if search.requester else None,
        declaration=ids.parse(ids.DECLARATION, search.declaration) if search.declaration else None,
        purpose=search.purpose or None,
        item=search.item or None,
        event=search.event or None,
        outcome=search.outcome or None,
        reason=search.reason or None,
        since=millis(search.from_) if search.from_ else None,
        until=millis(search.to) if search.to else None,
        reference=reference or None,
        within_mandate=search.within_mandate,
    )
