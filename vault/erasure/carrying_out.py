"""Carrying an erasure out: one transaction, after which no key of the vault exists any more.

What survives a crash: everything of the vault, until the commit; nothing of it, after. The wish itself stays asked
until then, so that the next round finds it again.
"""

import asyncio
from typing import Final
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from vault.accounts import erasing as accounts
from vault.accounts import person_keys
from vault.authserver import erasing as authserver
from vault.consent import erasing as consent
from vault.consent.deletion import order_deletions
from vault.crypto.signing import verify_ed25519
from vault.db import Database, Session
from vault.deletion import stop_watching_all
from vault.erasure.asking import message
from vault.erasure.holds import Held, holds
from vault.erasure.tables import ASKED, DONE, Erasure
from vault.errors import VaultError
from vault.ids import PersonId
from vault.lawful import erasing as lawful
from vault.ledger import log
from vault.ledger.events import PERSON, REGISTRY, Event
from vault.ledger.subjects import forget_subject, hold_subject
from vault.notifying import erasing as notifying
from vault.oversight import erasing as oversight
from vault.profile import erasing as profile
from vault.relay import erasing as relay
from vault.release import erasing as release
from vault.signin import erasing as signin

EVERY: Final = 30.0
"""Seconds between two looks for what is due."""
AT_ONCE: Final = 100
_log = structlog.get_logger(__name__)


async def run(database: Database) -> None:
    """Carry out what is due, one vault after the other, until cancelled; what fails is tried again."""
    while True:
        try:
            for person, which in await database.run(due):
                await carry_out_logged(database, person, which)
        except (VaultError, SQLAlchemyError, OSError) as error:
            _log.warning("erasing_failed", kind=type(error).__name__)
        await asyncio.sleep(EVERY)


async def carry_out_logged(database: Database, person: PersonId, which: UUID) -> None:
    """One of them; what fails keeps nobody else's waiting."""
    try:
        await database.run(carry_out, person, which)
    except (VaultError, SQLAlchemyError, OSError) as error:
        _log.error("erasure_failed", kind=type(error).__name__, private=getattr(error, "private", ""))


async def due(session: Session) -> list[tuple[PersonId, UUID]]:
    """Wishes whose day has come, the oldest first."""
    wanted = sa.select(Erasure.person_id, Erasure.id).where(Erasure.state == ASKED, Erasure.due_at <= session.now)
    return [(row.person_id, row.id) for row in await session.execute(wanted.order_by(Erasure.due_at).limit(AT_ONCE))]


async def carry_out(session: Session, person: PersonId, which: UUID) -> bool:
    """Erase a vault, once and only when it is due and nothing holds it; whether that was done.

    Raises Tampered when the row is not the person's own wish. Records ``grant.withdrawn``, ``deletion.ordered`` and,
    last of all, ``person.erased``.
    """
    # 1. The wish, locked: the same one is carried out once, and not while it is being called off.
    row = await session.get(Erasure, (person, which), with_for_update=True, populate_existing=True)
    if row is None or row.state != ASKED or session.now < row.due_at:
        return False
    public = (await person_keys(session, person)).signing_public
    verify_ed25519(public, message(person, which, row.due_at), row.signature)
    if await holds(session, person):
        return False
    # 2. Grants end under their row locks, in which a release in flight finishes first or finds them ended. Section keys
    #    are locked before them, as by whoever gives a consent.
    await profile.hold_keys(session, person)
    await consent.end_all(session, person)
    # 3. From here on nothing is recorded about this person by anybody else: what began before is committed by now, what
    #    comes finds no ledger key. So what came in between is seen here.
    await hold_subject(session, person)
    if standing_in_the_way := await holds(session, person):
        raise Held(holds=list(standing_in_the_way))
    await consent.end_all(session, person)
    await order_deletions(session, person, "erasure", by=PERSON)
    await log.append(session, Event(name="person.erased", actor=REGISTRY), person=person)
    # 4. The keys, and what they were kept for.
    await _destroy(session, person)
    row.state, row.ended_at = DONE, session.now
    await session.flush()
    return True


async def _destroy(session: Session, person: PersonId) -> None:
    await signin.erase(session, person)
    await profile.erase(session, person)
    await consent.erase(session, person)
    await release.erase(session, person)
    await authserver.erase(session, person)
    await relay.erase(session, person)
    await notifying.erase(session, person)
    await lawful.erase(session, person)
    await oversight.erase(session, person)
    await stop_watching_all(session, person)
    await forget_subject(session, person)
    await accounts.erase(session, person)
