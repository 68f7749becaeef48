"""What is sent: one event as CloudEvents 1.0 in structured JSON. Ids and times, nothing of a person. Pure."""

from datetime import datetime
from typing import Any, Final

import msgspec

from vault import ids
from vault.webhooks.tables import WebhookEvent

CONTENT_TYPE: Final = "application/cloudevents+json"
_PREFIX: Final = "pivault."


def event_id(event: WebhookEvent) -> str:
    """The id by which a receiver knows that it has seen an event: the same for every try."""
    return ids.public(ids.EVENT, event.id)


def body(event: WebhookEvent, issuer: str) -> bytes:
    """The same bytes for every try, so that a receiver may compare them."""
    about = subjects(event)
    members: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id(event),
        "source": issuer,
        "type": f"{_PREFIX}{event.type}",
        "time": moment(event.at),
        "datacontenttype": "application/json",
        "data": {"client_id": ids.public(ids.CLIENT, event.client_id), **about},
    }
    if about:
        members["subject"] = next(iter(about.values()))
    return msgspec.json.encode(members)


def subjects(event: WebhookEvent) -> dict[str, str]:
    """What it is about, the narrowest first: an order, a release, a grant."""
    found: dict[str, str] = {}
    if event.order_id is not None:
        found["order"] = ids.public(ids.DELETION, event.order_id)
    if event.release_id is not None:
        found["release"] = ids.public(ids.RELEASE, event.release_id)
    if event.grant_id is not None:
        found["grant"] = ids.public(ids.GRANT, event.grant_id)
    if event.delete_by is not None:
        found["delete_by"] = moment(event.delete_by)
    return found


def moment(at: datetime) -> str:
    """RFC 3339, in milliseconds, UTC."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
