"""Passing something on: may it, was it sent before, is it too much; counted and entered before it is sent.

Nothing of what is sent is kept. A message that was counted and not delivered is tried again by its sender, under the
same key, and counts once.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.accounts import person_keys
from vault.crypto.sealing import same
from vault.db import Session
from vault.errors import Conflict, IdempotencyMismatch, NotFound, TooMany
from vault.ids import GrantId, PersonId
from vault.ledger import log
from vault.ledger.events import Event, Item
from vault.ledger.events import requester as by_requester
from vault.notifying import Outcome
from vault.profile.shapes import RELAY
from vault.relay.addresses import find, open_target
from vault.relay.tables import DROPPED, FAILED, SENDING, SENT, RelayAddress, RelayMessage
from vault.requesters.register import any_client
from vault.requesters.standing import Capability
from vault.requesters.views import ClientView

PER_HOUR: Final = 6
PER_DAY: Final = 20
"""Messages to one address: what an organisation has to say to one person, not what it can send."""
KEPT: Final = timedelta(hours=24)
"""How long a key stands for its message."""
LEASE: Final = timedelta(seconds=60)
"""A process that dies while it sends leaves the message to the sender's next try."""
_ACTIVE: Final = "active"
_DONE: Final = {Outcome.TAKEN: SENT, Outcome.LATER: FAILED, Outcome.NEVER: DROPPED}

MayRelay = Callable[[Session, PersonId, GrantId, str], Awaitable[bool]]
"""Whether the grant lets this item be reached at this moment: the consent room's to say."""


class NoAddress(NotFound):
    """Closed, ended, somebody else's, or never was: all the same."""

    name, title = "no-address", "There is no such address"
    advice = "Ask for a release again: it says which address there is now, if there is one."


class InHand(Conflict):
    """The same message is being sent just now."""

    name, title = "in-hand", "This message is being passed on just now"
    advice = "Wait a minute, then send it again with the same Idempotency-Key to learn what became of it."


@dataclass(frozen=True)
class Wish:
    """What a client wants passed on. ``name``: of the address; ``by``: mail or call; ``digest``: 32 bytes over all it
    said, so that a key stands for one message."""

    name: str
    by: str
    idempotency_key: str
    digest: bytes


@dataclass(frozen=True)
class Passage:
    """A message that is recorded and may leave. ``target`` None: it has left already, nothing more is to be done."""

    person: PersonId
    message: UUID
    target: str | None = field(repr=False)
    locale: str = "en"


async def begin(session: Session, client: ClientView, wish: Wish, may_relay: MayRelay) -> Passage:
    """Record a message and open what stands behind its address.

    Raises NoAddress, IdempotencyMismatch, InHand, TooMany. Records ``relay.forwarded``; what is refused is recorded by
    :func:`record_refused`, since this transaction ends.
    """
    row = await _address(session, client, wish, may_relay)
    item = Item(row.item, RELAY)
    earlier = await _earlier(session, row, wish.idempotency_key)
    if earlier is not None:
        return await _again(session, row, earlier, wish)
    # The entry first: it takes the person's lock, so that what is counted next stays true until the commit.
    actor = by_requester(client.requester_id)
    event = Event(name="relay.forwarded", actor=actor, requester=row.requester_id, items=(item,), outcome=wish.by)
    await log.append(session, event, person=row.person_id)
    if await _earlier(session, row, wish.idempotency_key) is not None:  # the same one came in just before
        raise InHand
    await _check_pace(session, row)
    message = ids.new_uuid()
    session.add(
        RelayMessage(
            person_id=row.person_id,
            id=message,
            address_id=row.id,
            idempotency_key=wish.idempotency_key,
            request_digest=wish.digest,
            state=SENDING,
            at=session.now,
            tried_at=session.now,
        )
    )
    await session.flush()
    await session.execute(
        sa.update(RelayAddress)
        .where(RelayAddress.person_id == row.person_id, RelayAddress.id == row.id)
        .values(messages=RelayAddress.messages + 1, last_at=session.now)
        .execution_options(synchronize_session=False)
    )
    return await _opened(session, row, message)


