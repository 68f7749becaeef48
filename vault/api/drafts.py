"""Applications that are still being written. No account, no cookie: a token given once."""

from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import get, post, put
from litestar.params import FromPath

from vault import ids
from vault.api.applications import TOKEN, ApplicationProgress, progress_of, shown_key
from vault.api.description import Extra
from vault.api.documents import DocumentView, document_view
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.request import VaultRequest
from vault.requesters.missing import Lack
from vault.vetting import desk, drafts

PARTIAL: Final = "Any part of an application: organisation, client, declaration, each as far as it is written."


class DraftBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Any part of an application, each member as far as it is written: the shape is held when it is handed in."""

    organisation: dict[str, Any] = {}
    client: dict[str, Any] = {}
    declaration: dict[str, Any] = {}


class DraftBegun(msgspec.Struct, frozen=True):
    """Keep ``status_token``: it is shown once and alone gives access. The draft goes at ``lapses_at``, which every
    change moves on by 30 days."""

    application: str
    status_token: str
    status: str
    lapses_at: datetime


class LackView(msgspec.Struct, frozen=True):
    """What is missing or wrong: the field, why, and what belongs there. ``blocks``: it cannot be handed in so."""

    field: str
    why: str
    todo: str
    blocks: bool


class Missing(msgspec.Struct, frozen=True):
    """Everything between a draft and an application; empty when it may be handed in."""

    missing: list[LackView]


class DraftAnswer(msgspec.Struct, frozen=True):
    """An application as it was written so far, or as it was handed in (then nothing is missing and it never lapses)."""

    application: str
    status: str
    body: dict[str, Any]
    missing: list[LackView]
    documents: list[DocumentView]
    changed_at: datetime
    lapses_at: datetime | None


@post(
    "/v1/applications/drafts",
    status_code=201,
    opt=NO_FORM_TOKEN | {"extra": Extra(body=DraftBody)},
    tags=["requesters"],
)
async def begin_draft(request: VaultRequest) -> DraftBegun:
    """Begin an application; the body may be as empty as ``{}``."""
    body = await request.parsed(DraftBody)
    begun = await request.doors.database.run(drafts.begin, request.address, msgspec.to_builtins(body))
    return DraftBegun(ids.public(ids.APPLICATION, begun.id), begun.token, drafts.DRAFT, begun.lapses_at)


@get(
    "/v1/applications/{application:str}/body", opt=NO_FORM_TOKEN | {"extra": Extra(headers=TOKEN)}, tags=["requesters"]
)
async def read_draft(request: VaultRequest, application: FromPath[str]) -> DraftAnswer:
    """What was written so far, and everything it lacks."""
    return _answer(await request.doors.database.run(drafts.read, shown_key(request, application)))


@put(
    "/v1/applications/{application:str}/body",
    opt=NO_FORM_TOKEN | {"extra": Extra(body=DraftBody, headers=TOKEN)},
    tags=["requesters"],
)
async def replace_draft(request: VaultRequest, application: FromPath[str]) -> DraftAnswer:
    """Write the body anew; any part of it may be absent. Refused once it was handed in."""
    key, body = shown_key(request, application), await request.parsed(DraftBody)
    return _answer(await request.doors.database.run(drafts.replace, key, msgspec.to_builtins(body)))


@get(
    "/v1/applications/{application:str}/missing",
    opt=NO_FORM_TOKEN | {"extra": Extra(headers=TOKEN)},
    tags=["requesters"],
)
async def list_missing(request: VaultRequest, application: FromPath[str]) -> Missing:
    """Everything it lacks: each field, why, and what to do."""
    found = await request.doors.database.run(drafts.read, shown_key(request, application))
    return Missing([_lack(each) for each in found.missing])


@post(
    "/v1/applications/{application:str}/submission",
    status_code=200,
    opt=NO_FORM_TOKEN | {"extra": Extra(headers=TOKEN)},
    tags=["requesters"],
)
async def submit_draft(request: VaultRequest, application: FromPath[str]) -> ApplicationProgress:
    """Hand it in. From then on it does not change; what it lacks is named instead."""
    key = shown_key(request, application)
    await request.doors.database.run(drafts.submit, key)
    return progress_of(await request.doors.database.run(desk.status, key.application, key.token))


@post(
    "/v1/applications/{application:str}/withdrawal",
    status_code=204,
    opt=NO_FORM_TOKEN | {"extra": Extra(headers=TOKEN)},
    tags=["requesters"],
)
async def withdraw_application(request: VaultRequest, application: FromPath[str]) -> None:
    """Take it back: a draft is gone with its documents, what was handed in is over. Refused once somebody decided."""
    await request.doors.database.run(drafts.withdraw, shown_key(request, application))


def _answer(view: drafts.DraftView) -> DraftAnswer:
    return DraftAnswer(
        application=ids.public(ids.APPLICATION, view.id),
        status=view.status,
        body=view.body,
        missing=[_lack(each) for each in view.missing],
        documents=[document_view(each) for each in view.documents],
        changed_at=view.changed_at,
        lapses_at=view.lapses_at,
    )


def _lack(lack: Lack) -> LackView:
    return LackView(lack.field, lack.why, lack.todo, lack.blocks)


HANDLERS: Final[list[Any]] = [
    begin_draft,
    read_draft,
    replace_draft,
    list_missing,
    submit_draft,
    withdraw_application,
]
