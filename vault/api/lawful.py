"""Access by law: the officers' half under /v1/desk, the regulators' under /v1/oversight, the figures for everybody."""

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Response

from vault import ids, lawful
from vault.api.description import Extra
from vault.api.lawful_views import (
    CourtDecision,
    LawfulDecision,
    LawfulOrders,
    LawfulOrderView,
    LawfulRequest,
    Nothing,
    OpeningMade,
    SealedFile,
    opening_view,
    order_view,
    read64,
)
from vault.crypto.canonical import b64
from vault.db import Session
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.request import VaultRequest
from vault.lawful.deciding import confirm_by_court, on_record, read_document
from vault.lawful.reading import Figures, figures, sealed_file
from vault.ledger import hidden
from vault.signin import OFFICER, REGULATOR

_WITHIN = 5.0
"""Seconds for which a file waits for its receipt."""


class HiddenFigure(msgspec.Struct, frozen=True):
    """How many accesses of one authority on one ground are hidden from persons now."""

    authority: str
    ground: str
    count: int


class LawfulFigures(msgspec.Struct, frozen=True):
    """Orders ever in force, openings, emergencies that wait for a court; and what is hidden now."""

    orders: list[Figures]
    hidden: list[HiddenFigure]


@get("/v1/lawful-access/figures", opt=NO_FORM_TOKEN, tags=["register"])
async def read_lawful_figures(request: VaultRequest) -> LawfulFigures:
    """How often the law opened something, for everybody, at once, also while persons may not know."""
    return await request.doors.database.run(_figures)


@get("/v1/desk/lawful", tags=["desk"])
async def list_lawful_at_desk(request: VaultRequest) -> LawfulOrders:
    """Orders. Takes the role recovery-registry."""
    return await _listing(request, OFFICER)


@get("/v1/oversight/lawful", tags=["oversight"])
async def list_lawful(request: VaultRequest) -> LawfulOrders:
    """Orders. Takes the role recovery-supervisor."""
    return await _listing(request, REGULATOR)


@get("/v1/desk/lawful/{lawful_order:str}", tags=["desk"])
async def read_lawful_at_desk(request: VaultRequest, lawful_order: FromPath[str]) -> LawfulOrderView:
    """One order with its openings."""
    return await _one(request, OFFICER, lawful_order)


@get("/v1/oversight/lawful/{lawful_order:str}", tags=["oversight"])
async def read_lawful(request: VaultRequest, lawful_order: FromPath[str]) -> LawfulOrderView:
    """One order with its openings."""
    return await _one(request, REGULATOR, lawful_order)


@get(
    "/v1/desk/lawful/{lawful_order:str}/document",
    tags=["desk"],
    opt={"extra": Extra(media_type="application/octet-stream")},
)
async def read_instrument_at_desk(request: VaultRequest, lawful_order: FromPath[str]) -> Response[bytes]:
    """The instrument itself."""
    return await _document(request, OFFICER, lawful_order)


@get(
    "/v1/oversight/lawful/{lawful_order:str}/document",
    tags=["oversight"],
    opt={"extra": Extra(media_type="application/octet-stream")},
)
async def read_instrument(request: VaultRequest, lawful_order: FromPath[str]) -> Response[bytes]:
    """The instrument itself."""
    return await _document(request, REGULATOR, lawful_order)


@post("/v1/desk/lawful", status_code=201, opt={"extra": Extra(body=LawfulRequest)}, tags=["desk"])
async def propose_lawful_at_desk(request: VaultRequest) -> LawfulOrderView:
    """Propose an order. Nobody is looked for before the other authority signs it."""
    return await _propose(request, OFFICER)


@post("/v1/oversight/lawful", status_code=201, opt={"extra": Extra(body=LawfulRequest)}, tags=["oversight"])
async def propose_lawful(request: VaultRequest) -> LawfulOrderView:
    """Propose an order. Nobody is looked for before the registry signs it."""
    return await _propose(request, REGULATOR)


@post(
    "/v1/desk/lawful/{lawful_order:str}/decisions",
    status_code=200,
    opt={"extra": Extra(body=LawfulDecision)},
    tags=["desk"],
)
async def decide_lawful_at_desk(request: VaultRequest, lawful_order: FromPath[str]) -> LawfulOrderView:
    """Sign what the supervisory authority proposed, or decline."""
    return await _decide(request, OFFICER, lawful_order)


@post(
    "/v1/oversight/lawful/{lawful_order:str}/decisions",
    status_code=200,
    opt={"extra": Extra(body=LawfulDecision)},
    tags=["oversight"],
)
async def decide_lawful(request: VaultRequest, lawful_order: FromPath[str]) -> LawfulOrderView:
    """Sign what the registry proposed, or decline."""
    return await _decide(request, REGULATOR, lawful_order)


@post("/v1/desk/lawful/{lawful_order:str}/end", status_code=200, opt={"extra": Extra(body=Nothing)}, tags=["desk"])
async def end_lawful_at_desk(request: VaultRequest, lawful_order: FromPath[str]) -> LawfulOrderView:
    """End an order before its time. Takes one of the two who signed."""
    return await _end(request, OFFICER, lawful_order)


@post(
    "/v1/oversight/lawful/{lawful_order:str}/end",
    status_code=200,
    opt={"extra": Extra(body=Nothing)},
    tags=["oversight"],
)
async def end_lawful(request: VaultRequest, lawful_order: FromPath[str]) -> LawfulOrderView:
    """End an order before its time. Takes one of the two who signed."""
    return await _end(request, REGULATOR, lawful_order)


