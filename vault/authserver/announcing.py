"""Putting requests before people: after they came in, by whichever process is first, never while their client waits.

What a client is told when it starts a request, and how long that takes, is therefore the same whomever its hint leads
to. A request that is not put before its person is left as it is: it ends like one that nobody answered.
"""

import asyncio
from datetime import datetime
from typing import Final

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from vault import ids
from vault.accounts import person_keys
from vault.authserver.hints import lock_pace
from vault.authserver.prompting import REMEMBERED, Asked, why_withheld
from vault.authserver.tables import BackchannelRequest, Prompt
from vault.db import Database, Session
from vault.errors import NotFound, Refused, VaultError
from vault.ids import PersonId
from vault.ledger.events import REGISTRY, Event
from vault.ledger.log import append
from vault.notifying import tell
from vault.requesters import register
from vault.requesters.views import ClientView, DeclarationView
from vault.sandbox.wall import on_one_side

EVERY: Final = 1.0
"""Seconds between two looks for new requests."""
_AT_ONCE: Final = 100
_log = structlog.get_logger("vault")


async def run(database: Database) -> None:
    """Announce until cancelled."""
    while True:
        try:
            await announce(database)
        except (VaultError, SQLAlchemyError, OSError) as error:
            _log.warning("announcing_failed", kind=type(error).__name__)
        await asyncio.sleep(EVERY)


async def announce(database: Database) -> int:
    """Put every new request before its person, or keep it from them. Returns how many were looked at.

    One that fails (a row that was edited) is logged and holds nobody up.
    """
    looked = 0
    for request_hash in await database.run(_new):
        try:
            looked += await database.run(_announce, request_hash)
        except VaultError as error:
            _log.error("not_announced", problem=error.name, private=error.private)
    return looked


async def _new(session: Session) -> list[bytes]:
    found = await session.execute(
        sa.select(BackchannelRequest.hash)
        .where(
            BackchannelRequest.announced_at.is_(None),
            BackchannelRequest.person_id.is_not(None),
            BackchannelRequest.ends_at > session.now,
        )
        .order_by(BackchannelRequest.ends_at)
        .limit(_AT_ONCE)
    )
    return list(found.scalars())


async def _announce(session: Session, request_hash: bytes) -> int:
    # 1. Of several processes one takes it
    taken = await session.execute(
        sa.update(BackchannelRequest)
        .where(BackchannelRequest.hash == request_hash, BackchannelRequest.announced_at.is_(None))
        .values(announced_at=session.now)
        .returning(BackchannelRequest.hash)
        .execution_options(synchronize_session=False)
    )
    if taken.first() is None:
        return 0
    row = await session.get(BackchannelRequest, request_hash, populate_existing=True)
    if row is None or row.person_id is None:
        return 0
    # 2. Under the person's lock, so that what is counted stays true until the commit
    person = row.person_id
    await lock_pace(session, person)
    asking = await _asking(session, row)
    if asking is None:  # stopped since: there is nobody to ask for any more
        return 1
    client, declared = asking
    reason = await _why_not(session, person, client)
    # 3. The prompt, the entry, the message
    session.add(_prompt(row, declared, session.now, reason=reason))
    await session.flush()
    await append(session, _event(declared, reason), person=person)
    if reason is None:
        await tell(session, person, "consent_waiting", {}, until=row.ends_at)
    return 1


async def _asking(session: Session, row: BackchannelRequest) -> tuple[ClientView, DeclarationView] | None:
    try:
        client = await register.client(session, row.client_id)
        return client, await register.declaration(session, client.declaration_id)
    except (NotFound, Refused):
        return None


async def _why_not(session: Session, person: PersonId, client: ClientView) -> str | None:
    keys = await person_keys(session, person)
    if keys.status != "active" or not on_one_side(keys.test_of, client.sandbox_of, client.requester_id):
        return "not-eligible"
    found = await session.execute(
        sa.select(Prompt).where(Prompt.person_id == person, Prompt.at > session.now - REMEMBERED)
    )
    past = [Asked(each.requester_id, each.at, each.ends_at, each.state, each.decided_at) for each in found.scalars()]
    return why_withheld(past, client.requester_id, session.now)


def _prompt(row: BackchannelRequest, declared: DeclarationView, now: datetime, *, reason: str | None) -> Prompt:
    return Prompt(
        person_id=row.person_id,
        id=ids.new_uuid(),
        request_hash=row.hash,
        requester_id=declared.requester_id,
        declaration_id=declared.id,
        at=now,
        ends_at=row.ends_at,
        state="waiting" if reason is None else "withheld",
        decided_at=None if reason is None else now,
        reason=reason,
    )


def _event(declared: DeclarationView, reason: str | None) -> Event:
    return Event(
        name="consent.put" if reason is None else "consent.withheld",
        actor=REGISTRY,
        requester=declared.requester_id,
        declaration=declared.id,
        declaration_version=declared.number,
        purpose=declared.body.purpose.code,
        reason=reason,
    )
