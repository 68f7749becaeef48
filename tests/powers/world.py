"""Three regulators: the first and the second may decide about each other's orders, the third is of the first's unit."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from tests.requesters.world import PASSWORD, Staff, cheap_doorway
from vault.db import Database, Session
from vault.ids import StaffId
from vault.powers import Order, Target, decide_on_record, propose_on_record
from vault.powers.tables import PowerOrder
from vault.registry import Founder, Terms, add_regulator, decide_mandate, propose_mandate
from vault.registry.mandates import POWERS
from vault.signin import Attempt, Holder, prepare, sign_in

WHY = "it sells what it was given to advertisers"


@dataclass(frozen=True)
class Regulators:
    """Signed in, with the mandates they were admitted with."""

    db: Database
    first: Holder
    second: Holder
    neighbour: Holder

    async def order(self, act: str, target: Target, *, by: Holder | None = None, **more: Any) -> PowerOrder:
        """One of them orders."""
        wanted = Order(act, target, **({"reason_code": "beyond-purpose", "reason": WHY} | more))  # type: ignore[arg-type]  # tests try acts that there are not
        return await propose_on_record(self.db, by or self.first, wanted)

    async def decide(self, row: PowerOrder, *, by: Holder | None = None, agree: bool = True) -> PowerOrder:
        """Another one decides."""
        return await decide_on_record(self.db, by or self.second, row.id, agree=agree, reason="as the files show")

    async def done(self, act: str, target: Target, **more: Any) -> PowerOrder:
        """Both halves."""
        return await self.decide(await self.order(act, target, **more))


async def regulators(db: Database, staff: Staff) -> Regulators:
    """Two more are admitted by two officers."""
    second = await admitted(db, staff, "方正", "二处", "fang.zheng")
    neighbour = await admitted(db, staff, "柳青", "一处", "liu.qing")
    return Regulators(db, staff.regulator, second, neighbour)


async def admitted(db: Database, staff: Staff, name: str, unit: str, login: str) -> Holder:
    """A regulator of the supervisory authority, signed in."""
    doorway = cheap_doorway(db)
    password = f"{PASSWORD} {login}"
    roles = ("oversight",)
    candidate = Founder("regulator", name, "网信监督办公室", unit, roles, login, await prepare(doorway, password))
    await db.run(add_regulator, candidate, by=(staff.first, staff.second))
    return (await sign_in(db, doorway, Attempt("regulator", login, password, "127.0.0.1", None))).holder


async def mandate(db: Database, staff: Staff, regulator: Holder, **terms: Any) -> None:
    """Two officers give a regulator another mandate: ``sectors``, ``regions``, ``powers``."""
    given = {"sectors": None, "regions": None, "powers": POWERS} | terms
    until = db.clock.now() + timedelta(days=30)
    wanted = Terms(StaffId(regulator.id), **given, valid_until=until, reason="As the law says.")
    proposed = await db.run(propose_mandate, staff.first, wanted)
    await db.run(decide_mandate, staff.second, proposed.id, agree=True)


async def entries(db: Database, *names: str) -> list[dict[str, Any]]:
    """What waits in the outbox, of these names, oldest first."""
    from tests.profile.world import drafts

    found = [msgspec.json.decode(each) for each in await drafts(db)]
    return [each for each in found if not names or each["event"] in names]


async def measures_of(db: Database, requester: UUID) -> list[tuple[str, str]]:
    """(act, state) of the measures about a requester, oldest first."""
    import sqlalchemy as sa

    from vault.requesters.tables import Measure

    async def act(session: Session) -> list[tuple[str, str]]:
        rows = await session.scalars(sa.select(Measure).where(Measure.requester_id == requester).order_by(Measure.id))
        return [(row.act, row.state) for row in rows]

    return await db.run(act)
