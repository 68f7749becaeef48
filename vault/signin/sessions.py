"""Sign-ins under way. Whether one has ended is decided when it is read, never by a sweep."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from vault.crypto.bundles import Bundle
from vault.crypto.sealing import place, same
from vault.db import Session
from vault.errors import CannotOpen, Tampered, Unauthenticated
from vault.signin.cookies import Cookie
from vault.signin.holders import Holder
from vault.signin.record import Who, record
from vault.signin.tables import SignIn

LONGEST: Final = timedelta(hours=12)
"""Every sign-in ends this long after it began, used or not."""
_TOUCH: Final = 10
"""Use is noted when a tenth of the idle time has passed since it was noted last: saves a write per request."""


async def begin(session: Session, holder: Holder, *, idle: timedelta) -> tuple[str, SignIn]:
    """The sign-in ``holder.sign_in`` beside those the holder has; ended ones are swept. Returns the cookie's value
    and the row."""
    holder_id = holder.id
    cookie = Cookie.fresh(holder_id, holder.sign_in)
    row = SignIn(
        holder_id=holder_id,
        id=cookie.sign_in,
        realm=holder.realm,
        secret_hash=cookie.secret_hash(),
        started_at=session.now,
        seen_at=session.now,
        ends_at=session.now + LONGEST,
        idle_seconds=int(idle.total_seconds()),
        belongs_to=holder.belongs_to,
    )
    row.wrapped = holder.bundle.wrap(cookie.key(), _place(row))
    await session.execute(sa.delete(SignIn).where(SignIn.holder_id == holder_id, SignIn.ends_at <= session.now))
    session.add(row)
    await session.flush()
    return cookie.text(), row


async def resume(session: Session, cookie: str, realm: str | None = None) -> Holder:
    """Who this cookie signs in, keys unlocked; of the given realm where one is given.

    Raises Unauthenticated when it is unknown, ended or of another realm, Tampered when its row was edited.
    """
    held = Cookie.read(cookie)
    row = await session.get(SignIn, (held.holder_id, held.sign_in))
    if row is None or not same(row.secret_hash, held.secret_hash()):
        raise Unauthenticated(private="no such sign-in")
    try:
        bundle = Bundle.unwrap(held.key(), row.wrapped, _place(row))
    except CannotOpen:
        raise Tampered(private="a sign-in was edited") from None
    if is_over(row, session.now):
        raise Unauthenticated("You were signed out; sign in again.", private="the sign-in has ended")
    if realm is not None and row.realm != realm:
        raise Unauthenticated(private="a sign-in of another realm")
    await _note_use(session, row)
    return Holder(row.realm, row.holder_id, bundle, row.id, row.belongs_to)


async def sign_out(session: Session, cookie: str) -> None:
    """End the sign-in of this cookie. Does nothing when there is none."""
    try:
        held = Cookie.read(cookie)
    except Unauthenticated:
        return
    row = await session.get(SignIn, (held.holder_id, held.sign_in))
    if row is None or not same(row.secret_hash, held.secret_hash()):
        return
    await session.delete(row)
    await record(session, "sign_in.ended", Who(row.realm, row.holder_id, row.belongs_to))


async def end_all(session: Session, holder_id: UUID, *, but: UUID | None = None) -> int:
    """End every sign-in of a holder, except one where one is named. Returns how many there were."""
    others = sa.delete(SignIn).where(SignIn.holder_id == holder_id)
    if but is not None:
        others = others.where(SignIn.id != but)
    return len((await session.execute(others.returning(SignIn.id))).all())


def is_over(row: SignIn, now: datetime) -> bool:
    """Whether the sign-in has ended: twelve hours after it began, or after too long without use."""
    return now >= row.ends_at or now >= row.seen_at + timedelta(seconds=row.idle_seconds)


async def _note_use(session: Session, row: SignIn) -> None:
    if session.now - row.seen_at >= timedelta(seconds=row.idle_seconds / _TOUCH):
        await session.execute(
            sa.update(SignIn)
            .where(SignIn.holder_id == row.holder_id, SignIn.id == row.id, SignIn.seen_at < session.now)
            .values(seen_at=session.now)
        )


def _place(row: SignIn) -> bytes:
    belonging = () if row.belongs_to is None else (row.belongs_to,)
    version = (row.ends_at, row.idle_seconds, *belonging)
    return place("sign_ins", (row.holder_id, row.id, row.realm), "wrapped", version)
