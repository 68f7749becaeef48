"""A person's notice address: given, confirmed by a code that was sent there, removed.

It is readable by the running server, since it must write to people who are not signed in; it is released to nobody.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from vault import ids
from vault.accounts import the_person
from vault.crypto.keyring import KeyRing
from vault.crypto.sealing import same
from vault.db import Session
from vault.errors import Invalid, NotFound, TooMany
from vault.ids import PersonId
from vault.ledger import log
from vault.ledger.events import PERSON, Event
from vault.notifying.tables import CONFIRMED, PENDING, WAITING, NoticeAddress, NoticeMessage
from vault.notifying.telling import Told, confirmed, open_address, queue, seal_address
from vault.signin import Holder

CODE_LIFE: Final = timedelta(minutes=30)
MOST_TRIES: Final = 5
"""Codes that may be typed for one address: 40 bits are not guessed in five tries."""
MOST_PER_HOUR: Final = 3
MOST_PER_DAY: Final = 10
"""Codes sent for one person: nobody's mailbox is flooded from somebody else's vault."""
LONGEST: Final = 254  # RFC 5321 section 4.5.3.1.3
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH: Final = 8
_MAIL: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
"""RFC 5321 section 4.1.2 without quoted parts and address literals: nothing that a header could be broken with."""


@dataclass(frozen=True)
class AddressView:
    """An address as its person sees it. ``confirm_by`` is None once it is confirmed."""

    kind: str
    address: str
    at: datetime
    confirm_by: datetime | None


@dataclass(frozen=True)
class NoticeAddresses:
    """The confirmed address and the one that waits for its code."""

    confirmed: AddressView | None
    pending: AddressView | None


async def address_of(session: Session, holder: Holder) -> NoticeAddresses:
    """What the person gave. One that was not confirmed in time is as if it had not been given."""
    person = await the_person(session, holder)
    current, waiting = await confirmed(session, person), await _pending(session, person)
    return NoticeAddresses(
        None if current is None else _view(session.ring, current),
        None if waiting is None else _view(session.ring, waiting),
    )


async def give_address(session: Session, holder: Holder, address: str) -> AddressView:
    """Give a mail address for notices, and have a code sent there; it replaces one that still waits for its code.

    Raises Invalid, TooMany. Records ``notice_address.given``.
    """
    person, mail = await the_person(session, holder), _checked(address)
    # The entry first: it takes the person's lock, so that what is counted next stays true until the commit.
    await log.append(session, Event(name="notice_address.given", actor=PERSON), person=person)
    await _check_pace(session, person)
    await session.execute(
        sa.delete(NoticeAddress).where(NoticeAddress.person_id == person, NoticeAddress.state == PENDING)
    )
    row_id, code = ids.new_uuid(), "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    row = NoticeAddress(
        person_id=person,
        id=row_id,
        kind="mail",
        sealed=seal_address(session.ring, person, row_id, mail),
        state=PENDING,
        at=session.now,
        code_hash=_code_hashes(session.ring, person, code)[-1],
        confirm_by=session.now + CODE_LIFE,
        tries=0,
    )
    session.add(row)
    await session.flush()
    shown = f"{code[:4]}-{code[4:]}"
    await queue(session, person, Told("address_code", mail, session.now + CODE_LIFE, {"code": shown}))
    return _view(session.ring, row)


async def confirm_address(session: Session, holder: Holder, code: str) -> bool:
    """The code that was sent to the address. Whether it is the right one: a wrong one is counted, so do not raise
    before the commit. Raises NotFound when nothing waits for a code (any more).

    Records ``notice_address.confirmed``. Whoever was told before learns that this has ended.
    """
    person = await the_person(session, holder)
    row = await _pending(session, person)
    if row is None or not await _counted(session, row):
        raise NotFound("No address waits for a code (any more): give it again.")
    given = _normal(code)
    if not any(same(each, row.code_hash or b"") for each in _code_hashes(session.ring, person, given)):
        return False
    before = await confirmed(session, person)
    if before is not None:
        await _say_goodbye(session, person, open_address(session.ring, before))
        await session.delete(before)
        await session.flush()
    row.state, row.at, row.code_hash, row.confirm_by = CONFIRMED, session.now, None, None
    await session.flush()
    await log.append(session, Event(name="notice_address.confirmed", actor=PERSON), person=person)
    return True


async def remove_address(session: Session, holder: Holder) -> None:
    """Forget every address; what waits to be sent is not sent. Raises NotFound where there is none.

    Records ``notice_address.removed``.
    """
    person = await the_person(session, holder)
    before = await confirmed(session, person)
    gone = await session.execute(
        sa.delete(NoticeAddress).where(NoticeAddress.person_id == person).returning(NoticeAddress.id)
    )
    if not gone.all():
        raise NotFound("There is no address to remove.")
    await session.execute(
        sa.delete(NoticeMessage).where(NoticeMessage.person_id == person, NoticeMessage.state == WAITING)
    )
    if before is not None:
        await _say_goodbye(session, person, open_address(session.ring, before))
    await log.append(session, Event(name="notice_address.removed", actor=PERSON), person=person)


async def _say_goodbye(session: Session, person: PersonId, address: str) -> None:
    """If somebody else has the person's vault open, the person learns of it where they were told before."""
    await queue(session, person, Told("address_changed", address, session.now + timedelta(hours=24)))


