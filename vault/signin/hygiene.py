"""Tidying: sign-ins that have ended, throttles that no longer slow anybody down."""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from vault.db import Session
from vault.signin.tables import SignIn, Throttle

_KEPT: Final = timedelta(days=1)


async def delete_ended_sign_ins(session: Session) -> int:
    """Delete sign-ins past their absolute end and throttles of more than a day ago. Returns how many sign-ins."""
    await session.execute(sa.delete(Throttle).where(Throttle.at < session.now - _KEPT, Throttle.until < session.now))
    gone = await session.execute(sa.delete(SignIn).where(SignIn.ends_at <= session.now).returning(SignIn.id))
    return len(gone.all())
