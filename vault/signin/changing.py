"""Changing one's own password: the present one proves it is oneself, other sign-ins end, the act is recorded.

The same for every realm. A wrong present password counts like a wrong one at the door, in a bucket of the holder's
own: whoever found an open browser cannot guess on.
"""

from uuid import UUID

import sqlalchemy as sa

from vault.crypto.sealing import same
from vault.db import Database, Session
from vault.errors import Conflict, Invalid
from vault.signin.blind import blind
from vault.signin.confirming import LOST, check_present, counted
from vault.signin.holders import Holder
from vault.signin.logins import normalise_login
from vault.signin.passwords import Doorway, Prepared, prepare, wrap
from vault.signin.record import Who, record
from vault.signin.sessions import end_all
from vault.signin.strength import accept
from vault.signin.tables import Credential, LoginName
from vault.signin.throttling import Bucket, give_back


async def change_password(db: Database, doorway: Doorway, holder: Holder, *, present: str, new: str) -> int:
    """Replace the holder's password. Returns how many other sign-ins of theirs ended; this one stays.

    Raises Invalid by field (``present``, ``password``), TooMany, Unavailable when the queue is full, Conflict when
    the password was changed by another sign-in at the same time.
    """
    # 1. What is wrong with the new one, before anything is counted.
    accept(new)
    # 2. Count the attempt as failed and look the credential up.
    credential, bucket = await db.run(_find, holder, new)
    # 3. The present password opens it, or does not.
    await check_present(doorway, holder, credential, present)
    prepared = await prepare(doorway, new)
    # 4. Replace, end the others, record: one transaction.
    return await db.run(_replace, holder, credential, prepared=prepared, bucket=bucket)


async def _find(session: Session, holder: Holder, new: str) -> tuple[Credential, Bucket]:
    await _check_not_login(session, holder, new)
    return await counted(session, holder)


async def _check_not_login(session: Session, holder: Holder, new: str) -> None:
    """The login name itself is stored nowhere; its index tells whether this is it."""
    values = list(blind(session.ring, holder.realm, normalise_login(new)).values())
    found = await session.execute(sa.select(LoginName.holder_id).where(LoginName.value.in_(values)).limit(1))
    owner: UUID | None = found.scalar_one_or_none()
    if owner == holder.id:
        raise Invalid.field("password", "must not be the login name")


async def _replace(
    session: Session, holder: Holder, credential: Credential, *, prepared: Prepared, bucket: Bucket
) -> int:
    row = await session.get(Credential, (holder.id, credential.id), with_for_update=True)
    if row is None or not same(row.wrapped, credential.wrapped):
        raise Conflict(LOST)
    await session.delete(row)
    session.add(wrap(session.ring, holder, prepared.params, stretched=prepared.stretched))
    ended = await end_all(session, holder.id, but=holder.sign_in)
    await give_back(session, [bucket])
    await record(session, "password.changed", Who(holder.realm, holder.id, holder.belongs_to), count=ended)
    return ended


async def forget(session: Session, holder_id: UUID) -> None:
    """Take away every way in of a holder who is no longer one: the password and every sign-in.

    The login name stays taken: nobody signs in again under the name of somebody who left.
    """
    await end_all(session, holder_id)
    await session.execute(sa.delete(Credential).where(Credential.holder_id == holder_id))
