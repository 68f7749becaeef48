"""An organisation's events and deletion orders: the address, what was sent, what is sent again, what must go."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from vault import ids
from vault.api.description import Extra
from vault.api.organisation_changes import ChangeView, change_view
from vault.authserver.deletion_statements import hand_in
from vault.deletion import Order
from vault.edge import telling
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.request import VaultRequest
from vault.organisations import changes
from vault.organisations.endpoint_changes import EVENT_ENDPOINT
from vault.signin import MEMBER
from vault.webhooks.events import Told
from vault.webhooks.signatures import jwks

Id = Annotated[str, msgspec.Meta(max_length=40)]
Most = Annotated[int, msgspec.Meta(ge=1, le=200)]


class EventPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events after this one, oldest first; of one state where one is named."""

    after: Id | None = None
    state: Literal["waiting", "sent", "kept", "dead"] | None = None
    limit: Most = 50


class ToldEvent(msgspec.Struct, frozen=True):
    """One event. ``about``: the ids it names; ``state``: waiting, sent, kept (the client has no address) or dead;
    ``result``: how the last try ended; ``next_try``: when it is tried again."""

    event: str
    client: str
    type: str
    about: dict[str, str]
    at: datetime
    state: str
    tries: int
    result: str | None
    tried_at: datetime | None
    next_try: datetime | None


class ToldEvents(msgspec.Struct, frozen=True):
    """Oldest first. ``next``: pass it as ``after`` for what follows."""

    events: list[ToldEvent]
    next: str | None


class EventEndpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the client is told of events: https, a public address; null: nowhere."""

    url: Annotated[str, msgspec.Meta(max_length=512)] | None


class Replayed(msgspec.Struct, frozen=True):
    """How many are sent again."""

    events: int


class TestSent(msgspec.Struct, frozen=True):
    """The event that was queued."""

    event: str


class OrderPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Orders older than this one, newest first."""

    before: Id | None = None
    limit: Most = 50


class OrderView(msgspec.Struct, frozen=True):
    """An order to delete what was released under a grant. ``state``: open, overdue, deleted, partly or kept; ``basis``
    and ``kept_until``: of what is kept."""

    order: str
    grant: str
    requester: str
    requester_name: dict[str, str]
    client: str
    why: str
    ordered_at: datetime
    due_at: datetime
    state: str
    basis: str | None
    kept_until: datetime | None
    answered_at: datetime | None


class OrderList(msgspec.Struct, frozen=True):
    """Newest first. ``next``: pass it as ``before`` for older ones."""

    orders: list[OrderView]
    next: str | None


class StatementRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``statement``: a compact JWS of type deletion-statement+jwt, signed with a registered key of the client."""

    statement: Annotated[str, msgspec.Meta(max_length=8192)]


class StatementTaken(msgspec.Struct, frozen=True):
    """What the order comes to by it."""

    order: str
    outcome: str


@get("/v1/organisation/events", opt={"extra": Extra(query=EventPage, refusals=(404,))}, tags=["organisation"])
async def list_events(request: VaultRequest) -> ToldEvents:
    """What the organisation's clients were told, or would have been, in the last thirty days."""
    asked = request.asked(EventPage)
    after = ids.parse(ids.EVENT, asked.after) if asked.after else None
    found = await request.as_holder(MEMBER, telling.since, after=after, state=asked.state, limit=asked.limit)
    return ToldEvents([_event(each) for each in found], ids.public(ids.EVENT, found[-1].id) if found else None)


@post("/v1/organisation/events/{event:str}/replay", status_code=200, tags=["organisation"])
async def replay_event(request: VaultRequest, event: FromPath[str]) -> ToldEvent:
    """Send one event again, under the same id. Takes the role keys."""
    return _event(await request.as_holder(MEMBER, telling.replay, ids.parse(ids.EVENT, event)))


@post("/v1/organisation/events/replays", status_code=200, tags=["organisation"])
async def replay_dead_events(request: VaultRequest) -> Replayed:
    """Send every dead letter again, the oldest thousand at most. Takes the role keys."""
    return Replayed(await request.as_holder(MEMBER, telling.replay_dead))