async def _pending(session: Session, person: PersonId) -> NoticeAddress | None:
    chosen = sa.select(NoticeAddress).where(NoticeAddress.person_id == person, NoticeAddress.state == PENDING)
    row = (await session.execute(chosen)).scalar_one_or_none()
    return row if row is not None and row.confirm_by is not None and session.now < row.confirm_by else None


async def _counted(session: Session, row: NoticeAddress) -> bool:
    """Count one try, by one statement; False when there were enough."""
    counted = await session.execute(
        sa.update(NoticeAddress)
        .where(
            NoticeAddress.person_id == row.person_id,
            NoticeAddress.id == row.id,
            NoticeAddress.tries < MOST_TRIES,
        )
        .values(tries=NoticeAddress.tries + 1)
        .returning(NoticeAddress.id)
        .execution_options(synchronize_session=False)
    )
    return counted.first() is not None


async def _check_pace(session: Session, person: PersonId) -> None:
    for most, span in ((MOST_PER_HOUR, timedelta(hours=1)), (MOST_PER_DAY, timedelta(days=1))):
        asked = await session.execute(
            sa.select(sa.func.count()).where(
                NoticeMessage.person_id == person,
                NoticeMessage.kind == "address_code",
                NoticeMessage.at > session.now - span,
            )
        )
        if asked.scalar_one() >= most:
            wait = int(span.total_seconds())
            raise TooMany("Too many codes were sent already.", retry_after=wait)


def _code_hashes(ring: KeyRing, person: PersonId, code: str) -> list[bytes]:
    """What the row knows of a code: a MAC under the index key, by every live version, newest last."""
    text = f"notice-code:{person.hex}:{code}".encode()
    return [ring.derive("index", text, version=version) for version in ring.versions("index")]


def _normal(code: str) -> str:
    """A code as it was made, however it was typed (Crockford's base 32)."""
    plain = code[:40].upper().replace("-", "").replace(" ", "")
    return plain.replace("O", "0").replace("I", "1").replace("L", "1")


def _checked(address: str) -> str:
    local, _, domain = address.partition("@")
    if len(address) > LONGEST or len(local) > 64 or not _MAIL.fullmatch(address):
        raise Invalid.field("address", "must be a mail address, for example name@example.com")
    return f"{local}@{domain.lower()}"


def _view(ring: KeyRing, row: NoticeAddress) -> AddressView:
    return AddressView(row.kind, open_address(ring, row), row.at, row.confirm_by)
