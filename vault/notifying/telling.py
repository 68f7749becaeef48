"""Telling a person something: a notice in the portal always, a message where they gave an address.

The message is queued in the caller's transaction, so that nobody is told of what was rolled back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa

from vault import ids
from vault.accounts import notify, person_keys
from vault.clock import from_millis, millis
from vault.crypto.canonical import canonical
from vault.crypto.keyring import KeyRing, ring_open, ring_seal
from vault.crypto.sealing import place
from vault.db import Session
from vault.ids import PersonId
from vault.notifying.tables import CONFIRMED, WAITING, NoticeAddress, NoticeMessage

PURPOSE: Final = "notice"
WORTH: Final = timedelta(hours=24)
"""How long a message is worth sending that names no end of its own."""


@dataclass(frozen=True)
class Content:
    """What a message says. ``values``: short texts of our own making (a code), never what anybody else wrote."""

    to: str
    locale: str
    until: datetime
    values: Mapping[str, str]


async def tell(
    session: Session,
    person: PersonId,
    kind: str,
    params: Mapping[str, str | int],
    *,
    until: datetime | None = None,
) -> bool:
    """Leave a notice in the portal, and queue a message where the person has a confirmed address.

    ``until``: when it stops being of any use. Returns whether a message was queued.
    """
    await notify(session, person, kind, params)
    row = await confirmed(session, person)
    if row is None:
        return False
    await queue(session, person, Told(kind, open_address(session.ring, row), until or session.now + WORTH))
    return True


@dataclass(frozen=True)
class Told:
    """A message to be queued: what kind, whereto (confirmed or not), until when it is of use, which values."""

    kind: str
    to: str = field(repr=False)
    until: datetime
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


async def queue(session: Session, person: PersonId, told: Told) -> None:
    """Queue a message, in the person's language."""
    locale = (await person_keys(session, person)).locale
    message = ids.new_uuid()
    content = Content(told.to, locale, told.until, told.values)
    session.add(
        NoticeMessage(
            person_id=person,
            id=message,
            kind=told.kind,
            sealed=seal_content(session.ring, person, message, content),
            at=session.now,
            due_at=session.now,
            ends_at=told.until,
            tries=0,
            state=WAITING,
        )
    )
    await session.flush()


async def confirmed(session: Session, person: PersonId) -> NoticeAddress | None:
    """The person's confirmed address, if they have one. Raises Tampered."""
    chosen = sa.select(NoticeAddress).where(NoticeAddress.person_id == person, NoticeAddress.state == CONFIRMED)
    return (await session.execute(chosen)).scalar_one_or_none()


def seal_address(ring: KeyRing, person: PersonId, row_id: UUID, address: str) -> bytes:
    """An address as its row holds it."""
    return ring_seal(ring, PURPOSE, address.encode(), place("notice_addresses", (person, row_id), "sealed"))


def open_address(ring: KeyRing, row: NoticeAddress) -> str:
    """The address in a row. Raises CannotOpen when it was sealed for another row."""
    where = place("notice_addresses", (row.person_id, row.id), "sealed")
    return ring_open(ring, PURPOSE, row.sealed, where).decode()


def seal_content(ring: KeyRing, person: PersonId, message: UUID, content: Content) -> bytes:
    """A message's content as its row holds it (version 1; may grow by members)."""
    body: dict[str, Any] = {
        "v": 1,
        "to": content.to,
        "locale": content.locale,
        "until": millis(content.until),
        "values": dict(content.values),
    }
    return ring_seal(ring, PURPOSE, canonical(body), _message_place(person, message))


def open_content(ring: KeyRing, person: PersonId, message: UUID, sealed: bytes) -> Content:
    """The inverse of :func:`seal_content`. Raises CannotOpen."""
    body = msgspec.json.decode(ring_open(ring, PURPOSE, sealed, _message_place(person, message)))
    return Content(body["to"], body["locale"], from_millis(body["until"]), body["values"])


def _message_place(person: PersonId, message: UUID) -> bytes:
    return place("notice_messages", (person, message), "sealed")
