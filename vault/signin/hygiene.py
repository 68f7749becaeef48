"""Tidying up: rows that count for nothing any more. Nothing is decided here."""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from vault.db import Session
from vault.signin.tables import SignIn, Throttle

FORGOTTEN: Final = timedelta(days=1)
"""A bucket that nobody fell into for so long keeps nobody waiting."""


async def delete_ended_sign_ins(session: Session) -> None:
    """Delete sign-ins past their absolute end, and buckets nobody fell into for a day."""
    await session.execute(sa.delete(SignIn).where(SignIn.ends_at <= session.now))
    await session.execute(sa.delete(Throttle).where(Throttle.at < session.now - FORGOTTEN))
