"""Deletion orders about grants: given by a person, by law, by who may order it, and when the time is over."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa

from vault import deletion
from vault.accounts import the_person
from vault.consent.tables import WITHDRAWN, Grant, GrantUse
from vault.db import Session
from vault.deletion.kinds import Why
from vault.deletion.ordering import Held, watched
from vault.errors import Conflict, NotFound
from vault.ids import GrantId, PersonId, RequesterId
from vault.ledger.events import PERSON, REGISTRY, Actor
from vault.signin.holders import Holder

AT_ONCE: Final = 100
"""Orders that one round of tidying gives."""


async def order_deletion(session: Session, grant: UUID, why: Why, *, by: Actor, due_at: datetime | None = None) -> UUID:
    """Order the deletion of what was released under a grant, known by its id alone. The caller has checked that ``by``
    may. Returns the order's id. Raises NotFound, Tampered. Records ``deletion.ordered``."""
    row = (await session.execute(sa.select(Grant).where(Grant.id == grant))).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no such grant.")
    return await deletion.order(session, await held(session, row), why, by=by, due_at=due_at)


async def order_deletions(
    session: Session, person: PersonId, why: Why, *, by: Actor, requester: RequesterId | None = None
) -> list[UUID]:
    """The same for everything released about a person, to one requester or to all of them: for an erasure."""
    used = sa.and_(GrantUse.person_id == Grant.person_id, GrantUse.grant_id == Grant.id)
    wanted = sa.select(Grant).join(GrantUse, used).where(Grant.person_id == person, GrantUse.last_used_at.is_not(None))
    if requester is not None:
        wanted = wanted.where(Grant.requester_id == requester)
    rows = (await session.scalars(wanted.order_by(Grant.id))).all()
    return [await deletion.order(session, await held(session, row), why, by=by) for row in rows]


async def ask_deletion(session: Session, holder: Holder, grant: UUID) -> UUID:
    """The person has what an ended grant gave deleted. Raises NotFound, Conflict while it is in force."""
    row = await session.get(Grant, (await the_person(session, holder), GrantId(grant)))
    if row is None:
        raise NotFound("You have no such grant.")
    if row.status != WITHDRAWN and session.now < row.expires_at:
        raise Conflict("Stop sharing first: what is shared cannot be deleted at the same time.")
    return await deletion.order(session, await held(session, row), "withdrawn", by=PERSON)


async def after_end(session: Session, row: Grant, *, delete: bool) -> None:
    """A grant has just ended: order the deletion now, or when the time is over for which copies may be kept. Where
    nothing was ever released there is nothing to delete."""
    about = await held(session, row)
    if about.last_used_at is None:
        await deletion.stop_watching(session, row.person_id, row.id)
    elif delete:
        await deletion.order(session, about, "withdrawn", by=PERSON)
    else:
        await deletion.watch(session, row.person_id, row.id, until=session.now + about.retention)


async def keep_watch(session: Session, row: Grant) -> None:
    """A grant was given or changed: copies may be kept until so long after its end."""
    await deletion.watch(session, row.person_id, row.id, until=row.expires_at + _retention(row))


async def order_at_the_end(session: Session) -> int:
    """Order what is to be deleted because the time for which it may be kept is over. Returns how many orders."""
    given = 0
    for person, grant in await watched(session, limit=AT_ONCE):
        row = await session.get(Grant, (person, grant), with_for_update={"skip_locked": True}, populate_existing=True)
        about = None if row is None else await held(session, row)
        if about is None or about.last_used_at is None:
            await deletion.stop_watching(session, person, grant)
        else:
            await deletion.order(session, about, "retention", by=REGISTRY)
            given += 1
    return given


async def held(session: Session, row: Grant) -> Held:
    """What the requester may hold under a grant."""
    used = sa.select(GrantUse.last_used_at).where(GrantUse.person_id == row.person_id, GrantUse.grant_id == row.id)
    return Held(
        person=row.person_id,
        grant=row.id,
        requester=row.requester_id,
        client=row.client_id,
        declaration=row.declaration_id,
        retention=_retention(row),
        last_used_at=(await session.execute(used)).scalar_one_or_none(),
    )


def _retention(row: Grant) -> timedelta:
    """How long the requester said that it keeps what it gets, as the person agreed to it."""
    purpose = msgspec.json.decode(row.record)["pii_processing"]["purposes"][0]
    return timedelta(days=purpose["retention_period"]["days"])
