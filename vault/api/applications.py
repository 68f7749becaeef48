"""Organisations apply, and see where their application stands. No account, no cookie: a token given once."""

from datetime import datetime
from typing import Any, Final

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
from vault.requesters.applications import read_application as read_application_body
from vault.vetting import desk
from vault.vetting.drafts import Key

TOKEN_HEADER = "Application-Token"  # noqa: S105 - a header's name

TOKEN: Final = {TOKEN_HEADER: "The token the application or its draft was answered with."}


def shown_key(request: VaultRequest, application: str) -> Key:
    """Which application the caller speaks of, and the token they show. Raises Unauthenticated, NotFound."""
    token = request.headers.get(TOKEN_HEADER)
    if not token:
        raise Unauthenticated(f"Send the token of the application in the header {TOKEN_HEADER}.")
    return Key(ApplicationId(ids.parse(ids.APPLICATION, application)), token[:200])


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
    sandbox_client_id: str | None


@post("/v1/applications", status_code=201, opt=NO_FORM_TOKEN | {"extra": Extra(body=Application)}, tags=["requesters"])
async def apply(request: VaultRequest) -> ApplicationReceived:
    """Ask to be registered: the organisation, its OAuth client, and what it wants to ask for and why.

    This is a draft and its handing in at once; documents take a draft of their own.
    """
    application = read_application_body(await request.parsed(dict[str, Any]))
    applied = await request.doors.database.run(desk.apply_from, request.address, application)
    return ApplicationReceived(ids.public(ids.APPLICATION, applied.id), applied.status_token, "received")


@get(
    "/v1/applications/{application:str}",
    opt=NO_FORM_TOKEN | {"extra": Extra(headers=TOKEN)},
    tags=["requesters"],
)
async def read_application(request: VaultRequest, application: FromPath[str]) -> ApplicationProgress:
    """The state of one's own application."""
    key = shown_key(request, application)
    found = await request.doors.database.run(desk.status, key.application, key.token)
    return progress_of(found)


def progress_of(found: desk.Progress) -> ApplicationProgress:
    """Where an application stands, as it is told."""
    return ApplicationProgress(
        application=ids.public(ids.APPLICATION, found.id),
        status=found.status,
        received_at=found.received_at,
        decided_at=found.decided_at,
        reasons=found.reasons,
        requester=ids.public(ids.REQUESTER, found.requester) if found.requester else None,
        declaration=ids.public(ids.DECLARATION, found.declaration) if found.declaration else None,
        client_id=ids.public(ids.CLIENT, found.client_id) if found.client_id else None,
        sandbox_client_id=ids.public(ids.CLIENT, found.sandbox) if found.sandbox else None,
    )
