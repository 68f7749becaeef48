"""What regulators order about a grant, a declaration or a requester: one orders, one of another unit confirms."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import ids, powers
from vault.api.description import Extra
from vault.edge.request import VaultRequest
from vault.powers import Order, PowerView, Target
from vault.powers.deciding import decide_on_record, propose_on_record
from vault.powers.reading import view
from vault.signin import REGULATOR


class PowerRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order. ``target``: req_…, dcl_… or gnt_…; ``reason_code``: one of the published ones; ``reason``: 10 to 2000
    characters, kept outside the ledger. ``urgent``: a stop that holds at once, for 24 hours at most. ``cut``, with
    narrow: {"without": [items], "forms": {item: [forms]}, "frequency": {"per", "count"}}, of a grant {"without",
    "until"} (ms since 1970)."""

    act: Literal["suspend", "lift", "narrow", "order_deletion"]
    target: Annotated[str, msgspec.Meta(max_length=40)]
    reason_code: str
    reason: str
    urgent: bool = False
    cut: dict[str, Any] | None = None
    case: str | None = None


class PowerDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The second regulator's word, and why."""

    decision: Literal["agree", "decline"]
    reason: str


class PowerOrderView(msgspec.Struct, frozen=True):
    """An order. ``state``: proposed, done, refused or lapsed; ``open``: it waits for a second, until ``lapses_at``."""

    power: str
    act: str
    target: str
    requester: str
    urgent: bool
    cut: dict[str, Any] | None
    reason_code: str
    reason: str
    case: str | None
    state: str
    open: bool
    proposed_by: str
    at: datetime
    lapses_at: datetime
    second: str | None
    second_reason: str | None
    decided_at: datetime | None


class PowerOrders(msgspec.Struct, frozen=True):
    """Newest first, at most a hundred. ``reasons``: the codes there are, and what each says."""

    powers: list[PowerOrderView]
    reasons: dict[str, str]


@get("/v1/oversight/powers", tags=["oversight"])
async def list_powers(request: VaultRequest) -> PowerOrders:
    """What was ordered, by whom, why, and what became of it."""
    found = await request.as_holder(REGULATOR, powers.listing)
    return PowerOrders([power_view(each) for each in found], dict(powers.REASONS))


@get("/v1/oversight/powers/{power:str}", tags=["oversight"])
async def read_power(request: VaultRequest, power: FromPath[str]) -> PowerOrderView:
    """One order."""
    return power_view(await request.as_holder(REGULATOR, powers.one, ids.parse(ids.POWER, power)))


@post(
    "/v1/oversight/powers",
    status_code=201,
    opt={"extra": Extra(body=PowerRequest, refusals=(404, 409))},
    tags=["oversight"],
)
async def order_power(request: VaultRequest) -> PowerOrderView:
    """Order something. Takes a mandate with the power measures, or deletion; a second regulator must confirm it."""
    body = await request.parsed(PowerRequest)
    order = Order(
        act=body.act,
        target=Target.read(body.target),
        reason_code=body.reason_code,
        reason=body.reason.strip(),
        is_urgent=body.urgent,
        cut=body.cut,
        inquiry=None if body.case is None else ids.parse(ids.INQUIRY, body.case),
    )
    async with request.acting(REGULATOR) as holder:
        row = await propose_on_record(request.doors.database, holder, order)
    return power_view(view(row, request.doors.clock.now()))


@post(
    "/v1/oversight/powers/{power:str}/decisions",
    status_code=200,
    opt={"extra": Extra(body=PowerDecision)},
    tags=["oversight"],
)
async def decide_power(request: VaultRequest, power: FromPath[str]) -> PowerOrderView:
    """Confirm a colleague's order, which is then done or lasting; or decline it. Nobody decides their own."""
    body = await request.parsed(PowerDecision)
    wanted, agree = ids.parse(ids.POWER, power), body.decision == "agree"
    async with request.acting(REGULATOR) as holder:
        row = await decide_on_record(request.doors.database, holder, wanted, agree=agree, reason=body.reason.strip())
    return power_view(view(row, request.doors.clock.now()))


def power_view(found: PowerView) -> PowerOrderView:
    """An order as regulators see it."""
    return PowerOrderView(
        power=ids.public(ids.POWER, found.id),
        act=found.act,
        target=found.target,
        requester=ids.public(ids.REQUESTER, found.requester),
        urgent=found.is_urgent,
        cut=found.cut,
        reason_code=found.reason_code,
        reason=found.reason,
        case=None if found.inquiry is None else ids.public(ids.INQUIRY, found.inquiry),
        state=found.state,
        open=found.is_open,
        proposed_by=ids.public(ids.REGULATOR, found.proposed_by),
        at=found.at,
        lapses_at=found.lapses_at,
        second=None if found.second is None else ids.public(ids.REGULATOR, found.second),
        second_reason=found.second_reason,
        decided_at=found.decided_at,
    )


HANDLERS = [list_powers, read_power, order_power, decide_power]
