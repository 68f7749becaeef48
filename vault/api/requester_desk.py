"""The officers' desk about registered requesters: looking, and measures by one officer and another."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import ids
from vault.api.description import Extra
from vault.api.public_register import RegisterSearch
from vault.api.register_views import OrganisationView, RegisterPage, organisation_view, page_view
from vault.edge.request import VaultRequest
from vault.ids import DeclarationId, RequesterId
from vault.requesters import at_desk, two_officers
from vault.requesters.measures import Order
from vault.requesters.narrowing import Cut
from vault.signin import OFFICER

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_REALM_IDS: Final = {
    "officer": ids.STAFF,
    "regulator": ids.REGULATOR,
    "requester": ids.REQUESTER,
    "member": ids.MEMBER,
}


class MeasureRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be done and why: one line of 4 to 500 characters, without personal data. To the requester, or to one
    ``declaration``; ``until``, with shorten alone, is the new end. A suspension holds at once, for 72 hours."""

    act: Literal["suspend", "restore", "revoke", "shorten", "narrow"]
    reason: str
    declaration: str | None = None
    until: Moment | None = None
    cut: Cut | None = None
    """With narrow, of a declaration: items, forms, frequency, hours, networks (docs/register.md)."""


class MeasureDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The second officer's word, and why."""

    decision: Literal["agree", "decline"]
    reason: str


class MeasureAtDesk(msgspec.Struct, frozen=True):
    """A measure. ``state``: proposed, done or refused; ``open``: it waits for a second officer, until ``lapses_at``."""

    measure: str
    act: str
    state: str
    open: bool
    declaration: str | None
    until: datetime | None
    reason: str
    by: str
    by_id: str | None
    at: datetime
    lapses_at: datetime | None
    second: str | None
    second_reason: str | None
    decided_at: datetime | None


class ClientView(msgspec.Struct, frozen=True):
    """An OAuth client; of its public keys the kid, kind and algorithm."""

    client_id: str
    declaration: str
    status: str
    redirect_uris: list[str]
    keys: list[dict[str, Any]]
    sandbox: bool


class RequesterAtDesk(msgspec.Struct, frozen=True):
    """A requester as officers see it. ``suspended_until``: when its suspension lapses unless it is confirmed."""

    organisation: OrganisationView
    suspended_until: datetime | None
    clients: list[ClientView]
    measures: list[MeasureAtDesk]


@get("/v1/desk/requesters", opt={"extra": Extra(query=RegisterSearch, refusals=(404,))}, tags=["desk"])
async def list_requesters(request: VaultRequest) -> RegisterPage:
    """Requesters, in the order of registration, also those applied for. Takes the role vetting."""
    wanted = request.asked(RegisterSearch).search()
    return page_view(await request.as_holder(OFFICER, at_desk.listing, wanted))


@get("/v1/desk/requesters/{requester:str}", tags=["desk"])
async def read_requester(request: VaultRequest, requester: FromPath[str]) -> RequesterAtDesk:
    """One requester: declarations, clients, every measure with its reasons. Takes the role vetting."""
    wanted = RequesterId(ids.parse(ids.REQUESTER, requester))
    found = await request.as_holder(OFFICER, at_desk.one, wanted)
    return RequesterAtDesk(
        organisation=organisation_view(found.organisation),
        suspended_until=found.suspended_until,
        clients=[_client(each) for each in found.clients],
        measures=[measure_view(each) for each in found.measures],
    )


@post(
    "/v1/desk/requesters/{requester:str}/measures",
    status_code=201,
    opt={"extra": Extra(body=MeasureRequest)},
    tags=["desk"],
)
async def propose_measure(request: VaultRequest, requester: FromPath[str]) -> MeasureAtDesk:
    """Suspend at once, or propose what takes two. An officer of another unit then decides it."""
    body = await request.parsed(MeasureRequest)
    declared = None if body.declaration is None else DeclarationId(ids.parse(ids.DECLARATION, body.declaration))
    wanted = RequesterId(ids.parse(ids.REQUESTER, requester))
    order = Order(body.act, wanted, declared, body.reason.strip(), body.until, body.cut)
    async with request.acting(OFFICER) as holder:
        row = await two_officers.propose_on_record(request.doors.database, holder, order)
    return measure_view(at_desk.measure_view(row, request.doors.clock.now()))


@post(
    "/v1/desk/measures/{measure:str}/decisions",
    status_code=200,
    opt={"extra": Extra(body=MeasureDecision)},
    tags=["desk"],
)
async def decide_measure(request: VaultRequest, measure: FromPath[str]) -> MeasureAtDesk:
    """Agree to a colleague's measure, which is then done or stands; or decline it. Nobody decides their own."""
    body = await request.parsed(MeasureDecision)
    wanted, agree = ids.parse(ids.MEASURE, measure), body.decision == "agree"
    async with request.acting(OFFICER) as holder:
        row = await two_officers.decide_on_record(
            request.doors.database, holder, wanted, agree=agree, reason=body.reason.strip()
        )
    return measure_view(at_desk.measure_view(row, request.doors.clock.now()))


def measure_view(found: at_desk.MeasureView) -> MeasureAtDesk:
    """A measure as officers see it."""
    return MeasureAtDesk(
        measure=ids.public(ids.MEASURE, found.id),
        act=found.act,
        state=found.state,
        open=found.is_open,
        declaration=None if found.declaration is None else ids.public(ids.DECLARATION, found.declaration),
        until=found.until,
        reason=found.reason,
        by=found.by,
        by_id=None if found.by_id is None else ids.public(_REALM_IDS[found.by], found.by_id),
        at=found.at,
        lapses_at=found.lapses_at,
        second=None if found.second is None else ids.public(_REALM_IDS[found.by], found.second),
        second_reason=found.second_reason,
        decided_at=found.decided_at,
    )


def _client(found: at_desk.ClientAtDesk) -> ClientView:
    return ClientView(
        client_id=ids.public(ids.CLIENT, found.id),
        declaration=ids.public(ids.DECLARATION, found.declaration),
        status=found.status,
        redirect_uris=found.redirect_uris,
        keys=found.keys,
        sandbox=found.is_sandbox,
    )


HANDLERS: Final = (list_requesters, read_requester, propose_measure, decide_measure)
"""Every endpoint of the desk about requesters."""
