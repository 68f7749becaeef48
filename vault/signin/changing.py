"""Changing one's own password: the present one proves it is oneself, other sign-ins end, the act is recorded.

The same for every realm. A wrong present password counts like a wrong one at the door, in a bucket of the holder's
own: whoever found an open browser cannot guess on.
"""

from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault.crypto.sealing import same
from vault.db import Database, Session
from vault.errors import CannotOpen, Conflict, Invalid
from vault.signin.blind import blind
from vault.signin.holders import Holder
from vault.signin.logins import normalise_login
from vault.signin.passwords import KIND, Doorway, Prepared, prepare, read_params, unwrap, wrap
from vault.signin.record import Who, record
from vault.signin.sessions import end_all
from vault.signin.strength import LONGEST, accept, is_text
from vault.signin.tables import Credential, LoginName
from vault.signin.throttling import Bucket, count, device_bucket, give_back

_LOST: Final = "The password was changed meanwhile; sign in again."


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
    text = present if len(present) <= 4 * LONGEST and is_text(present) else ""
    stretched = await doorway.queue.stretch(text, read_params(credential).stretch)
    try:
        opened = unwrap(doorway.ring, credential, stretched)
    except CannotOpen:
        raise Invalid.field("present", "is not your present password") from None
    if not same(opened.signing_public, holder.bundle.signing_public):
        raise Conflict(_LOST, private="the credential holds other keys than the sign-in")
    prepared = await prepare(doorway, new)
    # 4. Replace, end the others, record: one transaction.
    return await db.run(_replace, holder, credential, prepared=prepared, bucket=bucket)


async def _find(session: Session, holder: Holder, new: str) -> tuple[Credential, Bucket]:
    await _check_not_login(session, holder, new)
    wanted = sa.select(Credential).where(Credential.holder_id == holder.id, Credential.kind == KIND).limit(1)
    credential = (await session.execute(wanted)).scalar_one_or_none()
    if credential is None:
        raise Conflict(_LOST)
    bucket = device_bucket(session.ring, b"present password:" + holder.id.bytes)
    await count(session, [bucket])
    return credential, bucket


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
        raise Conflict(_LOST)
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
