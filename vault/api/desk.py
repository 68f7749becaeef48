"""The officers' desk: applications to decide by two, sensitive releases to decide by one."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import ids
from vault.api.description import Extra
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.ids import ApplicationId
from vault.registry import officer
from vault.signin import OFFICER, Holder
from vault.vetting import cases, decisions, desk


class DecisionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A decision, and why: one line without personal data, kept with it."""

    decision: Literal["approve", "refuse"]
    reason: str


class DecisionView(msgspec.Struct, frozen=True):
    """One officer's decision."""

    officer: str
    decision: str
    reason: str
    at: datetime


class ApplicationForOfficer(msgspec.Struct, frozen=True):
    """An application as it was handed in, and the decisions so far."""

    application: str
    status: str
    received_at: datetime
    decided_at: datetime | None
    body: dict[str, Any]
    decisions: list[DecisionView]


class ApplicationListing(msgspec.Struct, frozen=True):
    """Newest first."""

    applications: list[ApplicationForOfficer]


class ApplicationDecided(msgspec.Struct, frozen=True):
    """Where the application stands now; the ids are there once it is approved."""

    status: str
    requester: str | None
    declaration: str | None
    client_id: str | None
    sandbox_client_id: str | None


@get("/v1/desk/applications", tags=["desk"])
async def list_applications(request: VaultRequest) -> ApplicationListing:
    """The newest applications. Takes the role vetting."""
    found = await request.as_holder(OFFICER, _applications)
    return ApplicationListing([_view(each) for each in found])


@get("/v1/desk/applications/{application:str}", tags=["desk"])
async def read_application_at_desk(request: VaultRequest, application: FromPath[str]) -> ApplicationForOfficer:
    """One application. Takes the role vetting."""
    return _view(await request.as_holder(OFFICER, _application, application))


@post(
    "/v1/desk/applications/{application:str}/decisions",
    status_code=200,
    opt={"extra": Extra(body=DecisionRequest)},
    tags=["desk"],
)
async def decide_application(request: VaultRequest, application: FromPath[str]) -> ApplicationDecided:
    """Approve or refuse. Two different officers must approve; trying twice is refused and recorded."""
    body = await request.parsed(DecisionRequest)
    application_id = ApplicationId(ids.parse(ids.APPLICATION, application))
    approve, reason = body.decision == "approve", body.reason.strip()
    async with request.acting(OFFICER) as holder:
        case = await request.doors.database.run(cases.newest, application_id)
        decided = await decisions.decide_on_record(request.doors.database, holder, case, approve=approve, reason=reason)
    return decided_view(decided)


def decided_view(decided: decisions.Decided) -> ApplicationDecided:
    """Where something stands after a decision."""
    return ApplicationDecided(
        status=decided.status,
        requester=ids.public(ids.REQUESTER, decided.requester) if decided.requester else None,
        declaration=ids.public(ids.DECLARATION, decided.declaration) if decided.declaration else None,
        client_id=ids.public(ids.CLIENT, decided.client_id) if decided.client_id else None,
        sandbox_client_id=ids.public(ids.CLIENT, decided.sandbox) if decided.sandbox else None,
    )


async def _applications(session: Session, holder: Holder) -> list[desk.ApplicationView]:
    await officer(session, holder, decisions.ROLE)
    return await desk.applications(session)


async def _application(session: Session, holder: Holder, application: str) -> desk.ApplicationView:
    await officer(session, holder, decisions.ROLE)
    return await desk.application(session, ApplicationId(ids.parse(ids.APPLICATION, application)))


def _view(view: desk.ApplicationView) -> ApplicationForOfficer:
    return ApplicationForOfficer(
        application=ids.public(ids.APPLICATION, view.id),
        status=view.status,
        received_at=view.received_at,
        decided_at=view.decided_at,
        body=msgspec.to_builtins(view.body),
        decisions=[
            DecisionView(ids.public(ids.STAFF, made.officer), made.decision, made.reason, made.at)
            for made in view.decisions
        ],
    )
