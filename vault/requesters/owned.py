"""What a requester has, for its own members: itself, its declarations and its clients, live or not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from vault.crypto.sealing import same
from vault.db import Session
from vault.errors import NotFound, Tampered
from vault.ids import DeclarationId, RequesterId
from vault.requesters.client_metadata import ClientMetadata, read_stored
from vault.requesters.declarations import Declaration, stored_declaration, stored_digest
from vault.requesters.key_times import Times
from vault.requesters.narrowing import narrowed
from vault.requesters.standing import State
from vault.requesters.states import declaration_state, requester_state
from vault.requesters.tables import Client, DeclarationRow, PermitRow, Requester


@dataclass(frozen=True)
class Owner:
    """A requester as it stands. ``name`` and ``contact`` as vetted; ``valid_until``: when its vetting ends."""

    id: RequesterId
    name: dict[str, str]
    uscc: str
    contact: dict[str, Any]
    state: State
    vetted_at: datetime | None
    valid_until: datetime | None


@dataclass(frozen=True)
class OwnDeclaration:
    """One version of a declaration; ``state`` is its own and its permit's, taken together."""

    id: DeclarationId
    number: int
    body: Declaration
    state: State
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True)
class OwnClient:
    """A client with all of its keys, those not valid now too. ``times``: {kid: {"from", "until"}} in ms."""

    id: UUID
    declaration_id: DeclarationId
    status: str
    jwks: dict[str, Any]
    times: Times
    redirect_uris: list[str]
    metadata: ClientMetadata
    sandbox_of: UUID | None


async def owner(session: Session, requester: RequesterId) -> Owner:
    """The requester, whatever its standing. Raises NotFound, Tampered."""
    row = await session.get(Requester, requester)
    if row is None:
        raise NotFound("There is no such requester.")
    state = requester_state(row, session.now)
    return Owner(row.id, row.name, row.uscc, row.contact, state, row.vetted_at, row.valid_until)


async def declarations_of(session: Session, requester: RequesterId) -> list[OwnDeclaration]:
    """Every declaration of a requester, newest first."""
    found = await session.execute(
        sa.select(DeclarationRow, PermitRow)
        .join(PermitRow, PermitRow.declaration_id == DeclarationRow.id)
        .where(DeclarationRow.requester_id == requester)
        .order_by(DeclarationRow.number.desc())
    )
    return [_own_declaration(row, permit, session.now) for row, permit in found]


def _own_declaration(row: DeclarationRow, permit: PermitRow, now: datetime) -> OwnDeclaration:
    if not same(stored_digest(row.body), row.digest):
        raise Tampered(private=f"declaration {row.id} does not fit its digest")
    until = min(row.valid_until, permit.valid_until)
    state = declaration_state(row, permit, now)
    body = narrowed(stored_declaration(row.body), row.narrowed)
    return OwnDeclaration(row.id, row.number, body, state, row.valid_from, until)


async def clients_of(session: Session, requester: RequesterId) -> list[OwnClient]:
    """Every client of a requester, oldest first."""
    found = await session.execute(sa.select(Client).where(Client.requester_id == requester).order_by(Client.id))
    return [as_own(row) for row in found.scalars()]


def as_own(row: Client) -> OwnClient:
    """The row as its requester's members see it."""
    return OwnClient(
        id=row.id,
        declaration_id=row.declaration_id,
        status=row.status,
        jwks=row.jwks,
        times=row.key_times or {},
        redirect_uris=row.redirect_uris,
        metadata=read_stored(row.registration),
        sandbox_of=row.sandbox_of,
    )
