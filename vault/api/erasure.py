"""Having one's vault erased, and calling it off."""

from datetime import datetime
from typing import Literal

import msgspec
from litestar import delete, get, post

from vault.api.description import Extra
from vault.edge.request import VaultRequest
from vault.erasure import Standing, ask, call_off, standing
from vault.signin import PERSON


class ErasureWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``present``: the password once more; an open browser is not enough."""

    present: str


class ErasureView(msgspec.Struct, frozen=True):
    """Whether an erasure is asked for, since when, and when it is carried out. ``holds``: what stands in its way now:
    lawful-order, hidden-access, open-case."""

    state: Literal["none", "asked"]
    asked_at: datetime | None
    due_at: datetime | None
    holds: list[str]


@get("/v1/me/erasure", tags=["people"])
async def read_erasure(request: VaultRequest) -> ErasureView:
    """How it stands."""
    return _view(await request.as_holder(PERSON, standing))


@post(
    "/v1/me/erasure",
    status_code=202,
    opt={"extra": Extra(body=ErasureWanted, refusals=(409, 429))},
    tags=["people"],
)
async def ask_erasure(request: VaultRequest) -> ErasureView:
    """Have this vault erased in seven days. Until then it can be called off. 409 says what holds it."""
    body, doors = await request.parsed(ErasureWanted), request.doors
    async with request.acting(PERSON) as holder:
        return _view(await ask(doors.database, doors.doorway, holder, body.present))


@delete("/v1/me/erasure", status_code=204, opt={"extra": Extra(refusals=(404,))}, tags=["people"])
async def call_erasure_off(request: VaultRequest) -> None:
    """Keep the vault."""
    await request.as_holder(PERSON, call_off)


def _view(found: Standing) -> ErasureView:
    state: Literal["none", "asked"] = "none" if found.asked_at is None else "asked"
    return ErasureView(state, found.asked_at, found.due_at, list(found.holds))
