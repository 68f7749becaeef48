"""What a grant says about the relay: which addresses there are to be, and whether one may be used now."""

from uuid import UUID

from vault.consent.states import State, state_of
from vault.consent.tables import Grant
from vault.db import Session
from vault.ids import GrantId, PersonId
from vault.ledger.events import Actor
from vault.profile.shapes import RELAY
from vault.relay import settle
from vault.relay.addresses import Agreed, narrowed
from vault.signin.holders import Holder


async def settle_relay(session: Session, holder: Holder, row: Grant) -> None:
    """Open, prolong and close the relay's addresses as this consent has it."""
    await settle(session, holder, _agreed(row))


async def narrow_relay(session: Session, row: Grant, *, by: Actor) -> None:
    """Close and shorten them as an order has it."""
    await narrowed(session, row.person_id, _agreed(row), actor=by)


def _agreed(row: Grant) -> Agreed:
    return Agreed(row.id, row.requester_id, row.client_id, tuple(row.items), row.expires_at)


async def may_relay(session: Session, person: PersonId, grant: UUID, item: str) -> bool:
    """Whether this item of this grant may be reached through the relay at this moment: looked up, not remembered.

    Raises Tampered.
    """
    row = await session.get(Grant, (person, GrantId(grant)), populate_existing=True)
    if row is None or {"item": item, "form": RELAY} not in [dict(each) for each in row.items]:
        return False
    return state_of(row.status, row.expires_at, session.now, lifted_at=row.suspended_until) is State.ACTIVE
