"""Privacy of the log: no nonce twice; erasure and redaction leave the tree whole; nothing goes without its entry."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ledger.test_copies import audited, exported
from tests.ledger.world import BANK, FOUNDED, Log, drafts, released, written
from vault import ids
from vault.clock import FixedClock
from vault.crypto.canonical import b64, reread
from vault.db import LEDGER
from vault.errors import Conflict, Invalid, NotFound
from vault.ledger import reading
from vault.ledger.audit import Broken
from vault.ledger.catalogue import CATALOGUE, ActorKind, Kind
from vault.ledger.checkpoint import verify
from vault.ledger.events import Actor, Event, Item
from vault.ledger.leaf import draft, finish
from vault.ledger.own import own_entries, verify_own
from vault.ledger.partitions import Redacted
from vault.ledger.redaction import RETENTION, announce, remove
from vault.ledger.subjects import forget_subject, tags

_MADE: dict[str, Callable[[], object]] = {
    "requester": ids.new_uuid,
    "declaration": ids.new_uuid,
    "second": ids.new_uuid,
    "declaration_version": lambda: 1,
    "items": lambda: (Item("contact.phone", "masked"),),
    "roles": lambda: ("vetting",),
    "ref": lambda: ids.public(ids.RELEASE, ids.new_uuid()),
    "count": lambda: 1,
    "first": lambda: 0,
    "until": lambda: 5,
    **dict.fromkeys(("consent", "permit", "approval", "commit", "digest"), lambda: bytes(32)),
}


def an_event(name: str, kind: Kind) -> Event:
    """Some event of a kind, with everything it must carry."""
    actor = min(kind.actors)
    who = Actor(actor, None if actor in {ActorKind.PERSON, ActorKind.REGISTRY} else ids.new_uuid())
    fields = {field: _MADE.get(field, lambda: "code")() for field in kind.must}
    return Event(name=name, actor=who, **fields)  # type: ignore[arg-type]  # by the table above


@given(st.sampled_from(sorted(CATALOGUE)))
def test_every_kind_of_leaf_hides_behind_its_nonce(name: str) -> None:
    """The same event twice, of whichever kind: other nonces of 32 bytes, other hashes, and no id of a person."""
    event, entry_id = an_event(name, CATALOGUE[name]), ids.new_uuid()
    bodies = [reread(draft(event, entry_id, 7)) for _ in range(2)]
    assert bodies[0]["nonce"] != bodies[1]["nonce"]
    assert all(len(body["nonce"]) == 43 for body in bodies)
    one, other = (finish(body, index=0, seq=None, tag=None) for body in bodies)
    assert one.hash != other.hash
    assert b"psn_" not in one.body
    assert b"gnt_" not in one.body


async def redact(log: Log, first: int, count: int) -> int | None:
    async with log.database.begin() as session:
        announced = await announce(session, first, count, reason="retention-over")
    await log.drain()
    connection = await log.database.connect(LEDGER)
    try:
        return await remove(connection, announced, first, count)
    finally:
        await connection.close()


@pytest.fixture
async def old(log: Log, clock: FixedClock) -> Log:
    """A log of 300 entries whose time is over."""
    await log.put(drafts(300))
    await log.drain()
    clock.move(RETENTION + timedelta(days=1))
    return log


async def test_bodies_go_after_their_time(old: Log, tmp_path: Path) -> None:
    """Announced in the tree, then removed: fsck and an audit of the export hold, and sequence numbers go on."""
    before = await old.id_at(299)
    assert await redact(old, 100, 200) == 200
    assert (await old.fsck()).findings == []
    await old.record(released(BANK), person=(await old.person())[0])
    await old.drain()
    assert (await old.members())[-1]["seq"] == 150
    assert (await old.fsck()).findings == []
    await exported(old, tmp_path)
    done = audited(tmp_path, old.signer)
    assert (done.state.flaws, done.state.gone()) == ([], 200)
    async with old.database.begin() as session:
        for wanted in (reading.receipt_at(session, 150), reading.receipt_of(session, before)):
            with pytest.raises(Redacted):
                await wanted
        assert (await reading.receipt_at(session, 99)).index == 99
        with pytest.raises(NotFound):
            await reading.receipt_at(session, 10_000)


async def test_what_is_too_young_stays(log: Log, clock: FixedClock) -> None:
    """Before the time of the newest entry is over, nothing is announced."""
    await log.record(FOUNDED)
    await log.drain()
    clock.move(RETENTION - timedelta(days=1))
    for first, count, error in ((0, 1, Conflict), (0, 2, Invalid), (-1, 1, Invalid), (0, 0, Invalid), (5, 1, Invalid)):
        async with log.database.begin() as session:
            with pytest.raises(error):
                await announce(session, first, count, reason="retention-over")


async def test_nothing_goes_without_its_entry(old: Log) -> None:
    """The database itself refuses to remove a body that no entry covers, also to the owner; and the entry itself."""
    await redact(old, 0, 10)
    writer = await old.database.connect(LEDGER)
    owner = await asyncpg.connect(old.admin_url)
    try:
        for connection in (writer, owner):
            for call in ("10, 1", "9, 2", "0, 301", "0, 0", "0, NULL"):
                with pytest.raises(asyncpg.IntegrityConstraintViolationError):
                    await connection.execute(f"SELECT ledger_redact(0::smallint, {call})")
        for statement in ("idx = 10", "idx BETWEEN 5 AND 15", "event = 'ledger.redacted'", "true"):
            with pytest.raises(asyncpg.IntegrityConstraintViolationError):
                await owner.execute(f"DELETE FROM ledger_bodies WHERE {statement}")
        assert await owner.fetchval("SELECT count(*) FROM ledger_bodies") == 291
    finally:
        await writer.close()
        await owner.close()


async def test_an_entry_on_its_way_covers_nothing(old: Log) -> None:
    """Announced but not in the tree yet: not removed."""
    async with old.database.begin() as session:
        announced = await announce(session, 0, 5, reason="retention-over")
    connection = await old.database.connect(LEDGER)
    try:
        assert await remove(connection, announced, 0, 5) is None
        await old.drain()
        assert await remove(connection, announced, 0, 5) == 5
    finally:
        await connection.close()


async def test_more_than_was_announced_is_found(old: Log) -> None:
    """A body removed beyond the range, or under a digest of other hashes, is a finding of fsck."""
    await redact(old, 0, 10)
    await old.tamper("DELETE FROM ledger_bodies WHERE idx = 10")
    assert Broken.BODY_MISSING in {finding.kind for finding in (await old.fsck()).findings}


async def test_a_person_still_sees_that_nothing_is_missing(log: Log, clock: FixedClock) -> None:
    """After redaction a person's numbers have no hole: the redacted ones are named by their place."""
    person, k_s = await log.person()
    await log.record(*[written()] * 3, person=person)
    await log.drain()
    clock.move(RETENTION + timedelta(days=1))
    await log.record(written(), person=person)
    await redact(log, 0, 2)
    origin = log.signer.keys[-1].origin
    async with log.database.begin() as session:
        lines = await reading.history(session, k_s, 0, 4)
        assert [(line.withheld, len(line.entries)) for line in lines] == [(0, 0), (1, 0), (None, 1), (None, 1)]
        own = await own_entries(session, person, k_s, origin)
    held = verify_own(own, log.signer.keys, lambda note: verify(note, log.signer.keys))
    assert (held.proven, held.withheld, held.waiting) == (2, 2, 0)


async def test_after_erasure_tags_are_noise(log: Log) -> None:
    """The person's ledger key destroyed: nothing in the database leads to their entries, and the tree is whole."""
    person, k_s = await log.person()
    other, other_key = await log.person()
    await log.record(written(), written(), person=person)
    await log.record(written(), person=other)
    await log.drain()
    mine = {b64(tag) for tag in tags(k_s, 0, 0, 2)}
    assert {str(member["tag"]) for member in await log.members()} > mine
    async with log.database.begin() as session:
        await forget_subject(session, person)
    connection = await log.admin()
    try:
        left = await connection.fetch("SELECT person_id FROM ledger_subjects")
        assert [row["person_id"] for row in left] == [other]
    finally:
        await connection.close()
    async with log.database.begin() as session:
        with pytest.raises(NotFound):
            await own_entries(session, person, other_key, "x")
        found = await reading.history(session, other_key, 0, 5)
    assert sum(len(line.entries) for line in found) == 1
    with pytest.raises(NotFound):
        await log.record(written(), person=person)
    assert (await log.fsck()).holds
