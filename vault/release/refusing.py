"""Recording refusals: each in a transaction of its own, once the caller is known (design promise 7)."""

import sqlalchemy as sa
import structlog

from vault import ids
from vault.db import Session
from vault.errors import VaultError
from vault.ids import ReleaseId
from vault.ledger import log
from vault.ledger.events import Event, requester
from vault.release.caller import Caller
from vault.release.engine import Ask, ReleaseEngine
from vault.release.entries import refused
from vault.release.loaded import Loaded
from vault.release.refusals import reason_of
from vault.release.tables import REFUSED, Release
from vault.requesters.register import known_client

_log = structlog.get_logger(__name__)


async def record_refusal(
    engine: ReleaseEngine, ask: Ask, caller: Caller, loaded: Loaded | None, *, error: VaultError
) -> None:
    """Record that this caller was refused, and why. The proof must have been taken: a replay is a stranger's.

    ``loaded`` None: a row did not hold, so nothing in it is believed; the entry names requester and reason alone.
    """
    if loaded is None:
        await _record_bare(engine, caller, reason_of(error))
    else:
        await engine.database.run(record_known, ask, caller, loaded, reason=reason_of(error))
    engine.receipts.hint()


async def record_known(session: Session, ask: Ask, caller: Caller, loaded: Loaded, *, reason: str) -> None:
    """The refusal of a release under a grant: its entry, which the person sees, and its row."""
    release = ReleaseId(ids.new_uuid())
    names = [item for item, _ in caller.access.items] if ask.items is None else ask.items
    event = refused(loaded, reason, names, release)
    entry = await log.append(session, event, person=loaded.person_id)
    row = {
        "person_id": loaded.person_id,
        "id": release,
        "grant_id": loaded.grant_id,
        "requester_id": loaded.grant["requester_id"],
        "client_id": loaded.grant["client_id"],
        "declaration_id": loaded.grant["declaration_id"],
        "request_digest": b"",
        "state": REFUSED,
        "purpose": loaded.body.purpose.code,
        "items": [{"item": item.item} for item in event.items or ()],
        "versions": {},
        "entry_id": entry,
        "at": session.now,
        "decided_at": session.now,
        "reason": reason,
    }
    await session.execute(sa.insert(Release).values(row))


async def _record_bare(engine: ReleaseEngine, caller: Caller, reason: str) -> None:
    async with engine.pool.acquire() as connection:
        try:
            known = await known_client(connection, engine.ring, caller.access.client_id, engine.clock.now())
        except VaultError as error:
            _log.critical("release.refusal_not_recorded", reason=reason, why=error.name, private=error.private)
            return
    owner = known.view.requester_id
    event = Event(name="release.refused", actor=requester(owner), requester=owner, reason=reason)
    await engine.database.run(log.append, event, person=caller.access.person)
