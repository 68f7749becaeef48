"""Organisations apply, and see where their application stands. No account, no cookie: a token given once."""

from datetime import datetime

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import ids
from vault.api.description import Extra
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.request import VaultRequest
from vault.errors import Unauthenticated
from vault.ids import ApplicationId
from vault.requesters.applications import Application
from vault.vetting import desk

TOKEN_HEADER = "Application-Token"  # noqa: S105 - a header's name


class ApplicationReceived(msgspec.Struct, frozen=True):
    """Keep ``status_token``: it is shown once and alone gives access to the state."""

    application: str
    status_token: str
    status: str


class ApplicationProgress(msgspec.Struct, frozen=True):
    """Where an application stands. The ids are there once it is approved; ``reasons`` where it was refused."""

    application: str
    status: str
    received_at: datetime
    decided_at: datetime | None
    reasons: list[str]
    requester: str | None
    declaration: str | None
    client_id: str | None


@post("/v1/applications", status_code=201, opt=NO_FORM_TOKEN | {"extra": Extra(body=Application)}, tags=["requesters"])
async def apply(request: VaultRequest) -> ApplicationReceived:
    """Ask to be registered: the organisation, its OAuth client, and what it wants to ask for and why."""
    application = await request.parsed(Application)
    applied = await request.doors.database.run(desk.apply, application)
    return ApplicationReceived(ids.public(ids.APPLICATION, applied.id), applied.status_token, "received")


@get(
    "/v1/applications/{application:str}",
    opt=NO_FORM_TOKEN | {"extra": Extra(headers={TOKEN_HEADER: "The status_token the application was answered with."})},
    tags=["requesters"],
)
async def read_application(request: VaultRequest, application: FromPath[str]) -> ApplicationProgress:
    """The state of one's own application."""
    token = request.headers.get(TOKEN_HEADER)
    if not token:
        raise Unauthenticated(f"Send the token of the application in the header {TOKEN_HEADER}.")
    application_id = ApplicationId(ids.parse(ids.APPLICATION, application))
    found = await request.doors.database.run(desk.status, application_id, token[:200])
    return ApplicationProgress(
        application=ids.public(ids.APPLICATION, found.id),
        status=found.status,
        received_at=found.received_at,
        decided_at=found.decided_at,
        reasons=found.reasons,
        requester=ids.public(ids.REQUESTER, found.requester) if found.requester else None,
        declaration=ids.public(ids.DECLARATION, found.declaration) if found.declaration else None,
        client_id=ids.public(ids.CLIENT, found.client_id) if found.client_id else None,
    )
