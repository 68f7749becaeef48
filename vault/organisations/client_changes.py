"""Changes of a client: keys added and retired with overlap, redirect URIs, other metadata."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec

from vault.clock import from_millis
from vault.db import Session
from vault.errors import Invalid
from vault.ids import RequesterId
from vault.ledger.events import member as by_member
from vault.organisations.kinds import Kind, Made, nothing_to_drop
from vault.organisations.roles import KEYS
from vault.organisations.tables import Organisation
from vault.requesters import changing
from vault.requesters.changing import By, origin_of
from vault.requesters.client_metadata import ClientMetadata
from vault.requesters.key_times import Keys
from vault.requesters.owned import OwnClient, clients_of
from vault.requesters.standing import Capability
from vault.requesters.states import check_may

T = TypeVar("T")
Millis = Annotated[int, msgspec.Meta(ge=0, lt=1 << 43)]
KEY_ADDED, KEY_RETIRED, REDIRECTS, METADATA = "key.added", "key.retired", "redirects", "metadata"


class KeyAdded(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"from_": "from"}):
    """A public JWK, and from and until when it holds (ms since 1970); without: from now on, for ever."""

    jwk: dict[str, Any]
    from_: Millis | None = None
    until: Millis | None = None


class KeyRetired(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The kid of a key, and when it ends (ms since 1970); the past means at once."""

    kid: str
    until: Millis


class Redirects(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All redirect URIs, as they shall be."""

    redirect_uris: list[str]


class Metadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All other metadata, as it shall be."""

    metadata: ClientMetadata


async def vetted_origins(session: Session, organisation: RequesterId) -> frozenset[str]:
    """Where people may be sent back to: what was vetted for any of the organisation's clients in production."""
    clients = [client for client in await clients_of(session, organisation) if client.sandbox_of is None]
    return frozenset(origin_of(uri) for client in clients for uri in client.redirect_uris)


def _parsed(body: Mapping[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(dict(body), kind)
    except msgspec.ValidationError as error:
        why, _, where = str(error).partition(" - at `$.")
        raise Invalid.field(where.strip("`") or "body", why) from None


def _key_change(kind: str, body: Mapping[str, Any], now: datetime) -> Callable[[Keys], Keys]:
    if kind == KEY_ADDED:
        added = _parsed(body, KeyAdded)
        start, end = (None if at is None else from_millis(at) for at in (added.from_, added.until))
        return lambda keys: keys.with_key(added.jwk, start=start, end=end, now=now)
    retired = _parsed(body, KeyRetired)
    return lambda keys: keys.ended(retired.kid, end=from_millis(retired.until), now=now)


def _by(made: Made) -> By:
    return By(made.organisation, by_member(made.by.id), made.second)


async def _client(session: Session, made: Made) -> OwnClient:
    """The client that is to be changed, of a requester whose keys may be changed as it stands."""
    await check_may(session, made.organisation, Capability.KEYS)
    return await changing.client_of(session, made.organisation, made.subject_id())


def _keys(kind: str) -> Kind:
    async def check(session: Session, made: Made) -> None:
        client = await _client(session, made)
        changed = _key_change(kind, made.body, session.now)(Keys(client.jwks, client.times))
        changing.check_covered(changed, session.now)
        changing.check_metadata(client.metadata, changed.jwks)

    async def make(session: Session, _desk: Organisation, made: Made) -> None:
        change = _key_change(kind, made.body, session.now)
        await changing.change_keys(session, made.subject_id(), _by(made), change)

    return Kind(role=KEYS, check=check, make=make, drop=nothing_to_drop)


async def _check_redirects(session: Session, made: Made) -> None:
    client = await _client(session, made)
    uris, origins = _parsed(made.body, Redirects).redirect_uris, await vetted_origins(session, made.organisation)
    changing.check_redirects(uris, origins, is_sandbox=client.sandbox_of is not None)


async def _make_redirects(session: Session, _desk: Organisation, made: Made) -> None:
    uris, origins = _parsed(made.body, Redirects).redirect_uris, await vetted_origins(session, made.organisation)
    await changing.change_redirects(session, made.subject_id(), _by(made), uris, origins=origins)


async def _check_metadata(session: Session, made: Made) -> None:
    client = await _client(session, made)
    changing.check_metadata(_parsed(made.body, Metadata).metadata, client.jwks)


async def _make_metadata(session: Session, _desk: Organisation, made: Made) -> None:
    metadata = _parsed(made.body, Metadata).metadata
    await changing.change_metadata(session, made.subject_id(), _by(made), metadata)


KINDS: Final[dict[str, Kind]] = {
    KEY_ADDED: _keys(KEY_ADDED),
    KEY_RETIRED: _keys(KEY_RETIRED),
    REDIRECTS: Kind(role=KEYS, check=_check_redirects, make=_make_redirects, drop=nothing_to_drop),
    METADATA: Kind(role=KEYS, check=_check_metadata, make=_make_metadata, drop=nothing_to_drop),
}
