"""Registered requesters as officers with the vetting role see them: what the public sees, clients, and every measure
with its reasons, also those that wait for a second officer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from vault.db import Session
from vault.errors import NotFound
from vault.ids import DeclarationId, RequesterId
from vault.registry import officer
from vault.requesters.published import Organisation, as_organisation, briefs
from vault.requesters.searching import Found, Search, search
from vault.requesters.standing import State
from vault.requesters.tables import Client, Measure, Requester
from vault.requesters.two_officers import ROLE, is_open
from vault.signin.holders import Holder

_MOST: Final = 500


@dataclass(frozen=True)
class ClientAtDesk:
    """An OAuth client. ``keys``: what is public of its keys, by kid."""

    id: UUID
    declaration: DeclarationId
    status: str
    redirect_uris: list[str]
    keys: list[dict[str, Any]]
    is_sandbox: bool


@dataclass(frozen=True)
class MeasureView:
    """A measure. ``state``: proposed, done, refused; ``is_open``: it waits for a second officer until ``lapses_at``."""

    id: UUID
    act: str
    state: str
    is_open: bool
    declaration: DeclarationId | None
    until: datetime | None
    reason: str
    by: str
    by_id: UUID | None
    at: datetime
    lapses_at: datetime | None
    second: UUID | None
    second_reason: str | None
    decided_at: datetime | None


@dataclass(frozen=True)
class RequesterAtDesk:
    """One requester with everything officers need to act. ``suspended_until``: when it lapses, where it does."""

    organisation: Organisation
    suspended_until: datetime | None
    clients: list[ClientAtDesk]
    measures: list[MeasureView]


async def listing(session: Session, holder: Holder, wanted: Search) -> Found:
    """As the public search, with those that are only applied for. Raises Refused without the role."""
    await officer(session, holder, ROLE)
    return await search(session, wanted, also=(State.APPLIED,))


async def one(session: Session, holder: Holder, requester: RequesterId) -> RequesterAtDesk:
    """One requester, whatever its state. Raises NotFound, Refused without the role, Tampered."""
    await officer(session, holder, ROLE)
    row = await session.get(Requester, requester, populate_existing=True)
    if row is None:
        raise NotFound("There is no such requester.")
    clients = await session.scalars(
        sa.select(Client).where(Client.requester_id == requester).order_by(Client.id.desc()).limit(_MOST)
    )
    found = await session.scalars(
        sa.select(Measure).where(Measure.requester_id == requester).order_by(Measure.id.desc()).limit(_MOST)
    )
    return RequesterAtDesk(
        organisation=as_organisation(row, await briefs(session, [requester]), [], session.now),
        suspended_until=row.suspended_until,
        clients=[_client(each) for each in clients],
        measures=[measure_view(each, session.now) for each in found],
    )


def measure_view(row: Measure, now: datetime) -> MeasureView:
    """A measure's row as a value."""
    return MeasureView(
        id=row.id,
        act=row.act,
        state=row.state,
        is_open=is_open(row, now),
        declaration=row.declaration_id,
        until=row.until,
        reason=row.reason,
        by=row.actor_kind,
        by_id=row.actor_id,
        at=row.at,
        lapses_at=row.lapses_at,
        second=row.second_id,
        second_reason=row.second_reason,
        decided_at=row.decided_at,
    )


def _client(row: Client) -> ClientAtDesk:
    keys = [{name: key[name] for name in ("kid", "kty", "crv", "alg") if name in key} for key in row.jwks["keys"]]
    return ClientAtDesk(row.id, row.declaration_id, row.status, row.redirect_uris, keys, row.sandbox_of is not None)
