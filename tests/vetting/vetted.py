"""An application on its way through vetting, and a requester that came out of it: made through public acts."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tests.requesters.samples import application
from tests.requesters.world import Staff, cheap_doorway
from tests.vetting.confirming import World
from vault.clock import FixedClock
from vault.db import Database
from vault.ids import ApplicationId, CaseId, RequesterId
from vault.ledger.tables import OutboxRow
from vault.registry import Founder, add_officer
from vault.requesters import renewal
from vault.requesters.applications import read_application
from vault.requesters.renewal import Held
from vault.signin import Attempt, Holder, prepare, sign_in
from vault.vetting import cases
from vault.vetting.cases import Case
from vault.vetting.checking import run_checks
from vault.vetting.decisions import Decided, decide_case, decide_on_record
from vault.vetting.desk import Applied, apply
from vault.vetting.findings import Run
from vault.vetting.rounds import work_through
from vault.vetting.tables import VettingCase

HOST = "harbour.example"
PASSWORD = "correct horse battery staple"


@dataclass
class Vetting:
    """The registry, what its checks will see, and the clock."""

    db: Database
    staff: Staff
    clock: FixedClock
    world: World = field(default_factory=World)

    async def hand_in(self, **changes: Any) -> Applied:
        """A bank applies and puts the token on its host."""
        applied = await self.db.run(apply, read_application(application(**changes)))
        case = await self.case(CaseId(applied.id))
        self.world.serves(HOST, case.token)
        return applied

    async def check(self, case: UUID) -> Run:
        """The checks are run."""
        return await run_checks(self.db, self.world.checker, CaseId(case))

    async def approve(self, who: Holder, case: UUID) -> Decided:
        """One officer approves."""
        return await self.db.run(decide_case, who, CaseId(case), approve=True, reason="papers are in order")

    async def refuse(self, who: Holder, case: UUID) -> Decided:
        """One officer refuses."""
        return await self.db.run(decide_case, who, CaseId(case), approve=False, reason="licence is missing")

    async def attempt(self, who: Holder, case: UUID, *, approve: bool = True) -> Decided:
        """One officer decides as over HTTP, with refusals on record."""
        return await decide_on_record(self.db, who, CaseId(case), approve=approve, reason="papers are in order")

    async def let_in(self, **changes: Any) -> tuple[ApplicationId, RequesterId]:
        """Everything goes well."""
        applied = await self.hand_in(**changes)
        await self.check(applied.id)
        await self.approve(self.staff.first, applied.id)
        decided = await self.approve(self.staff.second, applied.id)
        assert decided.requester is not None
        return applied.id, decided.requester

    async def round(self) -> int:
        """The worker does what is due."""
        return await work_through(self.db, self.world.checker, every=timedelta(hours=24))

    async def case(self, case: CaseId) -> Case:
        """One case."""
        return cases.as_case(await self.db.run(cases.read, case))

    async def of_kind(self, kind: str) -> list[Case]:
        """Every case of a kind, oldest first."""
        async with self.db.begin() as session:
            rows = await session.scalars(
                sa.select(VettingCase).where(VettingCase.kind == kind).order_by(VettingCase.opened_at)
            )
            return [cases.as_case(row) for row in rows]

    async def held(self, requester: RequesterId) -> Held:
        """A requester as it stands."""
        return await self.db.run(renewal.held, requester)

    async def officer(self, login: str, unit: str) -> Holder:
        """Another vetting officer, let in by two."""
        doorway = cheap_doorway(self.db)
        prepared = await prepare(doorway, f"{PASSWORD} {login}")
        founder = Founder("officer", login, "数据登记中心", unit, ("vetting",), login, prepared)
        await self.db.run(add_officer, founder, by=(self.staff.first, self.staff.second))
        attempt = Attempt("officer", login, f"{PASSWORD} {login}", "127.0.0.1", None)
        return (await sign_in(self.db, doorway, attempt)).holder

    async def entries(self) -> list[dict[str, Any]]:
        """What was recorded, oldest first."""
        async with self.db.begin() as session:
            drafts = await session.scalars(sa.select(OutboxRow.draft).order_by(OutboxRow.id))
            return [msgspec.json.decode(draft) for draft in drafts]

    async def names(self) -> list[str]:
        """The events, oldest first."""
        return [entry["event"] for entry in await self.entries()]
