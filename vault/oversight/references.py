"""References: how a regulator asks for the entries about one person without learning who it is.

A reference is a code by which the register, and nobody else, finds the tags of one person. The person makes one and
gives it to whom they like, for a week; or two regulators bring a court's order, which the register turns into one. A
name, a number or an id of a person is no reference and finds nothing. At rest a reference is a blind index.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from vault.accounts import the_person
from vault.authserver.hints import new_code, read, shown
from vault.crypto.keyring import KeyRing
from vault.db import Session
from vault.errors import NotFound, TooMany
from vault.ids import PersonId, StaffId
from vault.ledger import log
from vault.ledger.events import PERSON, Event
from vault.oversight.tables import PersonReference, ReferenceGuess, ReferenceOrder
from vault.signin import Holder

LIFE: Final = timedelta(days=7)
MOST_AT_ONCE: Final = 10
MOST_WRONG: Final = 10
"""Wrong references an hour that one regulator may name: 54 bits are not guessed at that pace."""


@dataclass(frozen=True)
class Reference:
    """A fresh reference; ``code`` is shown once and kept nowhere."""

    code: str = field(repr=False)
    ends_at: datetime


@dataclass(frozen=True)
class Meant:
    """Whom a reference leads to, and by which order, if by one."""

    person: PersonId | None
    order: ReferenceOrder | None


async def make_reference(session: Session, holder: Holder) -> Reference:
    """A reference of one's own, for a regulator. Raises TooMany. Records ``reference.made``."""
    person = await the_person(session, holder)
    mine = sa.select(sa.func.count()).where(
        PersonReference.person_id == person, PersonReference.order_id.is_(None), PersonReference.ends_at > session.now
    )
    if int(await session.scalar(mine) or 0) >= MOST_AT_ONCE:
        raise TooMany("You made many references already.", retry_after=3600)
    made = await issue(session, person, order=None)
    await log.append(session, Event(name="reference.made", actor=PERSON), person=person)
    return made


async def end_references(session: Session, holder: Holder) -> int:
    """End every reference one made oneself, at once. Returns how many. Records ``reference.ended`` if any."""
    person = await the_person(session, holder)
    wanted = sa.select(PersonReference).where(
        PersonReference.person_id == person,
        PersonReference.order_id.is_(None),
        PersonReference.ended_at.is_(None),
        PersonReference.ends_at > session.now,
    )
    rows = list(await session.scalars(wanted.with_for_update()))
    for row in rows:
        row.ended_at = session.now
    if rows:
        await log.append(session, Event(name="reference.ended", actor=PERSON, count=len(rows)), person=person)
    return len(rows)


async def issue(session: Session, person: PersonId | None, *, order: ReferenceOrder | None) -> Reference:
    """A new reference to a person, or to nobody where an order named nobody we know."""
    code, ends_at = new_code(), session.now + LIFE
    session.add(
        PersonReference(
            value=_values(session.ring, code)[-1],
            person_id=person,
            order_id=None if order is None else order.id,
            ends_at=ends_at,
            ended_at=None,
        )
    )
    await session.flush()
    return Reference(shown(code), ends_at)


async def meant_by(session: Session, text: str) -> Meant:
    """Whom a reference leads to. Raises NotFound for one that is none, unknown, ended or past its time; Tampered."""
    code = read(text)
    wanted = PersonReference.value.in_(_values(session.ring, code)) if code else sa.false()
    row = await session.scalar(sa.select(PersonReference).where(wanted))
    if row is None or row.ended_at is not None or row.ends_at <= session.now:
        raise NotFound("There is no such reference, or its time is over.")
    order = None if row.order_id is None else await session.get_one(ReferenceOrder, row.order_id)
    return Meant(row.person_id, order)


async def check_pace(session: Session, regulator: StaffId) -> None:
    """Raises TooMany for a regulator who named too many references that are none in this hour."""
    row = await session.get(ReferenceGuess, regulator)
    if row is not None and row.wrong >= MOST_WRONG and session.now < row.since + timedelta(hours=1):
        raise TooMany("Too many references that are none.", retry_after=3600)


async def count_wrong(session: Session, regulator: StaffId) -> None:
    """One more reference that is none: one statement, exact whoever asks at the same time."""
    is_over = ReferenceGuess.since <= session.now - timedelta(hours=1)
    fresh = insert(ReferenceGuess).values(staff_id=regulator, since=session.now, wrong=1)
    counted = fresh.on_conflict_do_update(
        index_elements=["staff_id"],
        set_={
            "wrong": sa.case((is_over, 1), else_=ReferenceGuess.wrong + 1),
            "since": sa.case((is_over, session.now), else_=ReferenceGuess.since),
        },
    )
    await session.execute(counted)


def _values(ring: KeyRing, code: str) -> list[bytes]:
    """The blind index of a reference under every live version, newest last."""
    text = f"person-reference:{code}".encode()
    return [ring.derive("index", text, version=version) for version in ring.versions("index")]
