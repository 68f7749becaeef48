"""Addresses of the relay: opened with a consent, kept in step with it and with the contact, closed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.accounts import the_person
from vault.crypto.keyring import KeyRing, ring_open, ring_seal
from vault.crypto.sealing import place
from vault.db import Session
from vault.errors import NotFound
from vault.ids import GrantId, PersonId, RequesterId
from vault.ledger import log
from vault.ledger.events import PERSON, REGISTRY, Actor, Event, Item
from vault.profile import sections
from vault.profile.catalogue import catalogue
from vault.profile.shapes import RELAY, Relay
from vault.relay.names import CALL, MAIL, PURPOSE, hash_of, name_of
from vault.relay.tables import RelayAddress, RelayName
from vault.requesters.names import names
from vault.signin.holders import Holder

AT_ONCE: Final = 100
BY_PERSON, BY_GRANT, BY_VALUE = "person", "grant", "value"
_MAIL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
"""What no header and no SMTP command can be broken with."""
NUMBER: Final = re.compile(r"\+[0-9]{6,15}")
"""E.164."""


@dataclass(frozen=True)
class Agreed:
    """A consent in force, as far as the relay is concerned. ``items``: [{"item", "form"}]."""

    grant: GrantId
    requester_id: RequesterId
    client_id: UUID
    items: Iterable[Mapping[str, Any]]
    ends_at: datetime


@dataclass(frozen=True)
class RelayView:
    """An address as its person sees it. ``name``: its part before the @; ``closed_at`` None: open unless the grant
    has ended; ``messages``: how many came through."""

    id: UUID
    grant: GrantId
    requester_id: RequesterId
    requester_name: dict[str, str]
    item: str
    by: str
    name: str
    opened_at: datetime
    ends_at: datetime
    closed_at: datetime | None
    messages: int
    last_at: datetime | None

    def state(self, now: datetime) -> str:
        """``open``, ``closed``, or ``ended`` with its grant's time."""
        return "closed" if self.closed_at is not None else "ended" if now >= self.ends_at else "open"


async def settle(session: Session, holder: Holder, agreed: Agreed) -> None:
    """Bring the addresses of a grant in step with what was agreed to: open, prolong, close.

    The holder is the person, who is there and consents. An item without a usable value gets no address. Records
    ``relay.opened`` and ``relay.closed``.
    """
    person = await the_person(session, holder)
    wanted = {each["item"] for each in agreed.items if each["form"] == RELAY}
    rows = {row.item: row for row in await _open(session, person, agreed.grant)}
    values = await _values(session, holder, wanted)
    for item, row in rows.items():
        if item not in values:
            await _close(session, row, by=BY_GRANT, actor=PERSON)
        else:
            row.ends_at, row.sealed = agreed.ends_at, _seal(session.ring, row.person_id, row.id, values[item])
    for item in sorted(values.keys() - rows.keys()):
        await _open_one(session, person, agreed, item, value=values[item])
    await session.flush()


async def follow(session: Session, holder: Holder, section: str) -> None:
    """After a section was written: what stands behind its addresses is what it says now; nothing closes them."""
    person = await the_person(session, holder)
    rows = [row for row in await _open(session, person) if row.item.partition(".")[0] == section]
    values = await _values(session, holder, {row.item for row in rows})
    for row in rows:
        if row.item in values:
            row.sealed = _seal(session.ring, row.person_id, row.id, values[row.item])
        else:
            await _close(session, row, by=BY_VALUE, actor=PERSON)
    await session.flush()


