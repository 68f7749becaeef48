"""A registry with its people, made through public acts, and a bank that two of them let in."""

from dataclasses import dataclass

from tests.requesters.samples import application
from tests.vetting.confirming import confirming
from vault.crypto.passwords import StretchQueue
from vault.db import Database
from vault.ids import ApplicationId, CaseId
from vault.registry import Founder, found
from vault.requesters.activation import registered
from vault.requesters.applications import read_application
from vault.signin import Attempt, Doorway, Holder, prepare, sign_in
from vault.vetting.checking import run_checks
from vault.vetting.decisions import Decided, decide
from vault.vetting.desk import apply

PASSWORD = "correct horse battery staple"
STAFF = (
    ("officer", "林海", "数据登记中心", ("vetting",), "lin.hai"),
    ("officer", "Ada Wong", "数据登记中心", ("vetting", "release"), "ada.wong"),
    ("officer", "周敏", "数据登记中心", ("recovery-registry", "release"), "zhou.min"),
    ("regulator", "韩冰", "网信监督办公室", ("oversight", "recovery-supervisor"), "han.bing"),
)

UNITS = ("一处", "二处", "三处", "一处")


@dataclass(frozen=True)
class Staff:
    """Everybody who works at the registry, signed in. ``first`` and ``second`` vet, ``third`` does not."""

    first: Holder
    second: Holder
    third: Holder
    regulator: Holder


def cheap_doorway(db: Database) -> Doorway:
    """Stretching at the least cost that libsodium lets: nobody's data is behind these passwords."""
    return Doorway(queue=StretchQueue(), ring=db.ring, minutes=30, ops=1, mem=8192 * 1024)


async def found_registry(db: Database, doorway: Doorway, units: tuple[str, ...] = UNITS) -> Staff:
    """Hold the founding ceremony and sign everybody in."""
    founders = [
        Founder(realm, name, organisation, unit, roles, login, await prepare(doorway, f"{PASSWORD} {login}"))
        for unit, (realm, name, organisation, roles, login) in zip(units, STAFF, strict=True)
    ]
    await db.run(found, founders)
    holders = []
    for realm, *_, login in STAFF:
        attempt = Attempt(realm, login, f"{PASSWORD} {login}", "127.0.0.1", None)
        holders.append((await sign_in(db, doorway, attempt)).holder)
    return Staff(*holders)


async def let_in(db: Database, staff: Staff, body: object = None) -> Decided:
    """A bank applies, by its members once it is registered, and both officers approve."""
    wanted = read_application(body or application())
    applied = await db.run(apply, wanted, requester=await db.run(registered, wanted.organisation.uscc))
    return await both_approve(db, staff, applied.id)


async def both_approve(db: Database, staff: Staff, applied: ApplicationId) -> Decided:
    """The checks find nothing wrong; first the one officer, then the other."""
    await run_checks(db, confirming(), CaseId(applied))
    await db.run(decide, staff.first, applied, approve=True, reason="papers are in order")
    return await db.run(decide, staff.second, applied, approve=True, reason="purpose is narrow enough")
