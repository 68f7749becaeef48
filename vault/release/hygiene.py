"""Tidying: officer shares of approvals whose hour is over. Opening them was refused before, too."""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from vault.db import Session
from vault.release.tables import Approval, QuotaPeriod, StandingApproval

PERIODS_KEPT: Final = timedelta(days=2)


async def delete_old_periods(session: Session) -> int:
    """Delete counts of periods that ended at least a day ago. Returns how many."""
    gone = await session.execute(
        sa.delete(QuotaPeriod)
        .where(QuotaPeriod.starts < session.now - PERIODS_KEPT)
        .returning(QuotaPeriod.starts)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


async def delete_lapsed_shares(session: Session) -> int:
    """Delete the shares of approvals that have ended, single ones and standing ones. Returns how many."""
    standing = await session.execute(
        sa.update(StandingApproval)
        .where(StandingApproval.expires_at <= session.now, StandingApproval.share.is_not(None))
        .values(share=None)
        .returning(StandingApproval.id)
        .execution_options(synchronize_session=False)
    )
    gone = await session.execute(
        sa.update(Approval)
        .where(Approval.expires_at <= session.now, Approval.share.is_not(None))
        .values(share=None)
        .returning(Approval.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all()) + len(standing.all())
