"""Hidden access: recorded at once, counted in public at once, told to the person on a day fixed beforehand.

Where the law lets an authority act without the person knowing yet, the entry is appended in the same transaction as
ever and carries the person's tag, so that their numbers stay dense: they see a line that is hidden until a day, and
nothing else of it. The leaf holds that day and a commitment; the entry that would have been written lies sealed under
the key ring and opens by itself for whoever reads it after that day. Nobody can put the day off: the leaf has it.
Everybody may know, at any time, how many accesses of which authority, on which ground, are hidden, and for how long.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from vault import ids
from vault.clock import from_millis, millis
from vault.crypto.canonical import b64, reread
from vault.crypto.keyring import KeyRing, ring_open, ring_seal
from vault.crypto.sealing import mac, new_key, place, same
from vault.db import Session
from vault.errors import Invalid, Tampered
from vault.ids import EntryId, PersonId
from vault.ledger import log
from vault.ledger.events import REGISTRY, Event, check
from vault.ledger.leaf import draft
from vault.ledger.reading import Entry
from vault.ledger.subjects import key_and_count, tags
from vault.ledger.tables import BodyRow, HiddenRow, IdRow, OutboxRow

EVENT: Final = "access.hidden"
LONGEST: Final = timedelta(days=3 * 366)
"""Nothing stays hidden for longer."""
GROUNDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "court-order": "PIPL art. 35: an order of a court that says so",
        "criminal-investigation": "PIPL arts. 18 and 35: telling would hinder an investigation",
        "supervision": "PIPL art. 63: an inspection of an organisation that telling would defeat",
        "emergency": "PIPL arts. 13 and 18: life, health or property in an emergency",
    }
)
"""On what ground something may be hidden, and where the law says so."""
_PURPOSE: Final = "hidden"
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Veil:
    """What hides an access: the authority's name, the ground (one of GROUNDS), the moment it opens."""

    authority: str
    ground: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Count:
    """How many accesses of one authority on one ground are hidden now, and between which days they open."""

    authority: str
    ground: str
    count: int
    first_until: datetime
    last_until: datetime


async def append_hidden(session: Session, event: Event, *, person: PersonId, veil: Veil) -> EntryId:
    """Record an event about a person that they may not see yet: in the place of ``log.append(event, person=…)``.

    Raises Invalid when the event does not fit the catalogue, or the veil is no known ground or lifts too late.
    """
    check(event, tagged=True)
    check_veil(veil, session.now)
    until = from_millis(millis(veil.until))
    key = new_key()
    said = draft(event, ids.new_uuid(), millis(session.now))
    cover = Event(name=EVENT, actor=REGISTRY, until=millis(until), commit=mac(key, said))
    entry_id = await log.append(session, cover, person=person)
    sealed = ring_seal(session.ring, _PURPOSE, key + said, place("ledger_hidden", entry_id, "sealed"))
    session.add(HiddenRow(entry_id=entry_id, authority=veil.authority, ground=veil.ground, until=until, sealed=sealed))
    await session.flush()
    return entry_id


async def lift(session: Session, entries: Iterable[Entry]) -> list[Entry]:
    """The same entries, those opened whose day has come: with the members that were hidden, and ``hidden_until``.

    ``body``, ``index``, ``tag`` and what proves the entry stay those of the tree. Raises Tampered when what lies
    sealed is not what the leaf commits to, or the row says another day than the leaf.
    """
    given = list(entries)
    due = {
        each.members["id"]: each
        for each in given
        if each.members["event"] == EVENT and from_millis(each.members["until"]) <= session.now
    }
    if not due:
        return given
    wanted = [ids.parse(ids.ENTRY, name) for name in due]
    rows = {
        row.entry_id: row for row in await session.scalars(sa.select(HiddenRow).where(HiddenRow.entry_id.in_(wanted)))
    }
    return [_lifted(session.ring, each, rows) if each.members["id"] in due else each for each in given]


async def counts(session: Session) -> list[Count]:
    """What is hidden now, by authority and ground: for everybody. Raises Tampered when a row was edited."""
    found: dict[tuple[str, str], list[datetime]] = {}
    for row in await session.scalars(sa.select(HiddenRow).where(HiddenRow.until > session.now)):
        found.setdefault((row.authority, row.ground), []).append(row.until)
    return [Count(*who, len(days), min(days), max(days)) for who, days in sorted(found.items())]


async def totals(session: Session) -> tuple[int, int]:
    """How many hidden accesses were ever recorded here, and how many the ledger has: the second never exceeds the
    first, and what it falls short by is on its way into the tree."""
    kept = await session.scalar(sa.select(sa.func.count()).select_from(HiddenRow))
    said = await session.scalar(
        sa.select(sa.func.count()).select_from(BodyRow).where(BodyRow.shard == log.SHARD, BodyRow.event == EVENT)
    )
    return int(kept or 0), int(said or 0)


def check_veil(veil: Veil, now: datetime) -> None:
    """Raises Invalid unless the ground is known, the day comes soon enough and the authority has a name."""
    if veil.ground not in GROUNDS:
        raise Invalid.field("ground", f"is one of {', '.join(GROUNDS)}")
    if not now < veil.until <= now + LONGEST:
        raise Invalid.field("until", f"must be a moment within {LONGEST.days} days from now")
    if not 1 <= len(veil.authority) <= _LONGEST_NAME or not veil.authority.isprintable():
        raise Invalid.field("authority", f"must be 1 to {_LONGEST_NAME} printable characters")


def _lifted(ring: KeyRing, entry: Entry, rows: Mapping[EntryId, HiddenRow]) -> Entry:
    row = rows.get(EntryId(ids.parse(ids.ENTRY, entry.members["id"])))
    if row is None or millis(row.until) != entry.members["until"]:
        raise Tampered(private=f"what {entry.members['id']} hides is not there, or says another day")
    opened = ring_open(ring, _PURPOSE, row.sealed, place("ledger_hidden", row.entry_id, "sealed"))
    key, said = opened[:32], opened[32:]
    if not same(b64(mac(key, said)).encode(), entry.members["commit"].encode()):
        raise Tampered(private=f"what {entry.members['id']} hides is not what it commits to")
    members: dict[str, Any] = reread(said)
    kept = {name: entry.members[name] for name in ("index", "tag", "id") if name in entry.members}
    return Entry(entry.index, entry.body, members | kept | {"hidden_until": entry.members["until"]})


async def is_hiding(session: Session, person: PersonId) -> bool:
    """Whether an entry about this person is hidden from them now. That it is there, and until when, they see."""
    k_s, count = await key_and_count(session, person)
    theirs = tags(k_s, log.SHARD, 0, count)
    waiting = sa.select(OutboxRow.tag).where(OutboxRow.id == HiddenRow.entry_id, OutboxRow.tag.in_(theirs))
    in_tree = (
        sa.select(BodyRow.idx)
        .join(IdRow, sa.and_(IdRow.shard == BodyRow.shard, IdRow.idx == BodyRow.idx))
        .where(IdRow.id == HiddenRow.entry_id, BodyRow.tag.in_([b64(tag) for tag in theirs]))
    )
    found = sa.select(HiddenRow.entry_id).where(
        HiddenRow.until > session.now, sa.or_(waiting.exists(), in_tree.exists())
    )
    return await session.scalar(found.limit(1)) is not None
