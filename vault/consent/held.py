"""What a requester holds: its grants in force, as it may know them. Never whose.

Grants belong to persons and are spread by person; a requester finds its own by the index ``ix_grants_in_force``
(requester, id, active ones alone), newest first and page by page: on one PostgreSQL a page costs as many index rows
as it shows, on a distributed one as many on every shard. What has expired is left out when reading; what is suspended
looks as if it had ended, and a suspension that lapsed is back here with the next round of tidying.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from vault.consent.records import pairwise
from vault.consent.tables import ACTIVE, Grant, GrantUse
from vault.db import Session
from vault.errors import NotFound
from vault.ids import DeclarationId, GrantId, RequesterId

MOST_LISTED: Final = 200
MOST_COUNTED: Final = 10_000
"""Beyond so many grants the newest alone are counted: a count must not grow with the register."""
_WINDOWS: Final = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


@dataclass(frozen=True)
class Held:
    """A grant in force. ``subject``: the pairwise name, by which no other requester knows the person; ``items``:
    [{"item", "form"}]; ``window_uses`` of ``frequency["count"]`` are used in the window that is open now."""

    id: GrantId
    subject: str
    client_id: UUID
    declaration_id: DeclarationId
    items: list[dict[str, Any]]
    until: datetime
    uses: int
    max_uses: int | None
    frequency: dict[str, Any]
    window_uses: int


@dataclass(frozen=True)
class Count:
    """Of one declaration: its grants in force, and how often they were used so far."""

    declaration_id: DeclarationId
    grants: int
    uses: int


@dataclass(frozen=True)
class Counted:
    """By declaration; ``is_all`` False: there are more grants than the newest :data:`MOST_COUNTED`."""

    by_declaration: list[Count]
    is_all: bool


async def in_force(
    session: Session, requester: RequesterId, *, before: UUID | None = None, limit: int = 50
) -> list[Held]:
    """A requester's grants in force, newest first; for the next page pass the last one's id as ``before``."""
    wanted = _in_force(session, requester)
    if before is not None:
        wanted = wanted.where(Grant.id < before)
    rows = await session.execute(wanted.order_by(Grant.id.desc()).limit(min(limit, MOST_LISTED)))
    return [_held(session, requester, grant, uses) for grant, uses in rows]


async def held(session: Session, requester: RequesterId, grant: UUID) -> Held:
    """One grant in force. NotFound for one that ended, for another requester's, and for what never was."""
    row = (await session.execute(_in_force(session, requester).where(Grant.id == grant))).first()
    if row is None:
        raise NotFound("You hold no such grant.")
    return _held(session, requester, row[0], row[1])


async def counted(session: Session, requester: RequesterId) -> Counted:
    """How many grants are in force and how often they were used, by declaration. Bounded by MOST_COUNTED."""
    newest = (
        sa.select(Grant.person_id, Grant.id, Grant.declaration_id)
        .where(Grant.requester_id == requester, Grant.status == ACTIVE, Grant.expires_at > session.now)
        .order_by(Grant.id.desc())
        .limit(MOST_COUNTED + 1)
        .subquery()
    )
    uses = sa.and_(GrantUse.person_id == newest.c.person_id, GrantUse.grant_id == newest.c.id)
    rows = await session.execute(
        sa.select(newest.c.declaration_id, sa.func.count(), sa.func.sum(GrantUse.uses))
        .join(GrantUse, uses)
        .group_by(newest.c.declaration_id)
    )
    found = [Count(DeclarationId(which), grants, int(used)) for which, grants, used in rows]
    return Counted(found, sum(each.grants for each in found) <= MOST_COUNTED)


def _in_force(session: Session, requester: RequesterId) -> sa.Select[Grant, GrantUse]:
    uses = sa.and_(GrantUse.person_id == Grant.person_id, GrantUse.grant_id == Grant.id)
    live = (Grant.requester_id == requester, Grant.status == ACTIVE, Grant.expires_at > session.now)
    return sa.select(Grant, GrantUse).join(GrantUse, uses).where(*live)


def _held(session: Session, requester: RequesterId, grant: Grant, uses: GrantUse) -> Held:
    opened, window = uses.window_start, _WINDOWS[grant.frequency["per"]]
    is_open = opened is not None and session.now < opened + window
    return Held(
        id=grant.id,
        subject=pairwise(session.ring, requester, grant.person_id),
        client_id=grant.client_id,
        declaration_id=grant.declaration_id,
        items=grant.items,
        until=grant.expires_at,
        uses=uses.uses,
        max_uses=grant.max_uses,
        frequency=grant.frequency,
        window_uses=uses.window_uses if is_open else 0,
    )