async def end(session: Session, passage: Passage, outcome: Outcome) -> None:
    """Note what became of it."""
    await session.execute(
        sa.update(RelayMessage)
        .where(RelayMessage.person_id == passage.person, RelayMessage.id == passage.message)
        .values(state=_DONE[outcome])
    )


async def record_refused(session: Session, client: ClientView, wish: Wish, reason: str) -> None:
    """Write down that a known organisation was refused. Where the address is its own, its person sees it."""
    row = await find(session, wish.name)
    is_own = row is not None and row.client_id == client.client_id
    event = Event(
        name="relay.refused", actor=by_requester(client.requester_id), requester=client.requester_id, reason=reason
    )
    await log.append(session, event, person=row.person_id if row is not None and is_own else None)


async def delete_old_messages(session: Session) -> int:
    """Hygiene: forget messages once their keys have ended. The counters stay."""
    old = sa.delete(RelayMessage).where(RelayMessage.at <= session.now - KEPT).returning(RelayMessage.id)
    return len((await session.execute(old)).all())


async def _address(session: Session, client: ClientView, wish: Wish, may_relay: MayRelay) -> RelayAddress:
    """The address, if this client may send to it now; looked up in full whatever is wrong."""
    row = await find(session, wish.name)
    if row is None:
        raise NoAddress
    is_own = (row.requester_id, row.client_id) == (client.requester_id, client.client_id)
    is_open = row.closed_at is None and session.now < row.ends_at and row.by == wish.by
    may = await may_relay(session, row.person_id, row.grant_id, row.item)
    known = await any_client(session, client.client_id)  # it may have signed in long ago
    may = may and not known.lapses.stopping(Capability.DISCLOSE)
    is_active = (await person_keys(session, row.person_id)).status == _ACTIVE
    if not (is_own and is_open and may and is_active):
        raise NoAddress
    return row


async def _earlier(session: Session, row: RelayAddress, key: str) -> RelayMessage | None:
    wanted = sa.select(RelayMessage).where(
        RelayMessage.person_id == row.person_id,
        RelayMessage.address_id == row.id,
        RelayMessage.idempotency_key == key,
    )
    found = (await session.scalars(wanted.with_for_update())).one_or_none()
    if found is not None and found.at <= session.now - KEPT:
        await session.delete(found)
        await session.flush()
        return None
    return found


async def _again(session: Session, row: RelayAddress, earlier: RelayMessage, wish: Wish) -> Passage:
    """The same key again: the same answer, or another try of what did not get out."""
    if not same(earlier.request_digest, wish.digest):
        raise IdempotencyMismatch
    if earlier.state in {SENT, DROPPED}:
        return Passage(row.person_id, earlier.id, None)
    if earlier.state == SENDING and session.now < earlier.tried_at + LEASE:
        raise InHand
    earlier.state, earlier.tried_at = SENDING, session.now
    await session.flush()
    return await _opened(session, row, earlier.id)


async def _opened(session: Session, row: RelayAddress, message: UUID) -> Passage:
    locale = (await person_keys(session, row.person_id)).locale
    return Passage(row.person_id, message, open_target(session.ring, row), locale)


async def _check_pace(session: Session, row: RelayAddress) -> None:
    for most, span in ((PER_HOUR, timedelta(hours=1)), (PER_DAY, timedelta(days=1))):
        counted = await session.scalar(
            sa.select(sa.func.count()).where(
                RelayMessage.person_id == row.person_id,
                RelayMessage.address_id == row.id,
                RelayMessage.at > session.now - span,
            )
        )
        if (counted or 0) >= most:
            raise TooMany("Too much was sent to this address already.", retry_after=int(span.total_seconds()))
