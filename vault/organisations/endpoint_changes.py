"""Where a client is told of events: a change of its own, so that nobody has to send all other metadata with it."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from vault.db import Session
from vault.errors import Invalid
from vault.ledger.events import member as by_member
from vault.organisations.kinds import Kind, Made, nothing_to_drop
from vault.organisations.roles import KEYS
from vault.organisations.tables import Organisation
from vault.requesters import changing
from vault.requesters.changing import By
from vault.requesters.client_metadata import ClientMetadata

EVENT_ENDPOINT: Final = "event-endpoint"


def _url(body: Mapping[str, Any]) -> str | None:
    url = body.get("url")
    if url is not None and not isinstance(url, str):
        raise Invalid.field("url", "must be an address, or nothing")
    return url


async def _changed(session: Session, made: Made) -> ClientMetadata:
    """The client's metadata as it stands, with the other address. Raises NotFound, Invalid."""
    client = await changing.client_of(session, made.organisation, made.subject_id())
    metadata = msgspec.structs.replace(client.metadata, event_endpoint=_url(made.body))
    changing.check_metadata(metadata, client.jwks)
    return metadata


async def _check(session: Session, made: Made) -> None:
    await _changed(session, made)


async def _make(session: Session, _desk: Organisation, made: Made) -> None:
    by = By(made.organisation, by_member(made.by.id), made.second)
    await changing.change_metadata(session, made.subject_id(), by, await _changed(session, made))


KINDS: Final[dict[str, Kind]] = {
    EVENT_ENDPOINT: Kind(role=KEYS, check=_check, make=_make, drop=nothing_to_drop),
}
