"""Officers give regulators their mandates: one proposes, one of another unit agrees."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import ids
from vault.api.description import Extra
from vault.api.oversight import MandateView, mandate_view
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.ids import StaffId
from vault.registry import Terms, mandates, officer, propose_mandate
from vault.registry.candidates import VETTING
from vault.registry.granting import decide_on_record
from vault.registry.mandates import Mandate
from vault.requesters.purposes import known_sectors
from vault.signin import OFFICER, Holder

Codes = Annotated[list[Annotated[str, msgspec.Meta(max_length=40)]], msgspec.Meta(max_length=100)]


class MandateRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the mandate shall say. ``sectors``: categories of purposes; ``regions``: 2, 4 or 6 digits of GB/T 2260;
    left out: all. No ``powers``: what is in force ends. ``reason``: one line of 4 to 500 characters."""

    regulator: str
    powers: Codes
    valid_until: Annotated[datetime, msgspec.Meta(tz=True)]
    reason: str
    sectors: Codes | None = None
    regions: Codes | None = None


class MandateDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The second officer's word."""

    decision: Literal["agree", "decline"]


class MandatesAtDesk(msgspec.Struct, frozen=True):
    """Newest first."""

    mandates: list[MandateView]


@get("/v1/desk/mandates", tags=["desk"])
async def list_mandates(request: VaultRequest) -> MandatesAtDesk:
    """Mandates proposed and in force. Takes the role vetting."""
    return MandatesAtDesk([mandate_view(each) for each in await request.as_holder(OFFICER, _listed)])


@post("/v1/desk/mandates", status_code=201, opt={"extra": Extra(body=MandateRequest, refusals=(404,))}, tags=["desk"])
async def request_mandate(request: VaultRequest) -> MandateView:
    """Propose a mandate. What is in force stays as it is until an officer of another unit agrees."""
    body = await request.parsed(MandateRequest)
    regulator = StaffId(ids.parse(ids.REGULATOR, body.regulator))
    sectors = None if body.sectors is None else known_sectors(body.sectors)
    terms = Terms(regulator, sectors, body.regions, body.powers, body.valid_until, body.reason.strip())
    return mandate_view(await request.as_holder(OFFICER, propose_mandate, terms))


@post(
    "/v1/desk/mandates/{mandate:str}/decisions",
    status_code=200,
    opt={"extra": Extra(body=MandateDecision)},
    tags=["desk"],
)
async def decide_the_mandate(request: VaultRequest, mandate: FromPath[str]) -> MandateView:
    """The second officer agrees, and it holds at once in the place of the one before; or declines."""
    body = await request.parsed(MandateDecision)
    which, agree = ids.parse(ids.MANDATE, mandate), body.decision == "agree"
    async with request.acting(OFFICER) as holder:
        return mandate_view(await decide_on_record(request.doors.database, holder, which, agree=agree))


HANDLERS = (list_mandates, request_mandate, decide_the_mandate)


async def _listed(session: Session, holder: Holder) -> list[Mandate]:
    await officer(session, holder, VETTING)
    return await mandates(session)
