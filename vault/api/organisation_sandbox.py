"""The sandbox of an organisation: its sandbox clients, its test persons, and the kit to begin with."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import get, post

from vault import ids
from vault.api.description import Extra
from vault.edge.request import VaultRequest
from vault.edge.sandbox import Asked, open_kit, sandbox
from vault.sandbox.kit import NEXT
from vault.sandbox.persons import MOST
from vault.signin import MEMBER


class SandboxClient(msgspec.Struct, frozen=True):
    """A sandbox client, and the client it is the sandbox of."""

    client_id: str
    sandbox_of: str
    declaration: str
    status: str
    redirect_uris: list[str]


class SandboxPersonView(msgspec.Struct, frozen=True):
    """A test person. ``number``: 1 to 5."""

    number: int
    name: str
    made_at: datetime


class SandboxView(msgspec.Struct, frozen=True):
    """What there is to try with; ``most``: how many test persons there may be."""

    clients: list[SandboxClient]
    persons: list[SandboxPersonView]
    most: int


class KitRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For which client or sandbox; how many new test persons; whose place (1 to 5) a new one takes."""

    client: Annotated[str, msgspec.Meta(max_length=40)]
    persons: Annotated[int, msgspec.Meta(ge=0, le=MOST)] = 1
    replaces: Annotated[int, msgspec.Meta(ge=1, le=MOST)] | None = None


class SandboxKit(msgspec.Struct, frozen=True):
    """``files``: what belongs into the folder of the kit, by file name. The passwords in it are told once."""

    files: dict[str, dict[str, Any]]
    next: list[str]


@get("/v1/organisation/sandbox", tags=["organisation"])
async def read_sandbox(request: VaultRequest) -> SandboxView:
    """The organisation's sandbox clients and test persons."""
    found = await request.as_holder(MEMBER, sandbox)
    clients = [
        SandboxClient(
            ids.public(ids.CLIENT, each.id),
            ids.public(ids.CLIENT, each.sandbox_of),
            ids.public(ids.DECLARATION, each.declaration_id),
            each.status,
            each.redirect_uris,
        )
        for each in found.clients
        if each.sandbox_of is not None
    ]
    return SandboxView(clients, [SandboxPersonView(p.number, p.name, p.made_at) for p in found.persons], MOST)


@post(
    "/v1/organisation/sandbox",
    status_code=201,
    opt={"extra": Extra(body=KitRequest, refusals=(404,))},
    tags=["organisation"],
)
async def open_sandbox(request: VaultRequest) -> SandboxKit:
    """A kit for one client's sandbox, with new test persons. Takes the role keys or declarations."""
    asked = await request.parsed(KitRequest)
    doors = request.doors
    async with request.acting(MEMBER) as holder:
        wanted = Asked(asked.client, asked.persons, asked.replaces)
        kit = await open_kit(doors.database, doors.doorway, holder, wanted)
    return SandboxKit(kit.files(doors.issuer), list(NEXT))


HANDLERS: Final = [read_sandbox, open_sandbox]
"""What the routes are made of."""
