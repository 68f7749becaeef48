"""Tidying: requests, codes and refresh tokens that have ended. They are refused when read, tidied or not."""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from vault.authserver.tables import (
    BackchannelPace,
    BackchannelRequest,
    Code,
    ConsentHint,
    Prompt,
    PromptPace,
    PushedRequest,
    RefreshToken,
)
from vault.db import Session

_PROMPTS_KEPT: Final = timedelta(days=60)
"""Longer than what is remembered of refusals and reports (:mod:`vault.authserver.prompting`)."""
_KEPT: Final = timedelta(hours=24)
"""A used code is remembered this long, so that its second use is recognised as one."""


async def delete_ended_requests(session: Session) -> int:
    """Delete pushed requests, codes and refresh tokens a day past their end. Returns how many in all."""
    before, gone = session.now - _KEPT, 0
    for table, key, end in (
        (PushedRequest, PushedRequest.id, PushedRequest.decide_by),
        (Code, Code.hash, Code.expires_at),
        (RefreshToken, RefreshToken.hash, RefreshToken.expires_at),
    ):
        gone += len((await session.execute(sa.delete(table).where(end < before).returning(key))).all())
    return gone


async def delete_ended_backchannel(session: Session) -> int:
    """Delete hints and requests out of band a day past their end, prompts after two months, counts of past hours.
    Returns how many in all."""
    before, gone = session.now - _KEPT, 0
    for table, key, end in (
        (ConsentHint, ConsentHint.value, ConsentHint.ends_at < before),
        (BackchannelRequest, BackchannelRequest.hash, BackchannelRequest.ends_at < before),
        (Prompt, Prompt.id, Prompt.at < session.now - _PROMPTS_KEPT),
        (PromptPace, PromptPace.person_id, PromptPace.since < before),
        (BackchannelPace, BackchannelPace.client_id, BackchannelPace.since < before),
    ):
        gone += len((await session.execute(sa.delete(table).where(end).returning(key))).all())
    return gone
