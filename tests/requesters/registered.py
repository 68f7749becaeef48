"""A bank in the register, and what officers do to it through public acts."""

from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tests.requesters.world import Staff
from vault.db import Database
from vault.ledger.tables import OutboxRow
from vault.requesters import states
from vault.requesters.measures import Act, Order
from vault.requesters.standing import State
from vault.requesters.tables import Client, DeclarationRow, Measure, PermitRow, Requester
from vault.requesters.two_officers import (
    decide,
    propose,
)
from vault.signin import Holder
from vault.vetting.decisions import Decided

WHY = "the source says the licence is gone"
AGREED = "seen and agreed"


class Registered:
    """A bank in the register, and what is done to it."""

    def __init__(self, db: Database, staff: Staff, decided: Decided) -> None:
        assert decided.requester is not None
        assert decided.declaration is not None
        assert decided.client_id is not None
        self.db, self.staff = db, staff
        self.requester, self.declaration, self.client_id = decided.requester, decided.declaration, decided.client_id

    def order(self, act: Act, *, single: bool = False, **more: Any) -> Order:
        """An order about the bank, or about its declaration."""
        return Order(act, self.requester, self.declaration if single else None, WHY, **more)

    async def propose(self, act: Act, holder: Holder | None = None, **how: Any) -> UUID:
        """By the first officer."""
        return (await self.db.run(propose, holder or self.staff.first, self.order(act, **how))).id

    async def agree(self, measure: UUID, holder: Holder | None = None, *, agree: bool = True) -> Measure:
        """By the second one."""
        return await self.db.run(decide, holder or self.staff.second, measure, agree=agree, reason=AGREED)

    async def done(self, act: Act, **how: Any) -> UUID:
        """By both."""
        measure = await self.propose(act, **how)
        await self.agree(measure)
        return measure

    async def state(self) -> State:
        """How the requester stands."""
        return await self.db.run(states.state_of_requester, self.requester)

    async def single(self) -> State:
        """How the declaration itself stands."""
        found = await self.db.run(states.states_of, [self.declaration])
        return found[self.declaration].declaration

    async def rows(self) -> dict[str, list[str]]:
        """The kept statuses, by table."""
        async with self.db.begin() as session:
            tables: dict[str, Any] = {"requester": Requester, "declaration": DeclarationRow, "permit": PermitRow}
            tables["client"] = Client
            return {name: list(await session.scalars(sa.select(table.status))) for name, table in tables.items()}

    async def entries(self) -> list[dict[str, Any]]:
        """What was recorded, oldest first; nothing sequences in these tests."""
        async with self.db.begin() as session:
            drafts = await session.scalars(sa.select(OutboxRow.draft).order_by(OutboxRow.id))
            return [msgspec.json.decode(draft) for draft in drafts]
