"""Asking for one's vault to be erased, and calling it off."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.accounts import person_keys, the_person
from vault.clock import from_millis, millis
from vault.crypto.canonical import canonical, plain
from vault.db import Database, Session
from vault.erasure.holds import Held, holds
from vault.erasure.tables import ASKED, CALLED_OFF, Erasure
from vault.errors import NotFound, Refused
from vault.ids import PersonId
from vault.ledger import log
from vault.ledger.events import PERSON, Event
from vault.ledger.subjects import hold_subject
from vault.notifying import tell
from vault.signin import Doorway, Holder, confirm_password

TIME_TO_CALL_OFF: Final = timedelta(days=7)
"""Whoever found an open browser and a password has not erased a vault: its person is told, and has a week."""


@dataclass(frozen=True)
class Standing:
    """How it stands. ``asked_at`` and ``due_at`` are None where nothing is asked; ``holds``: what stands in the way
    now (see ``holds``)."""

    asked_at: datetime | None
    due_at: datetime | None
    holds: tuple[str, ...]


async def ask(db: Database, doorway: Doorway, holder: Holder, present: str) -> Standing:
    """The person wants their vault erased, and proves their password once more. Asked for already, it stays as it is.

    Raises Invalid (``present``), TooMany, Held, Refused for a made-up person. Records ``erasure.asked``.
    """
    await confirm_password(db, doorway, holder, present)
    return await db.run(_ask, holder)


async def call_off(session: Session, holder: Holder) -> None:
    """The person keeps their vault after all. Raises NotFound where nothing is asked.

    Records ``erasure.called_off``.
    """
    person = await the_person(session, holder)
    await hold_subject(session, person)
    row = await _asked(session, person)
    if row is None:
        raise NotFound("You did not ask for your vault to be erased.")
    row.state, row.ended_at = CALLED_OFF, session.now
    await session.flush()
    await log.append(session, Event(name="erasure.called_off", actor=PERSON), person=person)


async def standing(session: Session, holder: Holder) -> Standing:
    """What the person sees of it. Raises Tampered."""
    person = await the_person(session, holder)
    return _standing(await _asked(session, person), await holds(session, person))


def message(person: UUID, which: UUID, due_at: datetime) -> bytes:
    """The bytes under the person's signature (version 1; may grow by members)."""
    return canonical(["erasure", 1, {"person": plain(person), "id": plain(which), "due_at": millis(due_at)}])


async def _ask(session: Session, holder: Holder) -> Standing:
    # 1. Who asks, and that the vault is somebody's. The person's lock orders what comes at once.
    person = await the_person(session, holder)
    if (await person_keys(session, person)).test_of is not None:
        raise Refused("A test person's vault is not erased: its organisation gives it up.")
    await hold_subject(session, person)
    row, standing_in_the_way = await _asked(session, person), await holds(session, person)
    if row is not None:
        return _standing(row, standing_in_the_way)
    # 2. Nothing holds it.
    if standing_in_the_way:
        raise Held(holds=list(standing_in_the_way))
    # 3. The wish, signed; its entry; word of it to wherever the person is told.
    which, due_at = ids.new_uuid(), from_millis(millis(session.now + TIME_TO_CALL_OFF))
    row = Erasure(
        person_id=person,
        id=which,
        asked_at=session.now,
        due_at=due_at,
        state=ASKED,
        ended_at=None,
        signature=holder.bundle.sign(message(person, which, due_at)),
    )
    session.add(row)
    await session.flush()
    await log.append(session, Event(name="erasure.asked", actor=PERSON, until=millis(due_at)), person=person)
    await tell(session, person, "erasure_asked", {}, until=due_at)
    return _standing(row, ())


async def _asked(session: Session, person: PersonId) -> Erasure | None:
    """The wish that stands."""
    wanted = sa.select(Erasure).where(Erasure.person_id == person, Erasure.state == ASKED)
    found: Erasure | None = await session.scalar(wanted.execution_options(populate_existing=True))
    return found


def _standing(row: Erasure | None, standing_in_the_way: tuple[str, ...]) -> Standing:
    if row is None:
        return Standing(None, None, standing_in_the_way)
    return Standing(row.asked_at, row.due_at, standing_in_the_way)
