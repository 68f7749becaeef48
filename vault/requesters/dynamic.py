"""Clients that register themselves (RFC 7591) and manage what they registered (RFC 7592): the rows and their entries.

What may be registered is checked by whoever calls; the statement's single use is held by a unique constraint.
"""

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from vault import ids
from vault.crypto.canonical import b64, canonical, digest
from vault.crypto.sealing import same
from vault.db import Session, constraint
from vault.errors import Conflict, NotFound
from vault.ids import DeclarationId
from vault.ledger.events import Actor, Event
from vault.ledger.events import requester as by_requester
from vault.ledger.log import append
from vault.requesters import register, statements
from vault.requesters.client_metadata import ClientMetadata, to_store
from vault.requesters.standing import State
from vault.requesters.statements import Product, Statement
from vault.requesters.tables import Client, ClientRegistration
from vault.requesters.views import ClientView

TOKEN_PREFIX = "rat_"  # noqa: S105 - what a registration access token begins with


@dataclass(frozen=True)
class Wanted:
    """What a client registers, checked. ``jwks``: {"keys": [public JWK, …]}."""

    redirect_uris: tuple[str, ...]
    jwks: dict[str, Any]
    metadata: ClientMetadata


@dataclass(frozen=True)
class Registered:
    """A client as it is registered. ``token`` is given out once, when it registers."""

    client: ClientView
    product: Product
    registered_at: datetime
    token: str | None = None


async def issue_statement(
    session: Session, declaration: DeclarationId, product: Product, *, issuer: str, by: Actor
) -> str:
    """A software statement for one product under a live declaration. Raises NotFound, NotLive.

    Whoever calls this has made sure that the organisation's own members want it, and that the redirect URIs are on
    hosts it has shown to control.
    """
    declared = await register.declaration(session, declaration)
    until = min(session.now + statements.LIFE, declared.valid_until)
    statement = Statement(ids.new_uuid(), declared.requester_id, declaration, product, until)
    text = statements.issue(session.ring, statement, issuer=issuer, now=session.now)
    event = Event(
        name="statement.issued",
        actor=by,
        requester=declared.requester_id,
        declaration=declaration,
        digest=digest(text.encode()),
    )
    await append(session, event)
    return text


async def register_client(session: Session, statement: Statement, wanted: Wanted) -> Registered:
    """A new client of the statement's declaration. Raises NotFound, NotLive, Conflict when the statement is used."""
    declared = await register.declaration(session, statement.declaration)
    if declared.requester_id != statement.requester:
        raise NotFound("There is no such declaration.")
    row = Client(
        id=ids.new_uuid(),
        requester_id=statement.requester,
        declaration_id=statement.declaration,
        jwks=wanted.jwks,
        redirect_uris=list(wanted.redirect_uris),
        status=State.ACTIVE,
        registration=to_store(wanted.metadata),
        key_times=None,
        sandbox_of=None,
    )
    session.add(row)
    await session.flush()
    token = TOKEN_PREFIX + b64(os.urandom(32))
    session.add(
        ClientRegistration(
            client_id=row.id,
            statement_id=statement.id,
            statement=msgspec.to_builtins(statement.product),
            token_hash=digest(token.encode()),
            registered_at=session.now,
        )
    )
    try:
        await session.flush()
    except IntegrityError as error:
        if constraint(error) != "uq_client_registrations_statement_id":
            raise
        raise Conflict("This software statement has registered a client already.") from None
    await _record(session, "client.registered", row)
    view = await register.client(session, row.id)
    return Registered(view, statement.product, session.now, token)


async def registered(session: Session, client_id: UUID, token: str) -> Registered:
    """A client by its registration access token. NotFound for a wrong token as for a client that is not there."""
    held = await session.get(ClientRegistration, client_id)
    if held is None or not same(digest(token.encode()), held.token_hash):
        raise NotFound("There is no such client, or this is not its registration access token.")
    row = await session.get(Client, client_id)
    if row is None or row.status in {State.SURRENDERED, State.REVOKED}:
        raise NotFound("There is no such client, or this is not its registration access token.")
    product = msgspec.convert(held.statement, Product)
    return Registered((await register.any_client(session, client_id)).view, product, held.registered_at)


async def change_client(session: Session, client_id: UUID, token: str, wanted: Wanted) -> Registered:
    """Replace what a client registered (RFC 7592 section 2.2). Raises NotFound, NotLive."""
    before = await registered(session, client_id, token)
    await register.client(session, client_id)
    row = await _locked(session, client_id)
    row.jwks, row.redirect_uris = wanted.jwks, list(wanted.redirect_uris)
    row.registration, row.key_times = to_store(wanted.metadata), None
    await session.flush()
    await _record(session, "client.changed", row)
    return Registered(await register.client(session, client_id), before.product, before.registered_at)


async def surrender_client(session: Session, client_id: UUID, token: str) -> None:
    """End a client (RFC 7592 section 2.3): its tokens are dead with the next request. Raises NotFound."""
    await registered(session, client_id, token)
    row = await _locked(session, client_id)
    row.status = State.SURRENDERED
    await session.flush()
    event = Event(
        name="client.surrendered",
        actor=by_requester(row.requester_id),
        requester=row.requester_id,
        declaration=row.declaration_id,
        ref=ids.public(ids.CLIENT, row.id),
    )
    await append(session, event)


async def _locked(session: Session, client_id: UUID) -> Client:
    found = await session.execute(sa.select(Client).where(Client.id == client_id).with_for_update())
    return found.scalar_one()


async def _record(session: Session, name: str, row: Client) -> None:
    event = Event(
        name=name,
        actor=by_requester(row.requester_id),
        requester=row.requester_id,
        declaration=row.declaration_id,
        ref=ids.public(ids.CLIENT, row.id),
        digest=digest(canonical(row.jwks)),
    )
    await append(session, event)
