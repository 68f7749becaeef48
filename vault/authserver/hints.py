"""Hints: how somebody at a counter or on the telephone lets an organisation ask them, without a name or number.

The person makes one in their vault, reads it out, and it works once, for a few minutes: nobody can be asked out of
band who did not start it themselves, and no number that others know leads to anybody. At rest it is a blind index.
"""

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from vault.accounts import the_person
from vault.authserver.tables import ConsentHint, PromptPace
from vault.crypto.keyring import KeyRing
from vault.db import Session
from vault.errors import TooMany
from vault.ids import PersonId
from vault.ledger import log
from vault.ledger.events import PERSON, Event
from vault.signin import Holder

LIFE: Final = timedelta(minutes=10)
MOST_PER_HOUR: Final = 20
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: what is read out is not misheard."""
_LETTERS: Final = ALPHABET[10:]
_LENGTH: Final = 12
"""A letter, ten characters of five random bits, one check character."""
_SHAPE: Final = re.compile(rf"[{_LETTERS}][{ALPHABET}]{{{_LENGTH - 1}}}")
"""Begins with a letter: no telephone or identity number is one."""
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


@dataclass(frozen=True)
class Hint:
    """A fresh hint; ``code`` is shown once and kept nowhere."""

    code: str = field(repr=False)
    ends_at: datetime


def check_character(body: str) -> str:
    """Luhn's algorithm modulo 32: finds every single wrong character and nearly every pair that was swapped."""
    total, factor = 0, 2
    for char in reversed(body):
        addend = factor * ALPHABET.index(char)
        total += addend // 32 + addend % 32
        factor = 3 - factor
    return ALPHABET[-total % 32]


def new_code() -> str:
    """A random hint: 22 × 32¹⁰, about 54 bits."""
    body = secrets.choice(_LETTERS) + "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH - 2))
    return body + check_character(body)


def shown(code: str) -> str:
    """As people read it out: three groups of four."""
    return "-".join(code[at : at + 4] for at in range(0, _LENGTH, 4))


def read(text: str) -> str | None:
    """The hint behind what a clerk typed; None for anything that is none by its shape. Knows nothing of anybody."""
    plain = text[:40].upper().translate(_MISREAD)
    if not _SHAPE.fullmatch(plain) or check_character(plain[:-1]) != plain[-1]:
        return None
    return plain


async def make_hint(session: Session, holder: Holder) -> Hint:
    """A hint for whoever the person reads it out to. Raises TooMany. Records ``hint.made``."""
    person = await the_person(session, holder)
    if await _counted(session, person) > MOST_PER_HOUR:
        raise TooMany("You made many codes already.", retry_after=3600)
    code = new_code()
    hint = Hint(shown(code), session.now + LIFE)
    session.add(
        ConsentHint(value=_values(session.ring, code)[-1], person_id=person, ends_at=hint.ends_at, used_at=None)
    )
    await session.flush()
    await log.append(session, Event(name="hint.made", actor=PERSON), person=person)
    return hint


async def take_hint(session: Session, code: str) -> PersonId | None:
    """Whom a hint leads to, using it up by one statement; None for one that is unknown, used or past its time.

    ``code`` as :func:`read` gives it. Raises Tampered when it was made to lead to somebody else.
    """
    columns = (*ConsentHint.guarded_columns(), "mac")
    used = await session.execute(
        sa.update(ConsentHint)
        .where(
            ConsentHint.value.in_(_values(session.ring, code)),
            ConsentHint.used_at.is_(None),
            ConsentHint.ends_at > session.now,
        )
        .values(used_at=session.now)
        .returning(*(ConsentHint.__table__.c[name] for name in columns))
        .execution_options(synchronize_session=False)
    )
    row = used.mappings().one_or_none()
    if row is None:
        return None
    ConsentHint.check(session.ring, {str(name): value for name, value in row.items()})
    return PersonId(row["person_id"])


async def lock_pace(session: Session, person: PersonId) -> None:
    """Take the lock under which this person's prompts are counted."""
    fresh = insert(PromptPace).values(person_id=person, since=session.now, hints=0)
    await session.execute(fresh.on_conflict_do_update(index_elements=["person_id"], set_={"hints": PromptPace.hints}))


async def _counted(session: Session, person: PersonId) -> int:
    """One more in this hour; how many that makes. One statement: exact whoever asks at the same time."""
    is_over = PromptPace.since <= session.now - timedelta(hours=1)
    fresh = insert(PromptPace).values(person_id=person, since=session.now, hints=1)
    counted = fresh.on_conflict_do_update(
        index_elements=["person_id"],
        set_={
            "hints": sa.case((is_over, 1), else_=PromptPace.hints + 1),
            "since": sa.case((is_over, session.now), else_=PromptPace.since),
        },
    )
    return int((await session.execute(counted.returning(PromptPace.hints))).scalar_one())


def _values(ring: KeyRing, code: str) -> list[bytes]:
    """The blind index of a hint under every live version, newest last."""
    text = f"consent-hint:{code}".encode()
    return [ring.derive("index", text, version=version) for version in ring.versions("index")]
