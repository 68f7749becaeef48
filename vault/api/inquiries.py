"""Cases of a supervisory authority: opened by one, evidence attached by entry, decided by two."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import ids
from vault.api.description import Extra
from vault.api.lawful_views import Nothing
from vault.crypto.canonical import b64, unb64
from vault.edge.request import VaultRequest
from vault.errors import Invalid
from vault.ids import RequesterId
from vault.powers import Evidence, Inquiry, cases
from vault.powers.case_bounds import on_record
from vault.signin import REGULATOR


class CaseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What it is about, in one line; and the organisation, where it is one."""

    title: str
    requester: str | None = None


class EvidenceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to attach: an ``entry`` by its index, with why it matters; a note; a document by name and ``digest``
    (SHA-256, base64url), which the authority keeps."""

    kind: Literal["entry", "note", "document"]
    text: str
    entry: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] | None = None
    digest: str | None = None


class ClosingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The decision by code, and in words."""

    decision: str
    text: str


class EvidenceView(msgspec.Struct, frozen=True):
    """Something attached. ``receipt``: what proves the entry, offline, as it was when it was attached."""

    kind: str
    text: str
    entry: int | None
    receipt: dict[str, Any] | None
    digest: str | None
    added_by: str
    at: datetime


class InquiryBrief(msgspec.Struct, frozen=True):
    """A case. ``state``: open, closing (a decision waits for the second regulator) or closed."""

    case: str
    title: str
    requester: str | None
    state: str
    opened_by: str
    opened_at: datetime
    decision: str | None
    decision_text: str | None
    closed_by: str | None
    closed_at: datetime | None
    second: str | None


class InquiryView(InquiryBrief, frozen=True):
    """A case with its evidence, oldest first."""

    evidence: list[EvidenceView]


class Inquiries(msgspec.Struct, frozen=True):
    """Newest first, at most a hundred. ``decisions``: the codes there are, and what each says."""

    cases: list[InquiryBrief]
    decisions: dict[str, str]


@get("/v1/oversight/cases", tags=["oversight"])
async def list_inquiries(request: VaultRequest) -> Inquiries:
    """Cases. Takes a mandate with the power cases."""
    found = await request.as_holder(REGULATOR, cases.listing)
    return Inquiries([InquiryBrief(**brief(each)) for each in found], dict(cases.DECISIONS))


@post(
    "/v1/oversight/cases", status_code=201, opt={"extra": Extra(body=CaseRequest, refusals=(404,))}, tags=["oversight"]
)
async def open_inquiry(request: VaultRequest) -> InquiryBrief:
    """Open a case, about an organisation that one's mandate reaches, or about none."""
    body = await request.parsed(CaseRequest)
    about = None if body.requester is None else RequesterId(ids.parse(ids.REQUESTER, body.requester))
    async with request.acting(REGULATOR) as holder:
        row = await cases.open_on_record(request.doors.database, holder, body.title, about)
    return InquiryBrief(**brief(row))


@get("/v1/oversight/cases/{inquiry:str}", tags=["oversight"])
async def read_inquiry(request: VaultRequest, inquiry: FromPath[str]) -> InquiryView:
    """One case with everything attached."""
    async with request.acting(REGULATOR) as holder:
        found = await on_record(request.doors.database, cases.one, holder, ids.parse(ids.INQUIRY, inquiry))
    return InquiryView(**brief(found.case), evidence=[evidence_view(each) for each in found.evidence])


@post(
    "/v1/oversight/cases/{inquiry:str}/evidence",
    status_code=201,
    opt={"extra": Extra(body=EvidenceRequest)},
    tags=["oversight"],
)
async def attach_evidence(request: VaultRequest, inquiry: FromPath[str]) -> EvidenceView:
    """Attach an entry with its receipt, a note or a document's digest. A decision that waited is proposed anew."""
    body = await request.parsed(EvidenceRequest)
    which = ids.parse(ids.INQUIRY, inquiry)
    db = request.doors.database
    async with request.acting(REGULATOR) as holder:
        if body.kind == "entry":
            if body.entry is None:
                raise Invalid.field("entry", "must be the index of the entry")
            row = await cases.attach_entry(db, holder, which, body.entry, body.text)
        elif body.kind == "note":
            row = await on_record(db, cases.attach_note, holder, which, body.text)
        else:
            row = await on_record(db, cases.attach_document, holder, which, body.text, sha256(body.digest))
    return evidence_view(row)


@post(
    "/v1/oversight/cases/{inquiry:str}/closing",
    status_code=200,
    opt={"extra": Extra(body=ClosingRequest)},
    tags=["oversight"],
)
async def propose_closing(request: VaultRequest, inquiry: FromPath[str]) -> InquiryBrief:
    """Propose how to decide a case; a regulator of another unit must agree."""
    body = await request.parsed(ClosingRequest)
    which = ids.parse(ids.INQUIRY, inquiry)
    db = request.doors.database
    async with request.acting(REGULATOR) as holder:
        row = await on_record(db, cases.propose_closing, holder, which, body.decision, body.text)
    return InquiryBrief(**brief(row))


@post(
    "/v1/oversight/cases/{inquiry:str}/closing/confirmations",
    status_code=200,
    opt={"extra": Extra(body=Nothing)},
    tags=["oversight"],
)
async def close_inquiry(request: VaultRequest, inquiry: FromPath[str]) -> InquiryBrief:
    """Agree to a colleague's decision: the case is closed, on exactly the evidence that both signed."""
    await request.parsed(Nothing)
    async with request.acting(REGULATOR) as holder:
        row = await cases.close_on_record(request.doors.database, holder, ids.parse(ids.INQUIRY, inquiry))
    return InquiryBrief(**brief(row))


def sha256(text: str | None) -> bytes:
    """A digest as it came. Raises Invalid."""
    try:
        return unb64(text or "")
    except ValueError:
        raise Invalid.field("digest", "must be the SHA-256 of the document, base64url") from None


def brief(row: Inquiry) -> dict[str, Any]:
    """The members of a case."""
    return {
        "case": ids.public(ids.INQUIRY, row.id),
        "title": row.title,
        "requester": None if row.requester_id is None else ids.public(ids.REQUESTER, row.requester_id),
        "state": row.state,
        "opened_by": ids.public(ids.REGULATOR, row.opened_by),
        "opened_at": row.opened_at,
        "decision": row.decision,
        "decision_text": row.decision_text,
        "closed_by": None if row.closed_by is None else ids.public(ids.REGULATOR, row.closed_by),
        "closed_at": row.closed_at,
        "second": None if row.second_id is None else ids.public(ids.REGULATOR, row.second_id),
    }


def evidence_view(row: Evidence) -> EvidenceView:
    """A piece of evidence as it is shown."""
    return EvidenceView(
        kind=row.kind,
        text=row.text,
        entry=row.entry_index,
        receipt=None if row.receipt is None else msgspec.json.decode(row.receipt),
        digest=None if row.digest is None else b64(row.digest),
        added_by=ids.public(ids.REGULATOR, row.added_by),
        at=row.at,
    )


HANDLERS = [list_inquiries, open_inquiry, read_inquiry, attach_evidence, propose_closing, close_inquiry]
