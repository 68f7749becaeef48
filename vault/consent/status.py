"""Where the token status lists speak of a grant's tokens (draft-ietf-oauth-status-list).

One index per consent and version of its tokens, drawn at random, never given twice: two indexes of one grant cannot be
told to belong together, and an index says nothing about when it was given. Half of a list's indexes are decoys,
chosen by its seed; they seem to end now and then, so that counting the dead ones tells nobody how many withdrew.
"""

import hashlib
import os
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault.consent.tables import SUSPENDED, Grant, StatusEntry, StatusList
from vault.db import Session
from vault.ids import new_uuid

SIZE: Final = 16_384
"""Indexes of a list."""
VALID, INVALID, SUSPENDED_VALUE = 0, 1, 2
_DRAWN: Final = 16
"""How many indexes are drawn at once: a list in which none of so many is free is full."""
_TRIES: Final = 5


async def allocate(session: Session, client: UUID, until: datetime) -> tuple[UUID, int]:
    """A list and an index in it that no token ever had, for tokens that end by ``until``."""
    for _ in range(_TRIES):
        opened = await _open_list(session)
        index = await _free_index(session, opened)
        if index is None:
            await _close(session, opened.id)
        elif await _take(session, opened.id, index, client=client, until=until):
            return opened.id, index
    raise RuntimeError("no index is free in lists that were just opened")


async def raise_epoch(session: Session, row: Grant) -> None:
    """Every token issued so far is dead, here and in the list; the next one has an index of its own.

    The caller holds the grant's row lock.
    """
    await end(session, row)
    row.token_epoch += 1
    row.status_list, row.status_index = await allocate(session, row.client_id, row.expires_at)
    if row.status == SUSPENDED:
        await suspend(session, row)


async def end(session: Session, row: Grant) -> None:
    """The list says from now on that the grant's tokens are invalid, for good."""
    entry = await _entry(session, row)
    if entry is not None:
        entry.value, entry.suspended_until = INVALID, None


async def suspend(session: Session, row: Grant) -> None:
    """The list says that the grant's tokens are suspended, for as long as the grant is."""
    entry = await _entry(session, row)
    if entry is not None and entry.value != INVALID:
        entry.value, entry.suspended_until = SUSPENDED_VALUE, row.suspended_until


async def lift(session: Session, row: Grant) -> None:
    """The list says again that they are valid."""
    entry = await _entry(session, row)
    if entry is not None and entry.value == SUSPENDED_VALUE:
        entry.value, entry.suspended_until = VALID, None


async def _entry(session: Session, row: Grant) -> StatusEntry | None:
    if row.status_list is None or row.status_index is None:
        return None
    return await session.get(StatusEntry, (row.status_list, row.status_index), populate_existing=True)


def decoys(seed: bytes) -> dict[int, float]:
    """The indexes of a list that no token gets: index → when it seems to end, as a part of the list's life."""
    stream = _stream(seed)
    return {index: _at(stream, index) / (1 << 32) for index in range(SIZE) if _at(stream, index) & 1}


def _stream(seed: bytes) -> bytes:
    return hashlib.shake_256(b"status list decoys v1" + seed).digest(SIZE * 4)


def _at(stream: bytes, index: int) -> int:
    return int.from_bytes(stream[index * 4 : index * 4 + 4])


async def _open_list(session: Session) -> StatusList:
    found = (await session.scalars(sa.select(StatusList).where(StatusList.closed_at.is_(None)))).all()
    if found:
        return secrets.choice(found)
    made = StatusList(id=new_uuid(), seed=os.urandom(32), opened_at=session.now, closed_at=None)
    session.add(made)
    await session.flush()
    return made


async def _free_index(session: Session, opened: StatusList) -> int | None:
    stream = _stream(opened.seed)
    drawn = [index for index in (secrets.randbelow(SIZE) for _ in range(3 * _DRAWN)) if not _at(stream, index) & 1]
    taken = await session.scalars(
        sa.select(StatusEntry.idx).where(StatusEntry.list_id == opened.id, StatusEntry.idx.in_(drawn[:_DRAWN]))
    )
    left: Sequence[int] = sorted(set(drawn[:_DRAWN]) - set(taken))
    return secrets.choice(left) if left else None


async def _take(session: Session, list_id: UUID, index: int, *, client: UUID, until: datetime) -> bool:
    """Of two at once, one gets it."""
    try:
        async with session.begin_nested():
            session.add(StatusEntry(list_id=list_id, idx=index, client_id=client, value=0, until=until))
    except sa.exc.IntegrityError:
        return False
    return True


async def _close(session: Session, list_id: UUID) -> None:
    await session.execute(
        sa.update(StatusList)
        .where(StatusList.id == list_id, StatusList.closed_at.is_(None))
        .values(closed_at=session.now)
        .execution_options(synchronize_session=False)
    )