async def close(session: Session, holder: Holder, address: UUID) -> None:
    """The person closes an address: nothing passes from the moment this commits. One that is closed stays so.

    Raises NotFound. Records ``relay.closed``.
    """
    person = await the_person(session, holder)
    row = await session.get(RelayAddress, (person, address), with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("You have no such address.")
    if row.closed_at is None:
        await _close(session, row, by=BY_PERSON, actor=PERSON)


async def close_of_grant(session: Session, person: PersonId, grant: GrantId, *, actor: Actor) -> None:
    """The grant has ended: its addresses go, and what stood behind them is forgotten."""
    for row in await _open(session, person, grant):
        await _close(session, row, by=BY_GRANT, actor=actor)


async def narrowed(session: Session, person: PersonId, agreed: Agreed, *, actor: Actor) -> None:
    """The grant has less in it now, or ends earlier, by somebody else than its person: nothing is opened."""
    kept = {each["item"] for each in agreed.items if each["form"] == RELAY}
    for row in await _open(session, person, agreed.grant):
        if row.item in kept:
            row.ends_at = min(row.ends_at, agreed.ends_at)
        else:
            await _close(session, row, by=BY_GRANT, actor=actor)
    await session.flush()


async def close_ended(session: Session) -> int:
    """Forget what stands behind addresses whose grant has run out: nothing passed any more, and nothing is needed.
    Returns how many."""
    past = sa.select(RelayAddress).where(RelayAddress.closed_at.is_(None), RelayAddress.ends_at <= session.now)
    rows = (await session.scalars(past.order_by(RelayAddress.person_id, RelayAddress.id).limit(AT_ONCE))).all()
    for found in rows:
        # One row at a time under its lock: its person may be closing or prolonging it.
        key = (found.person_id, found.id)
        row = await session.get(RelayAddress, key, with_for_update=True, populate_existing=True)
        if row is not None and row.closed_at is None and row.ends_at <= session.now:
            await _close(session, row, by=BY_GRANT, actor=REGISTRY)
    return len(rows)


async def listing(session: Session, person: PersonId, grant: UUID | None = None) -> list[RelayView]:
    """A person's addresses, newest first; of one grant where given. Raises Tampered."""
    wanted = sa.select(RelayAddress).where(RelayAddress.person_id == person)
    if grant is not None:
        wanted = wanted.where(RelayAddress.grant_id == grant)
    rows = (await session.scalars(wanted.order_by(RelayAddress.opened_at.desc(), RelayAddress.id.desc()))).all()
    called = await names(session, {row.requester_id for row in rows})
    return [
        RelayView(
            id=row.id,
            grant=row.grant_id,
            requester_id=row.requester_id,
            requester_name=called.get(row.requester_id, {}),
            item=row.item,
            by=row.by,
            name=_name(session.ring, row),
            opened_at=row.opened_at,
            ends_at=row.ends_at,
            closed_at=row.closed_at,
            messages=row.messages,
            last_at=row.last_at,
        )
        for row in rows
    ]


async def find(session: Session, name: str) -> RelayAddress | None:
    """The row of a name, open or not. Raises Tampered."""
    known = await session.get(RelayName, hash_of(name))
    return None if known is None else await session.get(RelayAddress, (known.person_id, known.address_id))


def open_target(ring: KeyRing, row: RelayAddress) -> str:
    """The contact behind an open address. Call it where something is forwarded, and nowhere else."""
    return ring_open(ring, PURPOSE, row.sealed or b"", _place(row.person_id, row.id)).decode()


async def _open_one(session: Session, person: PersonId, agreed: Agreed, item: str, *, value: str) -> None:
    row_id, version, by = ids.new_uuid(), session.ring.versions(PURPOSE)[-1], _by(item)
    row = RelayAddress(
        person_id=person,
        id=row_id,
        grant_id=agreed.grant,
        requester_id=agreed.requester_id,
        client_id=agreed.client_id,
        item=item,
        by=by,
        key_version=version,
        sealed=_seal(session.ring, person, row_id, value),
        opened_at=session.now,
        ends_at=agreed.ends_at,
        closed_at=None,
        closed_by=None,
        messages=0,
    )
    name = name_of(session.ring, person, row_id, by, version=version)
    session.add_all([row, RelayName(name_hash=hash_of(name), person_id=person, address_id=row_id)])
    event = Event(name="relay.opened", actor=PERSON, requester=agreed.requester_id, items=(Item(item, RELAY),))
    await log.append(session, event, person=person)


async def _close(session: Session, row: RelayAddress, *, by: str, actor: Actor) -> None:
    row.closed_at, row.closed_by, row.sealed = session.now, by, None
    await session.flush()
    event = Event(
        name="relay.closed", actor=actor, requester=row.requester_id, items=(Item(row.item, RELAY),), reason=by
    )
    await log.append(session, event, person=row.person_id)


async def _open(session: Session, person: PersonId, grant: UUID | None = None) -> list[RelayAddress]:
    wanted = sa.select(RelayAddress).where(RelayAddress.person_id == person, RelayAddress.closed_at.is_(None))
    if grant is not None:
        wanted = wanted.where(RelayAddress.grant_id == grant)
    found = await session.scalars(wanted.order_by(RelayAddress.id).with_for_update())
    return list(found.all())


async def _values(session: Session, holder: Holder, items: Iterable[str]) -> dict[str, str]:
    """What the person has of these items, where something can be sent to it."""
    found: dict[str, str] = {}
    for section in sorted({item.partition(".")[0] for item in items}):
        try:
            document = (await sections.read(session, holder, section)).document
        except NotFound:
            continue
        for item in items:
            of, _, field = item.partition(".")
            shape = _MAIL if _by(item) == MAIL else NUMBER
            if of == section and shape.fullmatch(str(document.get(field, ""))):
                found[item] = document[field]
    return found


def _by(item: str) -> str:
    form = catalogue().item(item).form(RELAY)
    assert isinstance(form, Relay)
    return CALL if form.by == CALL else MAIL


def _name(ring: KeyRing, row: RelayAddress) -> str:
    return name_of(ring, row.person_id, row.id, row.by, version=row.key_version)


def _seal(ring: KeyRing, person: UUID, row_id: UUID, value: str) -> bytes:
    return ring_seal(ring, PURPOSE, value.encode(), _place(person, row_id))


def _place(person: UUID, row_id: UUID) -> bytes:
    return place("relay_addresses", (person, row_id), "sealed")
