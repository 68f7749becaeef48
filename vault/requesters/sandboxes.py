"""The sandbox of a client: another client of the same declaration, for trying everything with test persons.

It comes with the approval, has the production client's keys, return addresses and metadata as they are then, and
stands and falls with the same requester, declaration and permit. What it may see is :mod:`vault.sandbox.wall`.
"""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from vault import ids
from vault.db import Session, constraint
from vault.errors import Conflict, NotFound
from vault.ids import RequesterId
from vault.ledger.events import Actor, Event
from vault.ledger.log import append
from vault.requesters.owned import OwnClient, as_own
from vault.requesters.tables import Client


def new_sandbox(of: Client) -> Client:
    """The row of a client's sandbox: everything of that client but its id."""
    return Client(
        id=ids.new_uuid(),
        requester_id=of.requester_id,
        declaration_id=of.declaration_id,
        jwks=of.jwks,
        redirect_uris=list(of.redirect_uris),
        status=of.status,
        registration=of.registration,
        key_times=of.key_times,
        sandbox_of=of.id,
    )


async def sandbox_for(
    session: Session, client_id: UUID, *, by: Actor, requester: RequesterId | None = None
) -> OwnClient:
    """The sandbox of a client, given by its own id or the client's. Clients from before there were sandboxes, and
    those that registered themselves, get theirs now.

    ``requester``: whose client it must be; None where the operator asks. Raises NotFound, Conflict where the client has
    ended or somebody else makes its sandbox at this moment. Records ``sandbox.made`` where one is made.
    """
    row = await session.get(Client, client_id)
    if row is None or requester not in {None, row.requester_id}:
        raise NotFound("There is no such client.")
    if row.sandbox_of is not None:
        return as_own(row)
    found = await session.execute(sa.select(Client).where(Client.sandbox_of == row.id))
    held = found.scalar_one_or_none()
    return as_own(held if held is not None else await _make(session, row, by))


async def _make(session: Session, of: Client, by: Actor) -> Client:
    if of.status != "active":
        raise Conflict("This client is not in force: it gets no sandbox.")
    made = new_sandbox(of)
    try:
        async with session.begin_nested():
            session.add(made)
    except IntegrityError as error:
        if constraint(error) != "uq_clients_sandbox_of":
            raise
        raise Conflict("This client's sandbox is being made at this moment; try again.") from None
    event = Event(
        name="sandbox.made",
        actor=by,
        requester=of.requester_id,
        declaration=of.declaration_id,
        ref=ids.public(ids.CLIENT, made.id),
    )
    await append(session, event)
    return made
