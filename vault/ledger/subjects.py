"""Tags: how a person, and nobody else, finds every entry about them.

Each person has a ledger key ``k_s`` and a counter without gaps. The entry numbered n carries the tag
HMAC-SHA-256(k_s, parts) with the parts ``"tag"``, the shard (2 bytes, big-endian) and n (8 bytes,
big-endian), each led by its length in 4 bytes (``vault.crypto.sealing.mac``). Strangers cannot link
two tags; the holder of ``k_s`` computes 0, 1, 2, … and sees any hole. ``k_s`` lies here under the
key ring, for writing, and in the person's bundle, for reading. Destroying both makes the tags noise.
"""

from collections.abc import Collection

import sqlalchemy as sa

from vault.crypto.canonical import b64
from vault.crypto.keyring import KeyRing, ring_open, ring_seal
from vault.crypto.sealing import mac, new_key, place
from vault.db import Session
from vault.errors import NotFound
from vault.ids import PersonId
from vault.ledger.tables import BodyRow, SubjectRow, WithheldRow

_PURPOSE = "subject"


def tags(k_s: bytes, shard: int, start: int, count: int) -> list[bytes]:
    """The tags numbered ``start`` to ``start + count - 1``, 32 bytes each."""
    where = shard.to_bytes(2)
    return [mac(k_s, b"tag", where, n.to_bytes(8)) for n in range(start, start + count)]


def open_key(ring: KeyRing, person: PersonId, blob: bytes) -> bytes:
    """``k_s`` from ``ledger_subjects.key``. Raises CannotOpen."""
    return ring_open(ring, _PURPOSE, blob, _place(person))


async def create_subject(session: Session, person: PersonId) -> bytes:
    """Give a new person a ledger key and a counter at 0. Returns ``k_s``, which belongs into the person's bundle."""
    k_s = new_key()
    blob = ring_seal(session.ring, _PURPOSE, k_s, _place(person))
    await session.execute(sa.insert(SubjectRow).values(person_id=person, next_n=0, key=blob))
    return k_s


async def next_tag(session: Session, person: PersonId, shard: int) -> bytes:
    """Take the person's next number and return its tag. Locks the counter until the transaction ends.

    If the transaction rolls back, so does the number: no hole. Raises NotFound for a person without a key.
    """
    found = await session.execute(
        sa.update(SubjectRow)
        .where(SubjectRow.person_id == person)
        .values(next_n=SubjectRow.next_n + 1)
        .returning(SubjectRow.next_n - 1, SubjectRow.key)
        .execution_options(synchronize_session=False)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound(private="no ledger key for this person")
    return tags(open_key(session.ring, person, row[1]), shard, row[0], 1)[0]


async def key_and_count(session: Session, person: PersonId) -> tuple[bytes, int]:
    """``k_s`` and how many tags were handed out: each of them must be found, in the tree or in the outbox."""
    found = await session.execute(sa.select(SubjectRow.key, SubjectRow.next_n).where(SubjectRow.person_id == person))
    row = found.one_or_none()
    if row is None:
        raise NotFound(private="no ledger key for this person")
    return open_key(session.ring, person, row[0]), row[1]


async def hold_subject(session: Session, person: PersonId) -> None:
    """Lock the person's counter until the transaction ends: nobody else records anything about them meanwhile.

    Raises NotFound for a person without a key.
    """
    mine = sa.select(SubjectRow.person_id).where(SubjectRow.person_id == person).with_for_update()
    if await session.scalar(mine) is None:
        raise NotFound(private="no ledger key for this person")


async def is_about(session: Session, person: PersonId, indexes: Collection[int], shard: int) -> bool:
    """Whether one of the entries at these indexes, which are in the tree, is about this person."""
    if not indexes:
        return False
    k_s, count = await key_and_count(session, person)
    theirs = [b64(tag) for tag in tags(k_s, shard, 0, count)]
    for table in (BodyRow, WithheldRow):
        found = sa.select(table.idx).where(table.shard == shard, table.idx.in_(indexes), table.tag.in_(theirs))
        if await session.scalar(found.limit(1)) is not None:
            return True
    return False


async def forget_subject(session: Session, person: PersonId) -> None:
    """Destroy the person's ledger key here: their tags become noise to the registry. The tree stays whole."""
    await session.execute(sa.delete(SubjectRow).where(SubjectRow.person_id == person))


def _place(person: PersonId) -> bytes:
    return place("ledger_subjects", person, "key")
