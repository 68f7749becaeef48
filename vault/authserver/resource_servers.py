"""Servers that may ask how tokens for them stand: let in and ended by two officers, known by keys of their own.

RFC 9701 section 5: the authorization server identifies, authenticates and authorises them. They are no clients: what
they hold asks about tokens and gets none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from vault import ids
from vault.authserver.tables import ResourceServer
from vault.crypto.keyring import KeyRing
from vault.db import Session
from vault.errors import Invalid, NotFound, Refused
from vault.ledger.events import Event
from vault.ledger.events import officer as by_officer
from vault.ledger.log import append
from vault.registry import StaffMember, officer
from vault.requesters import jwks as keys
from vault.requesters.hidden import reads_as
from vault.signin.holders import Holder

ROLE: Final = "vetting"
ACTIVE, ENDED = "active", "ended"
_NAME: Final = re.compile(r"[^\x00-\x1f\x7f]{2,120}")
_AUDIENCE: Final = re.compile(r"https?://[!-~]{1,500}")
_ROW: Final = sa.select(*(ResourceServer.__table__.c[n] for n in (*ResourceServer.guarded_columns(), "mac"))).where(
    ResourceServer.id == sa.bindparam("id", type_=sa.Uuid())
)
_SQL: Final = str(_ROW.compile(dialect=dialect()))  # type: ignore[no-untyped-call]  # SQLAlchemy's own gap


@dataclass(frozen=True)
class Described:
    """A server that is to be let in. ``audience``: the ``aud`` of its tokens; ``jwks``: its public keys."""

    name: str
    audience: str
    jwks: Mapping[str, Any]


@dataclass(frozen=True)
class KnownServer:
    """A server that is let in now."""

    id: UUID
    audience: str
    jwks: Mapping[str, Any]


async def add(session: Session, described: Described, *, by: tuple[Holder, Holder]) -> UUID:
    """Let a server in. Raises Invalid naming what is wrong, Refused unless two different officers do it."""
    first, second = await _two(session, by)
    _check(described)
    row = ResourceServer(
        id=ids.new_uuid(),
        name=described.name,
        audience=described.audience,
        jwks=dict(described.jwks),
        status=ACTIVE,
        officers=[ids.public(ids.STAFF, each.id) for each in (first, second)],
        added_at=session.now,
    )
    session.add(row)
    await session.flush()
    await _record(session, "resource_server.added", row.id, first=first, second=second)
    return row.id


async def end(session: Session, server: UUID, *, by: tuple[Holder, Holder]) -> None:
    """From the next request on it is nobody. Raises NotFound, Refused, Tampered."""
    first, second = await _two(session, by)
    row = await session.get(ResourceServer, server, with_for_update=True)
    if row is None or row.status != ACTIVE:
        raise NotFound("There is no such resource server in force.")
    row.status = ENDED
    await session.flush()
    await _record(session, "resource_server.ended", row.id, first=first, second=second)


async def known_server(connection: asyncpg.Connection, ring: KeyRing, server: UUID) -> KnownServer:
    """A server that is let in now, over a plain connection. Raises NotFound, Tampered."""
    row = await connection.fetchrow(_SQL, server)
    if row is None:
        raise NotFound("There is no such resource server.")
    ResourceServer.check(ring, row)
    if row["status"] != ACTIVE:
        raise NotFound("There is no such resource server.")
    return KnownServer(row["id"], row["audience"], row["jwks"])


async def _two(session: Session, by: tuple[Holder, Holder]) -> tuple[StaffMember, StaffMember]:
    first, second = [await officer(session, holder, ROLE) for holder in by]
    if first.id == second.id:
        raise Refused("This takes two different officers.")
    if _unit(first) == _unit(second):
        raise Refused("This takes two officers of different units.")
    return first, second


def _unit(member: StaffMember) -> tuple[str, str]:
    return reads_as(member.organisation), reads_as(member.unit)


def _check(described: Described) -> None:
    if not _NAME.fullmatch(described.name):
        raise Invalid.field("name", "must have 2 to 120 characters")
    if not _AUDIENCE.fullmatch(described.audience):
        raise Invalid.field("audience", "must be the address that tokens for this server name in aud")
    wrong = [{"field": f"jwks.{where}".rstrip("."), "why": why} for where, why in keys.problems_of_set(described.jwks)]
    if wrong:
        raise Invalid("; ".join(f"{each['field']}: {each['why']}" for each in wrong[:5]), errors=wrong)


async def _record(session: Session, name: str, server: UUID, *, first: StaffMember, second: StaffMember) -> None:
    ref = ids.public(ids.RESOURCE_SERVER, server)
    await append(session, Event(name=name, actor=by_officer(first.id), second=second.id, ref=ref))