@post(
    "/v1/organisation/clients/{client:str}/event-endpoint",
    status_code=200,
    opt={"extra": Extra(body=EventEndpoint)},
    tags=["organisation"],
)
async def change_event_endpoint(request: VaultRequest, client: FromPath[str]) -> ChangeView:
    """Give a client another address for events. Takes the role keys, and two members where so chosen."""
    body = await request.parsed(EventEndpoint)
    which = ids.parse(ids.CLIENT, client)
    made = await request.as_holder(MEMBER, changes.propose, EVENT_ENDPOINT, which, body={"url": body.url})
    return change_view(made)


@post(
    "/v1/organisation/clients/{client:str}/test-events",
    status_code=200,
    opt={"extra": Extra(refusals=(429,))},
    tags=["organisation"],
)
async def send_test_event(request: VaultRequest, client: FromPath[str]) -> TestSent:
    """Have a test event sent to a client's address. Takes the role keys."""
    sent = await request.as_holder(MEMBER, telling.send_test, ids.parse(ids.CLIENT, client))
    return TestSent(ids.public(ids.EVENT, sent))


@get(
    "/v1/organisation/deletion-orders",
    opt={"extra": Extra(query=OrderPage, refusals=(404,))},
    tags=["organisation"],
)
async def list_deletion_orders(request: VaultRequest) -> OrderList:
    """What the organisation was ordered to delete, and what it answered."""
    asked = request.asked(OrderPage)
    before = ids.parse(ids.DELETION, asked.before) if asked.before else None
    found = await request.as_holder(MEMBER, telling.orders, before=before, limit=asked.limit)
    more = ids.public(ids.DELETION, found[-1].id) if len(found) == asked.limit else None
    return OrderList([order_view(each) for each in found], more)


@get("/v1/webhooks/jwks", opt=NO_FORM_TOKEN, tags=["oauth"])
async def read_webhook_keys(request: VaultRequest) -> Response[dict[str, Any]]:
    """The public keys that events are signed with (RFC 7517); keyid in a signature is kid here."""
    return Response(jwks(request.doors.ring), headers={"Cache-Control": "public, max-age=300"})


@post(
    "/v1/deletion-orders/{deletion:str}/statements",
    status_code=200,
    opt=NO_FORM_TOKEN | {"extra": Extra(body=StatementRequest, refusals=(401, 404, 409))},
    tags=["releases"],
)
async def hand_in_statement(request: VaultRequest, deletion: FromPath[str]) -> StatementTaken:
    """Answer a deletion order. The statement's signature says who answers; nothing else is needed."""
    body, which = await request.parsed(StatementRequest), ids.parse(ids.DELETION, deletion)
    outcome = await hand_in(request.doors.database, which, body.statement, issuer=request.doors.issuer)
    return StatementTaken(deletion, outcome)


def order_view(order: Order) -> OrderView:
    """An order as its person and its requester see it."""
    return OrderView(
        order=ids.public(ids.DELETION, order.id),
        grant=ids.public(ids.GRANT, order.grant),
        requester=ids.public(ids.REQUESTER, order.requester_id),
        requester_name=order.requester_name,
        client=ids.public(ids.CLIENT, order.client_id),
        why=order.why,
        ordered_at=order.ordered_at,
        due_at=order.due_at,
        state=order.state,
        basis=order.basis,
        kept_until=order.kept_until,
        answered_at=order.answered_at,
    )


def _event(told: Told) -> ToldEvent:
    return ToldEvent(
        event=ids.public(ids.EVENT, told.id),
        client=ids.public(ids.CLIENT, told.client_id),
        type=told.type,
        about=told.about,
        at=told.at,
        state=told.state,
        tries=told.tries,
        result=told.result,
        tried_at=told.tried_at,
        next_try=told.next,
    )


HANDLERS = [
    list_events,
    replay_event,
    replay_dead_events,
    change_event_endpoint,
    send_test_event,
    list_deletion_orders,
    read_webhook_keys,
    hand_in_statement,
]
"""What the routes are made of."""
