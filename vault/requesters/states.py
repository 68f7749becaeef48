"""What may work now, for whoever knows a requester or a declaration by its id: the table of standings, asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from vault.db import Session
from vault.errors import NotFound
from vault.ids import DeclarationId, RequesterId
from vault.requesters.liveness import NotLive, Standing
from vault.requesters.standing import Capability, State, allows
from vault.requesters.tables import DeclarationRow, PermitRow, Requester

_WORST: Final = (
    State.REVOKED,
    State.SURRENDERED,
    State.SUSPENDED,
    State.EXPIRED,
    State.NOT_YET_VALID,
    State.APPLIED,
    State.ACTIVE,
)


@dataclass(frozen=True)
class DeclarationState:
    """How a declaration stands, and its requester; ``ends_at``: the earliest end of the two and of the permit."""

    requester: State
    declaration: State
    ends_at: datetime

    @property
    def worst(self) -> State:
        """The one of the two that stops more: an end for good before a suspension before an expiry."""
        return min(self.requester, self.declaration, key=_WORST.index)


def requester_state(row: Requester, now: datetime) -> State:
    """The state of a requester's row, its vetting's end included."""
    return Standing("requester", row.status, None, row.valid_until, row.suspended_until).state(now)


def declaration_state(row: DeclarationRow, permit: PermitRow, now: datetime) -> State:
    """The state of a declaration and its permit, taken together."""
    own = Standing("declaration", row.status, row.valid_from, row.valid_until, row.suspended_until).state(now)
    return own if own is not State.ACTIVE else Standing("permit", permit.status, None, permit.valid_until).state(now)


async def state_of_requester(session: Session, requester: RequesterId) -> State:
    """How a requester stands. Raises NotFound, Tampered."""
    row = await session.get(Requester, requester, populate_existing=True)
    if row is None:
        raise NotFound("There is no such requester.")
    return requester_state(row, session.now)


async def check_may(session: Session, requester: RequesterId, capability: Capability) -> None:
    """Raises NotLive when this does not work for the requester as it stands; NotFound, Tampered."""
    state = await state_of_requester(session, requester)
    if not allows(state, capability):
        raise NotLive([f"requester-{state}"])


async def states_of(session: Session, declarations: Iterable[DeclarationId]) -> dict[DeclarationId, DeclarationState]:
    """How these declarations stand: what became of the grants under them. Raises Tampered."""
    wanted = set(declarations)
    if not wanted:
        return {}
    found = await session.execute(
        sa.select(DeclarationRow, PermitRow, Requester)
        .join(PermitRow, PermitRow.declaration_id == DeclarationRow.id)
        .join(Requester, Requester.id == DeclarationRow.requester_id)
        .where(DeclarationRow.id.in_(wanted))
        .execution_options(populate_existing=True)
    )
    return {declared.id: _state(declared, permit, owner, session.now) for declared, permit, owner in found}


def _state(declared: DeclarationRow, permit: PermitRow, owner: Requester, now: datetime) -> DeclarationState:
    ends = [declared.valid_until, permit.valid_until, *([owner.valid_until] if owner.valid_until else [])]
    return DeclarationState(requester_state(owner, now), declaration_state(declared, permit, now), min(ends))
