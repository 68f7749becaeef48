"""Applications as they come in and as they are looked at: by the applicant with a token, by officers at the desk."""

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.crypto.canonical import b64, digest
from vault.db import Session
from vault.errors import Invalid, NotFound
from vault.ids import ApplicationId, RequesterId
from vault.requesters.applications import Application, stored_application
from vault.vetting import drafts, quotas
from vault.vetting.cases import APPEAL, APPLICATION
from vault.vetting.filing import file
from vault.vetting.tables import ApplicationDecision, ApplicationDraft, ApplicationRow, VettingCase


@dataclass(frozen=True)
class Applied:
    """The answer to an application. The token is shown once: it alone gives access to the state."""

    id: ApplicationId
    status_token: str


@dataclass(frozen=True)
class Progress:
    """What an applicant may know. ``client_id`` and the others are there once it is approved."""

    id: ApplicationId
    status: str
    received_at: datetime
    decided_at: datetime | None
    reasons: list[str]
    requester: UUID | None
    declaration: UUID | None
    client_id: UUID | None
    sandbox: UUID | None


@dataclass(frozen=True)
class Decision:
    """One officer's decision."""

    officer: UUID
    decision: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class ApplicationView:
    """An application as officers see it."""

    id: ApplicationId
    status: str
    received_at: datetime
    decided_at: datetime | None
    body: Application
    decisions: list[Decision]


async def apply(session: Session, application: Application, *, requester: RequesterId | None = None) -> Applied:
    """Take a whole application in, draft and handing in at once. Raises Invalid with every problem in ``errors``.

    ``requester``: the registered organisation whose members file it. Documents take a draft.
    """
    if application.organisation.security_evidence:
        raise Invalid.field("organisation.security_evidence", "names documents: upload them to a draft first")
    token, application_id = b64(os.urandom(32)), ApplicationId(ids.new_uuid())
    await file(session, application, id=application_id, token_hash=digest(token.encode()), requester=requester)
    return Applied(application_id, token)


async def apply_from(session: Session, address: str, application: Application) -> Applied:
    """As :func:`apply`, for whoever asks from a network address. Raises TooMany as well."""
    await quotas.check_may_file(session, address)
    return await apply(session, application)


async def status(session: Session, application: ApplicationId, token: str) -> Progress:
    """Where an application stands. NotFound for a wrong token as for an application that does not exist."""
    key = drafts.Key(application, token)
    draft = await session.get(ApplicationDraft, application)
    if draft is not None:
        await drafts.check(session, key)
        return Progress(application, drafts.DRAFT, draft.begun_at, None, [], None, None, None, None)
    row = await drafts.filed(session, key)
    approved = row.status == "approved"
    reasons = await _refusals(session, application)
    made = {name: UUID(hex=row.outcome[name]) for name in _MADE if approved and name in row.outcome}
    return Progress(
        row.id,
        row.status,
        row.received_at,
        row.decided_at,
        reasons,
        made.get("requester"),
        made.get("declaration"),
        made.get("client"),
        made.get("sandbox"),
    )


_MADE: Final = ("requester", "declaration", "client", "sandbox")
"""What an approval made, as the application's outcome names it; before there were sandboxes, without one."""


async def _refusals(session: Session, application: ApplicationId) -> list[str]:
    """Why officers said no, in the application's first case and in its appeal."""
    mine = sa.select(VettingCase.id).where(
        VettingCase.application_id == application, VettingCase.kind.in_((APPLICATION, APPEAL))
    )
    said = sa.select(ApplicationDecision.reason).where(
        ApplicationDecision.case_id.in_(mine), ApplicationDecision.decision == "refuse"
    )
    return list(await session.scalars(said.order_by(ApplicationDecision.at)))


async def applications(session: Session, *, only_open: bool = False, limit: int = 100) -> list[ApplicationView]:
    """The newest applications, open ones first by themselves with ``only_open``."""
    query = sa.select(ApplicationRow).order_by(ApplicationRow.received_at.desc()).limit(limit)
    if only_open:
        query = query.where(ApplicationRow.decided_at.is_(None))
    rows = list((await session.execute(query)).scalars())
    return [await _view(session, row) for row in rows]


async def application(session: Session, application_id: ApplicationId) -> ApplicationView:
    """One application with its decisions. Raises NotFound."""
    row = await session.get(ApplicationRow, application_id)
    if row is None:
        raise NotFound("There is no such application.")
    return await _view(session, row)


async def _view(session: Session, row: ApplicationRow) -> ApplicationView:
    made = [Decision(d.officer_id, d.decision, d.reason, d.at) for d in await decisions_of(session, row.id)]
    body = stored_application(row.body)
    return ApplicationView(row.id, row.status, row.received_at, row.decided_at, body, made)


async def decisions_of(session: Session, application_id: UUID) -> list[ApplicationDecision]:
    """The decisions in one case (the first case of an application has its id), in the order they were made."""
    found = await session.execute(
        sa.select(ApplicationDecision)
        .where(ApplicationDecision.case_id == application_id)
        .order_by(ApplicationDecision.at)
    )
    return list(found.scalars())
