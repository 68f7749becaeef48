"""Changing a client: its keys, its redirect URIs, its other metadata. Called for somebody who may; recorded here.

Every act locks the client's row, gives it its new value whole and appends the entry in the same transaction. The
next token request of that client, on any worker, reads the new row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from vault import ids
from vault.crypto.canonical import canonical, digest
from vault.db import Session
from vault.errors import Conflict, Invalid, NotFound
from vault.ids import RequesterId
from vault.ledger.events import Actor, Event
from vault.ledger.log import append
from vault.requesters.client_metadata import ClientMetadata, problems_of_metadata, read_stored, to_store
from vault.requesters.key_times import Keys, said
from vault.requesters.owned import OwnClient, as_own
from vault.requesters.redirects import LOOPBACK, MOST, is_loopback, why_not_redirect_uri
from vault.requesters.tables import Client

_CLOSED: Final = frozenset({"revoked", "surrendered"})


@dataclass(frozen=True)
class By:
    """On whose behalf and by whom: the requester, who acts, and the other one where it took two."""

    requester: RequesterId
    actor: Actor
    second: UUID | None = None


async def client_of(session: Session, requester: RequesterId, client_id: UUID) -> OwnClient:
    """One client of this requester. NotFound for another's, as for one that does not exist."""
    return as_own(await _of(session, requester, client_id, lock=False))


async def change_keys(session: Session, client_id: UUID, by: By, change: Callable[[Keys], Keys]) -> None:
    """Give a client other keys. Raises NotFound, Conflict where the client has ended, Invalid from ``change``."""
    row = await _of(session, by.requester, client_id)
    changed = change(Keys(row.jwks, row.key_times))
    check_covered(changed, session.now)
    check_metadata(read_stored(row.registration), changed.jwks)
    row.jwks, row.key_times = changed.jwks, changed.times or None
    held = digest(canonical([changed.jwks, changed.times]))
    await append(session, _event("requester.keys_changed", row, by, held))


async def change_redirects(
    session: Session, client_id: UUID, by: By, uris: Sequence[str], *, origins: frozenset[str]
) -> None:
    """Give a client other redirect URIs, all of them under origins that were vetted; a sandbox also any on loopback.

    Raises NotFound, Invalid.
    """
    row = await _of(session, by.requester, client_id)
    check_redirects(uris, origins, is_sandbox=row.sandbox_of is not None)
    row.redirect_uris = list(uris)
    await append(session, _event("requester.redirects_changed", row, by, digest(canonical(row.redirect_uris))))


async def change_metadata(session: Session, client_id: UUID, by: By, metadata: ClientMetadata) -> None:
    """Give a client other metadata. Raises NotFound, Conflict, Invalid where it does not go with the client's keys."""
    row = await _of(session, by.requester, client_id)
    check_metadata(metadata, row.jwks)
    row.registration = to_store(metadata)
    held = digest(canonical(msgspec.to_builtins(metadata)))
    await append(session, _event("requester.metadata_changed", row, by, held))


def check_covered(keys: Keys, now: datetime) -> None:
    """Raises Invalid where a moment would come at which no key holds."""
    gap = keys.first_gap(now)
    if gap is not None:
        raise Invalid.field("until", f"would leave the client without a valid key from {said(gap)} on")


def check_metadata(metadata: ClientMetadata, jwks: Mapping[str, Any]) -> None:
    """Raises Invalid by field where metadata and keys do not go together."""
    problems = problems_of_metadata(metadata, jwks)
    if problems:
        raise Invalid(
            "; ".join(f"{where}: {why}" for where, why in problems[:5]),
            errors=[{"field": where, "why": why} for where, why in problems],
        )


def check_redirects(uris: Sequence[str], origins: frozenset[str], *, is_sandbox: bool = False) -> None:
    """Raises Invalid by field unless each may be registered and lies under a vetted origin, or on loopback for a
    sandbox: nobody but test persons is sent back there."""
    if not 1 <= len(uris) <= MOST:
        raise Invalid.field("redirect_uris", f"must hold 1 to {MOST} addresses")

    def why_not(uri: str) -> str | None:
        return why_not_redirect_uri(uri) if is_sandbox and is_loopback(uri) else _why_not(uri, origins)

    problems = [(f"redirect_uris[{index}]", why) for index, uri in enumerate(uris) if (why := why_not(uri))]
    problems += [(f"redirect_uris[{i}]", "is listed twice") for i, uri in enumerate(uris) if uri in uris[:i]]
    if problems:
        raise Invalid(
            "; ".join(f"{where}: {why}" for where, why in problems[:5]),
            errors=[{"field": where, "why": why} for where, why in problems],
        )


def origin_of(uri: str) -> str:
    """Scheme, host and port of a redirect URI; loopback without its port, which programs choose (RFC 8252 7.3)."""
    parts = urlsplit(uri)
    if parts.hostname in LOOPBACK:
        return f"{parts.scheme}://{parts.hostname}"
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(':443')}"


def _why_not(uri: str, origins: frozenset[str]) -> str | None:
    why = why_not_redirect_uri(uri)
    if why is None and origin_of(uri) not in origins:
        return "is under a host that was not vetted: file a new application for it"
    return why


async def _of(session: Session, requester: RequesterId, client_id: UUID, *, lock: bool = True) -> Client:
    row = await session.get(Client, client_id, with_for_update=lock or None, populate_existing=lock)
    if row is None or row.requester_id != requester:
        raise NotFound("There is no such client.")
    if lock and row.status in _CLOSED:
        raise Conflict("This client has ended; it cannot be changed.")
    return row


def _event(name: str, row: Client, by: By, held: bytes) -> Event:
    return Event(
        name=name,
        actor=by.actor,
        requester=row.requester_id,
        declaration=row.declaration_id,
        ref=ids.public(ids.CLIENT, row.id),
        second=by.second,
        digest=held,
    )
