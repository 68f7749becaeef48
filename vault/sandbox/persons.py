"""An organisation's test persons: made, counted, given up. Whoever calls has checked that they may."""

import secrets
import string
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from vault.accounts import close_test_person, create_test_person
from vault.db import Session
from vault.errors import Conflict, NotFound
from vault.ids import PersonId, RequesterId
from vault.ledger.events import Actor, Event
from vault.ledger.log import append
from vault.profile import sections
from vault.sandbox.people import made_up
from vault.sandbox.tables import SandboxPersonRow
from vault.signin.passwords import Doorway, Prepared, prepare

MOST: Final = 5
"""Test persons that one organisation has at a time."""
LOCALE: Final = "zh-CN"
_LETTERS: Final = 12


class TooManyTestPersons(Conflict):
    """The organisation has all the test persons it may have."""

    name, title = "too-many-test-persons", "Your organisation has five test persons already"
    advice = "Use those you have, or say which one a new one takes the place of."


@dataclass(frozen=True)
class Login:
    """A sign-in for somebody who does not exist yet. ``password`` is told once and kept nowhere."""

    login: str
    password: str = field(repr=False)
    prepared: Prepared = field(repr=False)


@dataclass(frozen=True)
class SandboxPerson:
    """A test person as the organisation sees it. ``number``: 1 to :data:`MOST`."""

    number: int
    name: str
    made_at: datetime


async def fresh_login(doorway: Doorway) -> Login:
    """A random login name and password, stretched outside any transaction. Raises Unavailable when busy."""
    login = "test-" + "".join(secrets.choice(string.ascii_lowercase) for _ in range(_LETTERS))
    password = secrets.token_urlsafe(18)
    return Login(login, password, await prepare(doorway, password))


async def make(
    session: Session, organisation: RequesterId, login: Login, *, by: Actor, replaces: int | None = None
) -> SandboxPerson:
    """Make a test person and fill every section. Of several at once, no more than :data:`MOST` are made.

    ``replaces``: the number of the one that is given up for it: that vault is closed, with every grant in it. Raises
    TooManyTestPersons, NotFound where there is nobody to be replaced. Records ``test_person.made``.
    """
    created = await create_test_person(session, organisation, login=login.login, prepared=login.prepared, locale=LOCALE)
    if replaces is None:
        number = await _take_place(session, organisation, created.person)
    else:
        number = await _take_over(session, organisation, created.person, replaces, by=by)
    somebody = made_up()[number - 1]
    await append(session, Event(name="test_person.made", actor=by, requester=organisation), person=created.person)
    for section, document in somebody.sections.items():
        await sections.write(session, created.holder, section, document, expected=None)
    return SandboxPerson(number, somebody.name, session.now)


async def persons(session: Session, organisation: RequesterId) -> list[SandboxPerson]:
    """The test persons there are, by number."""
    found = await session.execute(
        sa.select(SandboxPersonRow.number, SandboxPersonRow.made_at)
        .where(SandboxPersonRow.requester_id == organisation)
        .order_by(SandboxPersonRow.number)
    )
    return [SandboxPerson(number, made_up()[number - 1].name, made_at) for number, made_at in found]


async def _take_place(session: Session, organisation: RequesterId, person: PersonId) -> int:
    """The first free place. Of two who want the same one, the second waits and takes the next."""
    for number in range(1, MOST + 1):
        row = {"requester_id": organisation, "number": number, "person_id": person, "made_at": session.now}
        put = insert(SandboxPersonRow).values(row).on_conflict_do_nothing().returning(SandboxPersonRow.number)
        if (await session.execute(put)).first() is not None:
            return number
    raise TooManyTestPersons


async def _take_over(session: Session, organisation: RequesterId, person: PersonId, number: int, *, by: Actor) -> int:
    place = (organisation, number)
    row = await session.get(SandboxPersonRow, place, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("There is no test person of this number.")
    await close_test_person(session, row.person_id, organisation)
    await append(session, Event(name="test_person.ended", actor=by, requester=organisation), person=row.person_id)
    row.person_id, row.made_at = person, session.now
    await session.flush()
    return number
