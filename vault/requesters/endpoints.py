"""Where a client is told of events, for the worker that tells it."""

from uuid import UUID

from vault.db import Session
from vault.requesters.client_metadata import read_stored
from vault.requesters.tables import Client


async def event_endpoint(session: Session, client: UUID) -> str | None:
    """The address for events that the client registered; None without one. Whether it is live does not matter: also a
    requester that is out has grants that end and copies to delete. Raises Tampered."""
    row = await session.get(Client, client, populate_existing=True)
    return None if row is None else read_stored(row.registration).event_endpoint
