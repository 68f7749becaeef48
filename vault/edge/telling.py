"""A member's view of what their organisation was told and what it must delete, the same for both fronts."""

from dataclasses import dataclass
from uuid import UUID

from vault import deletion
from vault.db import Session
from vault.deletion import Order
from vault.errors import Refused
from vault.ledger.events import member as by_member
from vault.organisations.members import Member, member
from vault.organisations.roles import KEYS
from vault.requesters.owned import OwnClient, clients_of
from vault.signin import Holder
from vault.webhooks import events
from vault.webhooks.events import Told


@dataclass(frozen=True)
class Desk:
    """Clients with their addresses, the newest events, how many there are in each state."""

    me: Member
    clients: list[OwnClient]
    events: list[Told]
    counts: dict[str, int]


async def desk(session: Session, holder: Holder, *, state: str | None = None) -> Desk:
    """What there is to look at."""
    me = await member(session, holder)
    found = await events.newest(session, me.organisation, state=state)
    return Desk(me, await clients_of(session, me.organisation), found, await events.counts(session, me.organisation))


async def since(session: Session, holder: Holder, *, after: UUID | None, state: str | None, limit: int) -> list[Told]:
    """Events after a place, oldest first."""
    me = await member(session, holder)
    return await events.since(session, me.organisation, after=after, state=state, limit=limit)


async def replay(session: Session, holder: Holder, event: UUID) -> Told:
    """Send one again. Takes the role keys."""
    me = await _with_keys(session, holder)
    return await events.replay(session, me.organisation, event, by=by_member(me.id))


async def replay_dead(session: Session, holder: Holder) -> int:
    """Send the dead letters again. Takes the role keys."""
    me = await _with_keys(session, holder)
    return await events.replay_dead(session, me.organisation, by=by_member(me.id))


async def send_test(session: Session, holder: Holder, client: UUID) -> UUID:
    """Try a client's address. Takes the role keys."""
    me = await _with_keys(session, holder)
    return await events.send_test(session, me.organisation, client, by=by_member(me.id))


async def orders(session: Session, holder: Holder, *, before: UUID | None = None, limit: int = 50) -> list[Order]:
    """Orders to delete, newest first."""
    me = await member(session, holder)
    return await deletion.of_requester(session, me.organisation, before=before, limit=limit)


async def _with_keys(session: Session, holder: Holder) -> Member:
    me = await member(session, holder)
    if KEYS not in me.roles:
        raise Refused("This takes the role keys.")
    return me