@post(
    "/v1/desk/lawful/{lawful_order:str}/court", status_code=200, opt={"extra": Extra(body=CourtDecision)}, tags=["desk"]
)
async def confirm_emergency_at_desk(request: VaultRequest, lawful_order: FromPath[str]) -> LawfulOrderView:
    """Name the court's decision about an emergency; it counts once the other signer names the same."""
    return await _court(request, OFFICER, lawful_order)


@post(
    "/v1/oversight/lawful/{lawful_order:str}/court",
    status_code=200,
    opt={"extra": Extra(body=CourtDecision)},
    tags=["oversight"],
)
async def confirm_emergency(request: VaultRequest, lawful_order: FromPath[str]) -> LawfulOrderView:
    """Name the court's decision about an emergency; it counts once the other signer names the same."""
    return await _court(request, REGULATOR, lawful_order)


@post("/v1/desk/lawful/{lawful_order:str}/openings", status_code=201, opt={"extra": Extra(body=Nothing)}, tags=["desk"])
async def begin_opening(request: VaultRequest, lawful_order: FromPath[str]) -> OpeningMade:
    """First step of an opening: the registry's layer comes off. Nothing is readable yet."""
    await request.parsed(Nothing)
    async with request.acting(OFFICER) as holder:
        row = await lawful.peel_on_record(request.doors.database, holder, ids.parse(ids.LAWFUL_ORDER, lawful_order))
    return opening_view(row)


@post("/v1/oversight/openings/{opening:str}", status_code=200, opt={"extra": Extra(body=Nothing)}, tags=["oversight"])
async def carry_out_opening(request: VaultRequest, opening: FromPath[str]) -> OpeningMade:
    """Second step: the named items are opened and sealed to the recipient that the order names."""
    await request.parsed(Nothing)
    async with request.acting(REGULATOR) as holder:
        row = await lawful.open_on_record(request.doors.database, holder, ids.parse(ids.OPENING, opening))
    return opening_view(row)


@get("/v1/oversight/openings/{opening:str}", tags=["oversight"])
async def read_opening(request: VaultRequest, opening: FromPath[str]) -> SealedFile:
    """The file for the recipient, with the receipt of its entry; nothing before the receipt is there."""
    doors = request.doors
    async with request.acting(REGULATOR) as holder:
        wanted = ids.parse(ids.OPENING, opening)
        content, receipt = await sealed_file(doors.database, doors.receipts, holder, wanted, within=_WITHIN)
    return SealedFile(b64(content), receipt)


async def _listing(request: VaultRequest, realm: str) -> LawfulOrders:
    return LawfulOrders([order_view(each) for each in await request.as_holder(realm, lawful.listing)])


async def _one(request: VaultRequest, realm: str, order: str) -> LawfulOrderView:
    return order_view(await request.as_holder(realm, lawful.one, ids.parse(ids.LAWFUL_ORDER, order)))


async def _document(request: VaultRequest, realm: str, order: str) -> Response[bytes]:
    content = await request.as_holder(realm, read_document, ids.parse(ids.LAWFUL_ORDER, order))
    headers = {"Content-Disposition": 'attachment; filename="instrument"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/octet-stream", headers=headers)


async def _propose(request: VaultRequest, realm: str) -> LawfulOrderView:
    body = await request.parsed(LawfulRequest)
    async with request.acting(realm) as holder:
        wanted = body.order(request.doors.database.ring)
        row = await lawful.propose_on_record(request.doors.database, holder, wanted)
    return await _one(request, realm, ids.public(ids.LAWFUL_ORDER, row.id))


async def _decide(request: VaultRequest, realm: str, order: str) -> LawfulOrderView:
    body = await request.parsed(LawfulDecision)
    wanted, agree = ids.parse(ids.LAWFUL_ORDER, order), body.decision == "sign"
    async with request.acting(realm) as holder:
        await lawful.decide_on_record(request.doors.database, holder, wanted, agree=agree)
    return await _one(request, realm, order)


async def _end(request: VaultRequest, realm: str, order: str) -> LawfulOrderView:
    await request.parsed(Nothing)
    async with request.acting(realm) as holder:
        await on_record(request.doors.database, lawful.end, holder, ids.parse(ids.LAWFUL_ORDER, order))
    return await _one(request, realm, order)


async def _court(request: VaultRequest, realm: str, order: str) -> LawfulOrderView:
    body = await request.parsed(CourtDecision)
    wanted, said = ids.parse(ids.LAWFUL_ORDER, order), read64("digest", body.digest)
    async with request.acting(realm) as holder:
        await on_record(
            request.doors.database, confirm_by_court, holder, wanted, number=body.number, document_digest=said
        )
    return await _one(request, realm, order)


async def _figures(session: Session) -> LawfulFigures:
    now_hidden = [HiddenFigure(each.authority, each.ground, each.count) for each in await hidden.counts(session)]
    return LawfulFigures(await figures(session), now_hidden)


HANDLERS = [
    read_lawful_figures,
    list_lawful_at_desk,
    list_lawful,
    read_lawful_at_desk,
    read_lawful,
    read_instrument_at_desk,
    read_instrument,
    propose_lawful_at_desk,
    propose_lawful,
    decide_lawful_at_desk,
    decide_lawful,
    end_lawful_at_desk,
    end_lawful,
    confirm_emergency_at_desk,
    confirm_emergency,
    begin_opening,
    carry_out_opening,
    read_opening,
]
