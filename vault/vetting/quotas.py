"""How much strangers may leave here before anybody has looked at it.

Who begins drafts again and again from one address waits, ever longer, up to a minute; from one address, and from all
of them together, only so many drafts are open at once, with so many bytes of documents.
"""

from typing import Final

import sqlalchemy as sa

from vault.crypto.keyring import KeyRing
from vault.db import Session
from vault.errors import TooMany, Unavailable
from vault.ids import RequesterId
from vault.signin.throttling import Bucket, Curve, address_bucket, count
from vault.vetting.tables import ApplicationDraft

PER_ORIGIN: Final = 20
"""Drafts open at once from one network address, or of one registered organisation."""
BYTES_PER_ORIGIN: Final = 48 * 1024 * 1024
IN_ALL: Final = 20_000
BYTES_IN_ALL: Final = 4 * 1024**3
BEGINNING: Final = Curve(free=50, leak=300)
"""Fifty at once, then one every five minutes without waiting."""
FILING: Final = Curve(free=200, leak=60)
"""Generous: whole trades hand in through one consultant."""


def origin_of(ring: KeyRing, address: str, requester: RequesterId | None) -> bytes:
    """What a draft's bytes are counted under: a MAC, which tells neither address nor organisation."""
    if requester is not None:
        return _key(ring, f"requester:{requester.hex}")
    return _key(ring, f"address:{address_bucket(ring, address).key.hex()}")


async def check_may_begin(session: Session, origin: bytes) -> None:
    """Count one more beginning. Raises TooMany, Unavailable when the house is full."""
    await _count(session, Bucket(_key(session.ring, f"begin:{origin.hex()}"), BEGINNING))
    held = await session.execute(
        sa.select(sa.func.count(), sa.func.count().filter(ApplicationDraft.origin == origin)).where(
            ApplicationDraft.lapses_at > session.now
        )
    )
    everywhere, here = held.one()
    if here >= PER_ORIGIN:
        raise TooMany(f"At most {PER_ORIGIN} drafts may be open at once: hand one in or withdraw it.", retry_after=60)
    if everywhere >= IN_ALL:
        raise Unavailable("There are too many open drafts at this moment.", retry_after=3600)


async def check_may_add(session: Session, origin: bytes, size: int) -> None:
    """Raises TooMany when this many more bytes are too many from one origin, Unavailable when they are in all."""
    held = await session.execute(
        sa.select(
            sa.func.coalesce(sa.func.sum(ApplicationDraft.bytes), 0),
            sa.func.coalesce(sa.func.sum(ApplicationDraft.bytes).filter(ApplicationDraft.origin == origin), 0),
        )
    )
    everywhere, here = held.one()
    if here + size > BYTES_PER_ORIGIN:
        raise TooMany("The documents of your open drafts are too large together.", retry_after=60)
    if everywhere + size > BYTES_IN_ALL:
        raise Unavailable("There is no room for documents at this moment.", retry_after=3600)


async def check_may_file(session: Session, address: str) -> None:
    """Count one more application handed in from an address. Raises TooMany."""
    await _count(session, Bucket(_key(session.ring, f"file:{address_bucket(session.ring, address).key.hex()}"), FILING))


async def _count(session: Session, bucket: Bucket) -> None:
    try:
        await count(session, [bucket])
    except TooMany as error:
        raise TooMany("Too many applications were begun from here.", retry_after=error.retry_after) from None


def _key(ring: KeyRing, text: str) -> bytes:
    # Always the oldest live version: a count that moved with each rotation would be emptied by it.
    return ring.derive("device", b"applications:" + text.encode(), version=ring.versions("device")[0])
