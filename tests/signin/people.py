"""People for tests: their logins, passwords and numbers belong to nobody. Made through public acts only."""

import itertools
from dataclasses import dataclass
from typing import Any, Final

from vault.accounts import Claim, Created, create_person, numbers
from vault.crypto.keyring import KeyRing
from vault.crypto.passwords import StretchQueue
from vault.db import Database
from vault.registry import Founder, found
from vault.signin import Attempt, Doorway, Holder, SignedIn, prepare, sign_in

PASSWORD: Final = "correct horse 电池 staple"
ADDRESS: Final = "192.0.2.1"
QUEUE: Final = StretchQueue()
OPS: Final = 1
MEM: Final = 8192
"""The least Argon2id takes: tests try the rules, not the price."""
_serial = itertools.count(1)

STAFF: Final = {
    "vetter-a": ("officer", "Registry", ["vetting", "recovery-registry"]),
    "vetter-b": ("officer", "Registry", ["vetting"]),
    "release": ("officer", "Registry", ["release"]),
    "regulator": ("regulator", "Supervisor", ["oversight", "recovery-supervisor"]),
}


@dataclass(frozen=True)
class Confirmed:
    """A source's yes."""

    match: bool = True
    level: str = "checked"
    source: str = "test-source"


def doorway(ring: KeyRing, *, minutes: int = 30, ops: int = OPS, mem: int = MEM) -> Doorway:
    """A doorway with the cheapest Argon2id."""
    return Doorway(QUEUE, ring, minutes=minutes, ops=ops, mem=mem)


def national_id(*, area: str = "110105", born: str = "19900307") -> str:
    """A valid number nobody was given in this process before."""
    first = f"{area}{born}{next(_serial) % 900 + 1:03}"
    return first + numbers.check_character(first)


async def founder(ring: KeyRing, login: str, **changes: Any) -> Founder:
    """Somebody from ``STAFF`` or a new officer, ready for the ceremony."""
    realm, organisation, roles = STAFF.get(login, ("officer", "Registry", ["vetting"]))
    values = {"name": f"Name of {login}", "realm": realm, "organisation": organisation, "unit": "Desk", "roles": roles}
    return Founder(**values | changes, login=login, prepared=await prepare(doorway(ring), PASSWORD))


async def enter(database: Database, realm: str, login: str, password: str = PASSWORD, **more: str) -> SignedIn:
    """Sign in."""
    attempt = Attempt(realm, login, password, more.get("address", ADDRESS), more.get("device"))
    return await sign_in(database, doorway(database.ring), attempt)


async def founded(database: Database) -> dict[str, Holder]:
    """A founded registry; everybody of ``STAFF`` signed in."""
    founders = [await founder(database.ring, login) for login in STAFF]
    await database.run(found, founders)
    return {login: (await enter(database, realm, login)).holder for login, (realm, _, _) in STAFF.items()}


async def claim(ring: KeyRing, login: str, **more: Any) -> Claim:
    """A registration about to be made; ``number``, ``answer`` and ``password`` may be given."""
    prepared = await prepare(doorway(ring), more.get("password", PASSWORD))
    number = more.get("number") or national_id()
    return Claim("cn-ric", number, login, prepared, "zh-CN", more.get("answer", Confirmed()))


async def person(database: Database, login: str, **more: Any) -> Created:
    """A registered person."""
    return await database.run(create_person, await claim(database.ring, login, **more))
