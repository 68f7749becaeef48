"""A grant ends before its time: the person withdraws it, or the requester gives it back. All but the actor is one."""

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from vault.consent import records, status
from vault.consent.deletion import after_end
from vault.consent.states import Act, allows, state_of
from vault.consent.tables import WITHDRAWN, Grant, GrantPart, GrantWrap
from vault.consent.telling import happened
from vault.db import Session
from vault.errors import NotFound
from vault.ids import GrantId, PersonId
from vault.ledger import log
from vault.ledger.events import Actor, Event, Item
from vault.ledger.events import requester as by_requester
from vault.relay import close_of_grant
from vault.requesters.views import ClientView
from vault.webhooks import announce
from vault.webhooks.kinds import GRANT_WITHDRAWN

REQUESTER: Final = "requester"
_ENDED_BY: Final[Mapping[str, str | None]] = {"person": None, "requester": REQUESTER}


async def end(session: Session, row: Grant, *, by: Actor, delete: bool = False) -> None:
    """No token of it opens anything from the moment this commits. The caller holds the row lock.

    ``delete``: what was released is to be deleted now, and not only when the time is over for which it may be kept.
    """
    # 1. Status and epoch are what the next release looks at.
    row.status, row.withdrawn_at, row.suspended_until = WITHDRAWN, session.now, None
    row.ended_by = _ENDED_BY[by.kind]
    row.token_epoch += 1
    await status.end(session, row)
    await session.flush()
    # 2. Hygiene: without these rows not even a mistake in the checks opens anything.
    for table in (GrantWrap, GrantPart):
        await session.execute(sa.delete(table).where(table.person_id == row.person_id, table.grant_id == row.id))
    await close_of_grant(session, row.person_id, row.id, actor=by)
    # 3. The requester is told, whoever ended it.
    await announce(session, happened(row, GRANT_WITHDRAWN))
    # 4. The entry, and what becomes of the copies.
    event = Event(
        name="grant.withdrawn",
        actor=by,
        requester=row.requester_id,
        declaration=row.declaration_id,
        declaration_version=row.declaration_number,
        items=tuple(Item(each["item"], each["form"]) for each in row.items),
        consent=records.commitment(row.commitment_key, row.record_digest, records.WITHDRAWN),
    )
    await log.append(session, event, person=row.person_id)
    await after_end(session, row, delete=delete)


async def give_back(session: Session, client: ClientView, person: PersonId, grant: GrantId) -> None:
    """The requester no longer wants it. The person sees it, and can sign nothing for it.

    Raises NotFound for any but a live grant of this client, Tampered. Records ``grant.withdrawn`` by the requester.
    """
    row = await session.get(Grant, (person, grant), with_for_update=True, populate_existing=True)
    if row is None or (row.requester_id, row.client_id) != (client.requester_id, client.client_id):
        raise NotFound("There is no such grant.")
    if not allows(Act.GIVE_BACK, state_of(row.status, row.expires_at, session.now, lifted_at=row.suspended_until)):
        raise NotFound("There is no such grant.")
    await end(session, row, by=by_requester(client.requester_id))
