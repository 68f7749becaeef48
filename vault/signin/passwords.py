"""Passwords as keys: stretched outside any transaction, mixed with the ring, used to wrap the bundle.

KEK = HMAC(Argon2id(password), derive("login", holder id)): a stolen database alone cannot be guessed at.
"""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.dialects.postgresql import insert

from vault.crypto.bundles import Bundle
from vault.crypto.keyring import KeyRing
from vault.crypto.passwords import Stretch, StretchQueue
from vault.crypto.sealing import mac, place, same
from vault.db import Session
from vault.errors import Conflict, Invalid
from vault.ids import new_uuid
from vault.signin.blind import blind
from vault.signin.holders import REALMS, Holder
from vault.signin.logins import new_login, normalise_login
from vault.signin.strength import accept
from vault.signin.tables import Credential, LoginName

KIND: Final = "password"


class LoginTaken(Conflict):
    """Somebody has this login name. The one cause of a failed registration that is told."""

    name, title = "login-taken", "This login name is taken"
    advice = "Choose another login name."


@dataclass(frozen=True)
class Doorway:
    """What signing in needs of the process; made once. ``minutes``: idle time; ``ops``, ``mem`` (bytes): Argon2id."""

    queue: StretchQueue
    ring: KeyRing
    minutes: int
    ops: int
    mem: int


@dataclass(frozen=True)
class Prepared:
    """An accepted password, stretched; the password itself is gone. Good for one enrolment."""

    params: Stretch
    stretched: bytes = field(repr=False)
    likeness: bytes = field(repr=False)


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``credentials.params``: how to get from the password to the key. ``login`` is the ring's version. ``v`` 1."""

    stretch: Stretch
    login: int
    v: int = 1


async def prepare(doorway: Doorway, password: str) -> Prepared:
    """Accept and stretch a new password: tens of milliseconds, in a thread. Raises Invalid, Unavailable when busy."""
    accepted = accept(password)
    params = Stretch.fresh(doorway.ops, doorway.mem)
    stretched = await doorway.queue.stretch(accepted, params)
    return Prepared(params, stretched, _likeness(stretched, normalise_login(accepted)))


async def enrol(session: Session, holder: Holder, *, login: str, prepared: Prepared) -> None:
    """Give a new holder a login name and a password that opens their bundle. Raises LoginTaken, Invalid.

    Two enrolments of the same name at the same time: the one that commits first has it.
    """
    if holder.realm not in REALMS:
        raise Invalid.field("realm", f"is one of {', '.join(REALMS)}")
    name = new_login(login)
    if same(prepared.likeness, _likeness(prepared.stretched, name)):
        raise Invalid.field("password", "must not be the login name")
    if await index_login(session, holder.realm, holder.id, name) < len(session.ring.versions("index")):
        raise LoginTaken
    row = wrap(session.ring, holder, prepared.params, stretched=prepared.stretched)
    session.add(row)
    await session.flush()


async def index_login(session: Session, realm: str, holder_id: UUID, name: str) -> int:
    """Write the blind indexes of a normalised login name that are not there yet. Returns how many were written."""
    rows = [
        {"value": value, "realm": realm, "holder_id": holder_id, "ring_version": version}
        for version, value in blind(session.ring, realm, name).items()
    ]
    written = await session.execute(insert(LoginName).values(rows).on_conflict_do_nothing().returning(LoginName.value))
    return len(written.all())


def wrap(ring: KeyRing, holder: Holder, params: Stretch, *, stretched: bytes) -> Credential:
    """The row of a password, under the newest version of the ring's ``login`` key."""
    version = ring.versions("login")[-1]
    row = Credential(holder_id=holder.id, id=new_uuid(), kind=KIND, belongs_to=holder.belongs_to)
    row.params = msgspec.to_builtins(Params(stretch=params, login=version))
    row.wrapped = holder.bundle.wrap(_kek(ring, holder.id, stretched, version), _place(row))
    return row


def unwrap(ring: KeyRing, credential: Credential, stretched: bytes) -> Bundle:
    """The holder's keys. Raises CannotOpen when the password was another one."""
    version = read_params(credential).login
    key = _kek(ring, credential.holder_id, stretched, version)
    return Bundle.unwrap(key, credential.wrapped, _place(credential))


def read_params(credential: Credential) -> Params:
    """The stored parameters as a type."""
    return msgspec.convert(credential.params, Params)


def _kek(ring: KeyRing, holder_id: UUID, stretched: bytes, version: int) -> bytes:
    return mac(stretched, ring.derive("login", holder_id.bytes, version=version))


def _place(row: Credential) -> bytes:
    version = 0 if row.belongs_to is None else (0, row.belongs_to)
    return place("credentials", (row.holder_id, row.id), "wrapped", version)


def _likeness(stretched: bytes, name: str) -> bytes:
    return mac(stretched, b"pivault login likeness v1", name.encode())
