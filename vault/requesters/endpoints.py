"""Where a client is told of events, and what it answers with, whatever its standing."""

from typing import Any
from uuid import UUID

from vault.db import Session
from vault.requesters.client_metadata import read_stored
from vault.requesters.key_times import valid_keys
from vault.requesters.tables import Client


async def event_endpoint(session: Session, client: UUID) -> str | None:
    """The address for events that the client registered; None without one. Whether it is live does not matter: also a
    requester that is out has grants that end and copies to delete. Raises Tampered."""
    row = await session.get(Client, client, populate_existing=True)
    return None if row is None else read_stored(row.registration).event_endpoint


async def keys_of(session: Session, client: UUID) -> tuple[UUID, list[dict[str, Any]]] | None:
    """Whose client it is, and its public keys that hold now, whatever its standing: who is out still answers for what
    it holds. None when there is none. Raises Tampered."""
    row = await session.get(Client, client, populate_existing=True)
    if row is None:
        return None
    return row.requester_id, list(valid_keys(row.jwks, row.key_times, session.now)["keys"])


async def is_given_up(session: Session, client: UUID) -> bool:
    """Whether the client was ended for good, so that its keys may be gone with it. Raises Tampered."""
    row = await session.get(Client, client, populate_existing=True)
    return row is None or row.status in {"revoked", "surrendered"}
