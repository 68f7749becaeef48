"""What may be declared: the published purposes, and the bounds of what may be asked for under each. For everybody."""

from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from vault.api.description import Extra
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.request import VaultRequest
from vault.errors import NotFound
from vault.requesters import bounding
from vault.requesters.bounds import Bounds, plain
from vault.requesters.purposes import ListedPurpose, purposes

_KEPT = {"Cache-Control": "public, max-age=60"}


class PurposeListing(msgspec.Struct, frozen=True):
    """One version of the list. ``categories``: their names by code and language."""

    version: int
    categories: dict[str, dict[str, str]]
    purposes: list[ListedPurpose]


class BoundsAnswer(msgspec.Struct, frozen=True):
    """One version of the bounds. For each limit the most specific rule that states it holds: the purpose counts before
    the item, the item before the collection. ``status``: proposed, adopted or refused."""

    version: int
    status: str
    rules: list[dict[str, Any]]


@get("/v1/purposes", opt=NO_FORM_TOKEN | {"extra": Extra(answer=PurposeListing)}, tags=["requesters"])
async def list_purposes() -> Response[PurposeListing]:
    """The published purposes: a declaration names one of their codes."""
    listed = purposes()
    categories = {code: dict(names) for code, names in listed.categories.items()}
    return Response(PurposeListing(listed.version, categories, list(listed.by_code.values())), headers=_KEPT)


@get("/v1/bounds", opt=NO_FORM_TOKEN | {"extra": Extra(answer=BoundsAnswer)}, tags=["requesters"])
async def read_bounds(request: VaultRequest) -> Response[BoundsAnswer]:
    """The bounds that hold now for what is declared."""
    found: Bounds = await request.doors.database.run(bounding.current)
    return Response(BoundsAnswer(found.version, bounding.ADOPTED, plain(found.rules)), headers=_KEPT)


@get("/v1/bounds/{number:str}", opt=NO_FORM_TOKEN, tags=["requesters"])
async def read_bounds_version(request: VaultRequest, number: FromPath[str]) -> BoundsAnswer:
    """One version of the bounds, also one that no longer holds: permits name the one they were vetted under."""
    if not (number.isascii() and number.isdigit() and len(number) <= 9):
        raise NotFound("There is no such version of the bounds.")
    found = await request.doors.database.run(bounding.version, int(number))
    return BoundsAnswer(found.bounds.version, found.status, plain(found.bounds.rules))


HANDLERS: Final[list[Any]] = [
    list_purposes,
    read_bounds,
    read_bounds_version,
]
