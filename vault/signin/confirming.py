"""The present password once more, for an act that an open browser is not enough for.

A wrong one counts like a wrong one at the door, in a bucket of the holder's own.
"""

from typing import Final

import sqlalchemy as sa

from vault.crypto.sealing import same
from vault.db import Database, Session
from vault.errors import CannotOpen, Conflict, Invalid
from vault.signin.holders import Holder
from vault.signin.passwords import KIND, Doorway, read_params, unwrap
from vault.signin.strength import LONGEST, is_text
from vault.signin.tables import Credential
from vault.signin.throttling import Bucket, count, device_bucket, give_back

LOST: Final = "The password was changed meanwhile; sign in again."


async def confirm_password(db: Database, doorway: Doorway, holder: Holder, present: str) -> None:
    """Raises Invalid (``present``), TooMany, Unavailable when the queue is full, Conflict when the password changed."""
    credential, bucket = await db.run(counted, holder)
    await check_present(doorway, holder, credential, present)
    await db.run(give_back, [bucket])


async def counted(session: Session, holder: Holder) -> tuple[Credential, Bucket]:
    """The holder's credential; the attempt is counted as failed, in the bucket that comes with it."""
    wanted = sa.select(Credential).where(Credential.holder_id == holder.id, Credential.kind == KIND).limit(1)
    credential = (await session.execute(wanted)).scalar_one_or_none()
    if credential is None:
        raise Conflict(LOST)
    bucket = device_bucket(session.ring, b"present password:" + holder.id.bytes)
    await count(session, [bucket])
    return credential, bucket


async def check_present(doorway: Doorway, holder: Holder, credential: Credential, present: str) -> None:
    """Raises unless this password opens this credential, and it holds the keys of the sign-in."""
    text = present if len(present) <= 4 * LONGEST and is_text(present) else ""
    stretched = await doorway.queue.stretch(text, read_params(credential).stretch)
    try:
        opened = unwrap(doorway.ring, credential, stretched)
    except CannotOpen:
        raise Invalid.field("present", "is not your present password") from None
    if not same(opened.signing_public, holder.bundle.signing_public):
        raise Conflict(LOST, private="the credential holds other keys than the sign-in")
