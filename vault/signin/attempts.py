"""An attempt to sign in: counted first, stretched outside any transaction, then opened or refused.

A login nobody has and a wrong password take the same way: the same statements, an Argon2id with the
same parameters, the same words.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault.crypto.canonical import b64
from vault.crypto.passwords import Stretch
from vault.crypto.sealing import XCHACHA, same
from vault.db import Database, Session
from vault.errors import CannotOpen, Invalid, Unauthenticated
from vault.ids import new_uuid
from vault.signin import sessions
from vault.signin.blind import blind
from vault.signin.cookies import Device
from vault.signin.holders import REALMS, Holder
from vault.signin.logins import normalise_login
from vault.signin.passwords import KIND, Doorway, index_login, read_params, unwrap, wrap
from vault.signin.record import Who, record
from vault.signin.strength import LONGEST, is_text
from vault.signin.tables import Credential, LoginName
from vault.signin.throttling import Bucket, account_bucket, address_bucket, count, device_bucket, give_back

WRONG: Final = "The login name or the password is wrong."
_UNTYPABLE: Final = "\x00"
"""Stands for what cannot be anybody's password; stretched all the same."""


@dataclass(frozen=True)
class Attempt:
    """What somebody entered, where they are (an IP address), and the device mark their browser sent."""

    realm: str
    login: str = field(repr=False)
    password: str = field(repr=False)
    address: str = field(repr=False)
    device: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SignedIn:
    """The holder, the two values for the browser to keep, and when the sign-in ends at the latest."""

    holder: Holder
    cookie: str = field(repr=False)
    device: str = field(repr=False)
    ends_at: datetime


@dataclass(frozen=True)
class _Known:
    """What the look-up found, or its stand-in: same shape, opened by no password."""

    credential: Credential
    device: Device | None
    buckets: list[Bucket]


async def sign_in(db: Database, doorway: Doorway, attempt: Attempt) -> SignedIn:
    """Sign in with a password. Raises Unauthenticated (one text for every cause), TooMany or Unavailable.

    Survives a crash after each step: 1 leaves a failure counted, 2 and 3 leave nothing, 4 is one transaction.
    """
    if attempt.realm not in REALMS:
        raise Invalid.field("realm", f"is one of {', '.join(REALMS)}")
    name = normalise_login(attempt.login)
    # 1. Find the credential and count the attempt as failed.
    known = await db.run(_find, doorway, attempt, name=name if is_text(name) else "")
    # 2. Stretch, for nobody as for somebody.
    password = attempt.password if len(attempt.password) <= 4 * LONGEST and is_text(attempt.password) else _UNTYPABLE
    stretched = await doorway.queue.stretch(password, read_params(known.credential).stretch)
    # 3. Open.
    try:
        bundle = unwrap(doorway.ring, known.credential, stretched)
    except CannotOpen as error:
        raise Unauthenticated(WRONG, private=error.private) from None
    # 4. Begin the sign-in and give the attempt back.
    holder = Holder(attempt.realm, known.credential.holder_id, bundle, new_uuid(), known.credential.belongs_to)
    renewed = await _renewed(doorway, known.credential, password, stretched=stretched, holder=holder)
    return await db.run(_begin, doorway, known, renewed=renewed, signer=_Signer(holder, name))


@dataclass(frozen=True)
class _Signer:
    holder: Holder
    login: str


async def _find(session: Session, doorway: Doorway, attempt: Attempt, *, name: str) -> _Known:
    values = list(blind(session.ring, attempt.realm, name).values())
    found = await session.execute(sa.select(LoginName.holder_id).where(LoginName.value.in_(values)).limit(1))
    nobody = UUID(bytes=values[-1][:16])
    holder_id = found.scalar_one_or_none() or nobody
    stored = await session.execute(
        sa.select(Credential).where(Credential.holder_id == holder_id, Credential.kind == KIND).limit(1)
    )
    credential = stored.scalar_one_or_none() or _stand_in(doorway, nobody, values[-1])
    device = Device.read(session.ring, attempt.device, holder_id=holder_id, now=session.now)
    if device is not None:
        buckets = [device_bucket(session.ring, device.id)]
    else:
        account = account_bucket(session.ring, attempt.realm, name)
        buckets = [account, address_bucket(session.ring, attempt.address)]
    await count(session, buckets)
    return _Known(credential, device, buckets)


def _stand_in(doorway: Doorway, nobody: UUID, value: bytes) -> Credential:
    params = {"stretch": {"ops": doorway.ops, "mem": doorway.mem, "salt": b64(value[16:])}}
    login = doorway.ring.versions("login")[-1]
    return Credential(
        holder_id=nobody, id=nobody, kind=KIND, params=params | {"login": login}, wrapped=XCHACHA + bytes(250)
    )


async def _renewed(
    doorway: Doorway, credential: Credential, password: str, *, stretched: bytes, holder: Holder
) -> Credential | None:
    """The credential under today's parameters and ring version, where it was made under older ones."""
    params = read_params(credential)
    is_current = (params.stretch.ops, params.stretch.mem) == (doorway.ops, doorway.mem)
    if is_current and params.login == doorway.ring.versions("login")[-1]:
        return None
    stretch = params.stretch if is_current else Stretch.fresh(doorway.ops, doorway.mem)
    again = stretched if is_current else await doorway.queue.stretch(password, stretch)
    return wrap(doorway.ring, holder, stretch, stretched=again)


async def _begin(
    session: Session, doorway: Doorway, known: _Known, *, renewed: Credential | None, signer: _Signer
) -> SignedIn:
    holder, holder_id = signer.holder, known.credential.holder_id
    row = await session.get(Credential, (holder_id, known.credential.id), with_for_update=True)
    if row is None or not same(row.wrapped, known.credential.wrapped):
        raise Unauthenticated(WRONG, private="the password was changed meanwhile")
    if renewed is not None:
        await session.delete(row)
        session.add(renewed)
    await index_login(session, holder.realm, holder_id, signer.login)
    idle = timedelta(minutes=doorway.minutes)
    cookie, begun = await sessions.begin(session, holder, idle=idle)
    await give_back(session, known.buckets)
    how = "new_device" if known.device is None else "known_device"
    await record(session, "sign_in.begun", Who(holder.realm, holder_id, holder.belongs_to), outcome=how)
    device_id = Device.fresh(holder_id, session.now).id if known.device is None else known.device.id
    device = Device(holder_id, device_id, session.now).text(session.ring)
    return SignedIn(holder, cookie, device, begun.ends_at)
