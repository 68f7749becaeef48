"""Hourly keys: what hides a person's share inside codes and access tokens.

Made on demand, wrapped under the key ring (``token-keys``), new work for an hour, gone after two. Whoever gets
database and key ring later than that opens no old code or token.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from vault.authserver.errors import InvalidToken
from vault.authserver.tables import TokenKeyRow
from vault.crypto.keyring import KeyRing, ring_open, ring_seal
from vault.crypto.sealing import new_key, place
from vault.db import Database, Session
from vault.errors import CannotOpen
from vault.ids import new_uuid

PURPOSE: Final = "token-keys"
NEW_WORK: Final = timedelta(hours=1)
LIFE: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class TokenKey:
    """One hourly key, opened: 32 bytes. For new work within an hour of ``valid_from``, for opening until
    ``delete_after``."""

    id: UUID
    key: bytes = field(repr=False)
    valid_from: datetime
    delete_after: datetime

    def is_current(self, now: datetime) -> bool:
        """Whether new codes and tokens may use it."""
        return self.valid_from <= now < self.valid_from + NEW_WORK

    def is_usable(self, now: datetime) -> bool:
        """Whether it may open anything."""
        return now < self.delete_after


class NoTokenKey(InvalidToken):
    """The hourly key is not at hand: gone for good, or not loaded by this process yet."""

    def __init__(self) -> None:
        super().__init__("token-key", "The token's key is gone: get a new token.")


async def current_key(session: Session) -> TokenKey:
    """This hour's key; made by whoever needs it first. Of several at once, one makes it and all get it."""
    start = session.now.replace(minute=0, second=0, microsecond=0)
    row = await _of_hour(session, start)
    if row is None:
        fresh = TokenKey(new_uuid(), new_key(), start, start + LIFE)
        await session.execute(
            insert(TokenKeyRow)
            .values(id=fresh.id, wrapped=_wrap(session.ring, fresh), valid_from=start, delete_after=start + LIFE)
            .on_conflict_do_nothing()
        )
        row = await _of_hour(session, start)
    if row is None:
        raise CannotOpen(private="this hour's token key is deleted already")
    return _open(session.ring, row)


async def usable_keys(session: Session) -> list[TokenKey]:
    """Every key that may still open something: at most three."""
    found = await session.execute(sa.select(TokenKeyRow).where(TokenKeyRow.delete_after > session.now))
    return [_open(session.ring, row) for row in found.scalars()]


async def delete_old_keys(session: Session) -> int:
    """Hygiene: delete keys past their two hours. Returns how many. Opening them was refused before, too."""
    gone = await session.execute(
        sa.delete(TokenKeyRow).where(TokenKeyRow.delete_after <= session.now).returning(TokenKeyRow.id)
    )
    return len(gone.all())


async def _of_hour(session: Session, start: datetime) -> TokenKeyRow | None:
    found = await session.execute(sa.select(TokenKeyRow).where(TokenKeyRow.valid_from == start))
    return found.scalar_one_or_none()


def _wrap(ring: KeyRing, fresh: TokenKey) -> bytes:
    return ring_seal(ring, PURPOSE, fresh.key, _place(fresh.id, fresh.valid_from, fresh.delete_after))


def _open(ring: KeyRing, row: TokenKeyRow) -> TokenKey:
    """Raises CannotOpen for a key that was moved or given a longer life."""
    key = ring_open(ring, PURPOSE, row.wrapped, _place(row.id, row.valid_from, row.delete_after))
    return TokenKey(row.id, key, row.valid_from, row.delete_after)


def _place(key_id: UUID, valid_from: datetime, delete_after: datetime) -> bytes:
    return place("token_keys", key_id, "wrapped", [valid_from, delete_after])


class KeyCache:
    """The hourly keys this process has opened; drops each at its time. One per process."""

    def __init__(self) -> None:
        self._keys: dict[UUID, TokenKey] = {}

    def held(self, key_id: UUID, now: datetime) -> TokenKey:
        """The key, if it may be used and is here. Raises NoTokenKey."""
        self._drop(now)
        if key_id not in self._keys or not self._keys[key_id].is_usable(now):
            raise NoTokenKey
        return self._keys[key_id]

    async def current(self, db: Database) -> TokenKey:
        """This hour's key, from here or from the database."""
        now = db.clock.now()
        for key in self._keys.values():
            if key.is_current(now):
                return key
        made = await db.run(current_key)
        self.put(made)
        return made

    def put(self, key: TokenKey) -> None:
        """Remember a key until its time."""
        self._keys[key.id] = key

    async def get(self, db: Database, key_id: UUID) -> TokenKey:
        """The key, from here or from the database. Raises NoTokenKey when it is gone for good."""
        try:
            return self.held(key_id, db.clock.now())
        except NoTokenKey:
            await self.load(db)
        return self.held(key_id, db.clock.now())

    async def load(self, db: Database) -> None:
        """Take in the keys that other processes made."""
        for key in await db.run(usable_keys):
            self.put(key)

    def _drop(self, now: datetime) -> None:
        for key_id in [k for k, key in self._keys.items() if now >= key.delete_after]:
            del self._keys[key_id]
