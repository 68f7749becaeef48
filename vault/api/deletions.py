"""Deletion orders as the person sees them, who may give one, and as regulators see what nobody answered."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import deletion, ids
from vault.api.description import Extra
from vault.api.organisation_events import OrderView, order_view
from vault.consent.deletion import ask_deletion
from vault.db import Session
from vault.deletion import Place
from vault.edge.request import VaultRequest
from vault.ids import PersonId, RequesterId
from vault.oversight import deletions
from vault.signin import PERSON, REGULATOR, Holder


class OwnOrder(OrderView, frozen=True):
    """With the organisation's signed statements, as they came, oldest first."""

    statements: list[str]


class OwnOrders(msgspec.Struct, frozen=True):
    """Newest first."""

    orders: list[OwnOrder]


class OverdueQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one requester where one is named; what follows on this page's ``next``."""

    requester: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    after: Annotated[str, msgspec.Meta(max_length=80)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class OverdueOrder(msgspec.Struct, frozen=True):
    """An order that nobody answered in time: whose data it is about is not said."""

    order: str
    requester: str
    requester_name: dict[str, str]
    why: str
    ordered_at: datetime
    due_at: datetime


class OverdueOrders(msgspec.Struct, frozen=True):
    """The longest overdue first. ``next``: pass it as ``after`` for what follows."""

    orders: list[OverdueOrder]
    next: str | None


@get("/v1/me/deletion-orders", tags=["sharing"])
async def list_own_deletion_orders(request: VaultRequest) -> OwnOrders:
    """What organisations were ordered to delete, and what they answered."""
    return OwnOrders([_own(each) for each in await request.as_holder(PERSON, _mine)])


@post("/v1/me/grants/{grant:str}/deletion", status_code=200, tags=["sharing"])
async def order_own_deletion(request: VaultRequest, grant: FromPath[str]) -> OwnOrders:
    """Have what an ended grant gave deleted."""
    return OwnOrders([_own(each) for each in await request.as_holder(PERSON, _ask, grant)])


@get(
    "/v1/oversight/deletion-orders",
    opt={"extra": Extra(query=OverdueQuery, refusals=(404,))},
    tags=["oversight"],
)
async def list_overdue_orders(request: VaultRequest) -> OverdueOrders:
    """What was to be deleted and nobody answered. The question is an entry."""
    asked = request.asked(OverdueQuery)
    which = RequesterId(ids.parse(ids.REQUESTER, asked.requester)) if asked.requester else None
    after = None if asked.after is None else Place.read(asked.after)
    async with request.acting(REGULATOR) as holder:
        found = await deletions.overdue(request.doors.database, holder, requester=which, after=after, limit=asked.limit)
    more = found[-1].place.public() if len(found) == asked.limit else None
    return OverdueOrders([_overdue(each) for each in found], more)


async def _mine(session: Session, holder: Holder) -> list[deletion.Order]:
    return await deletion.for_person(session, PersonId(holder.id))


async def _ask(session: Session, holder: Holder, grant: str) -> list[deletion.Order]:
    which = ids.parse(ids.GRANT, grant)
    await ask_deletion(session, holder, which)
    return await deletion.for_person(session, PersonId(holder.id), grant=which)


def _own(order: deletion.Order) -> OwnOrder:
    return OwnOrder(**msgspec.structs.asdict(order_view(order)), statements=list(order.statements))


def _overdue(order: deletion.Order) -> OverdueOrder:
    return OverdueOrder(
        order=ids.public(ids.DELETION, order.id),
        requester=ids.public(ids.REQUESTER, order.requester_id),
        requester_name=order.requester_name,
        why=order.why,
        ordered_at=order.ordered_at,
        due_at=order.due_at,
    )


HANDLERS = [list_own_deletion_orders, order_own_deletion, list_overdue_orders]
"""What the routes are made of."""
