"""Where a person wants to be told, and the codes by which organisations may ask them out of band."""

from datetime import datetime

import msgspec
from litestar import Response, delete, get, post, put

from vault import ids
from vault.api.description import Extra
from vault.authserver.hints import make_hint
from vault.authserver.prompts import prompts, public_id
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Invalid, NotFound
from vault.notifying import AddressView, address_of, confirm_address, give_address, remove_address
from vault.settings import NONE
from vault.signin import PERSON, Holder


class AddressWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mail address."""

    address: str


class CodeTyped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that was sent to the address."""

    code: str


class NoticeAddressView(msgspec.Struct, frozen=True):
    """One address. ``confirm_by`` is null once it is confirmed."""

    kind: str
    address: str
    at: datetime
    confirm_by: datetime | None


class NoticeAddressesView(msgspec.Struct, frozen=True):
    """The confirmed address and the one that waits for its code. ``sends``: smtp, outbox or none."""

    sends: str
    confirmed: NoticeAddressView | None
    pending: NoticeAddressView | None


class HintView(msgspec.Struct, frozen=True):
    """A code to be read out: it works once, until ``ends_at``, and is shown here only."""

    hint: str
    ends_at: datetime


class AskedView(msgspec.Struct, frozen=True):
    """A request out of band. ``state``: waiting, ended, approved, refused, reported, withheld."""

    request: str
    requester: str
    at: datetime
    ends_at: datetime
    state: str


class AskedList(msgspec.Struct, frozen=True):
    """Newest first, at most twenty."""

    requests: list[AskedView]


@get("/v1/me/notice-address", tags=["people"])
async def read_notice_address(request: VaultRequest) -> NoticeAddressesView:
    """Where this person is told, besides the portal."""
    found = await request.as_holder(PERSON, address_of)
    sends = request.doors.settings.notifying
    return NoticeAddressesView(sends, _view(found.confirmed), _view(found.pending))


@put("/v1/me/notice-address", status_code=202, opt={"extra": Extra(body=AddressWanted)}, tags=["people"])
async def give_notice_address(request: VaultRequest) -> NoticeAddressView:
    """Give an address for notices. A code is sent there; it counts once that came back."""
    if request.doors.settings.notifying == NONE:
        raise NotFound("This installation sends no messages.")
    wanted = await request.parsed(AddressWanted)
    view = _view(await request.as_holder(PERSON, give_address, wanted.address))
    assert view is not None
    return view


@post(
    "/v1/me/notice-address/confirmation",
    status_code=204,
    opt={"extra": Extra(body=CodeTyped, refusals=(404,))},
    tags=["people"],
)
async def confirm_notice_address(request: VaultRequest) -> None:
    """Send the code back that was sent to the address. Five tries."""
    typed = await request.parsed(CodeTyped)
    if not await request.as_holder(PERSON, confirm_address, typed.code):
        raise Invalid.field("code", "is not the code that was sent to the address")


@delete("/v1/me/notice-address", status_code=204, opt={"extra": Extra(refusals=(404,))}, tags=["people"])
async def remove_notice_address(request: VaultRequest) -> None:
    """Forget every address for notices; what waits to be sent is not sent."""
    await request.as_holder(PERSON, remove_address)


@post("/v1/me/hints", status_code=201, tags=["sharing"])
async def create_hint(request: VaultRequest) -> Response[HintView]:
    """Make a code for whoever is to ask out of band. It works once, for ten minutes."""
    hint = await request.as_holder(PERSON, make_hint)
    return Response(HintView(hint.code, hint.ends_at), status_code=201)


@get("/v1/me/requests", tags=["sharing"])
async def list_requests(request: VaultRequest) -> AskedList:
    """What this person was asked out of band. The decision is taken in the portal, before the whole notice."""
    return await request.as_holder(PERSON, _asked)


async def _asked(session: Session, holder: Holder) -> AskedList:
    return AskedList(
        [
            AskedView(
                public_id(each.id),
                ids.public(ids.REQUESTER, each.requester_id),
                each.at,
                each.ends_at,
                each.state,
            )
            for each in await prompts(session, holder)
        ]
    )


def _view(found: AddressView | None) -> NoticeAddressView | None:
    if found is None:
        return None
    return NoticeAddressView(found.kind, found.address, found.at, found.confirm_by)
