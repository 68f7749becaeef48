"""What was redacted leaves the published bundles too, and nothing else does: tiles, tree and proofs stay."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.ledger.shelves import accepted, files, publisher
from tests.ledger.test_copies import audited
from tests.ledger.test_redaction import redact
from tests.ledger.world import FOUNDED, Log, drafts
from vault.clock import FixedClock
from vault.errors import Tampered
from vault.ledger.events import REGISTRY, Event
from vault.ledger.places import ENTRIES, Place
from vault.ledger.redaction import RETENTION, announce
from vault.ledger.shelf import Shelf
from vault.ledger.tiles import unbundle
from vault.ledger.tree import leaf_hash


@pytest.fixture
async def out(log: Log, clock: FixedClock, tmp_path: Path) -> Log:
    """A published log of 600 entries whose time is over."""
    await log.put(drafts(600))
    await log.drain()
    await publisher(log, tmp_path).publish()
    clock.move(RETENTION + timedelta(days=1))
    return log


def entries(folder: Path, n: int, width: int = 256) -> list[bytes]:
    found = Shelf(folder).read(Place(ENTRIES, n, width))
    assert found is not None
    return unbundle(found, width)


async def test_published_bundles_are_emptied(out: Log, tmp_path: Path) -> None:
    """Over a border, whole and unfinished bundles alike: the bytes are in no file any more; every hash tile is as it
    was, and an audit of the folder wants nothing but the entry that says so."""
    before, secret = files(tmp_path), [entries(tmp_path, 0)[at] for at in (200, 255)]
    secret += [entries(tmp_path, 1)[7], entries(tmp_path, 2, 88)[3]]
    assert await redact(out, 200, 350) == 350
    running = publisher(out, tmp_path)
    assert (await running.publish()).size == 601
    now = files(tmp_path)
    assert not [name for name, content in now.items() for each in secret if each in content]
    kept = {name: content for name, content in before.items() if name.startswith("tile/0/") and ".p/" not in name}
    assert {name: now[name] for name in kept} == kept
    assert [at for at, entry in enumerate(entries(tmp_path, 0)) if not entry] == list(range(200, 256))
    assert entries(tmp_path, 1) == [b""] * 256
    assert leaf_hash(entries(tmp_path, 0)[199]) == before["tile/0/000"][199 * 32 : 200 * 32]
    done = audited(tmp_path, out.signer)
    assert (done.state.flaws, done.state.gone()) == ([], 350)
    await out.record(*[FOUNDED] * 200)
    await out.drain()
    assert (await running.publish()).size == 801
    assert entries(tmp_path, 2)[:38] == [b""] * 38
    assert not [name for name, content in files(tmp_path).items() for each in secret if each in content]


async def test_a_tail_that_is_in_memory_is_emptied_too(out: Log, tmp_path: Path) -> None:
    """A publisher that runs on does not bring bytes back when the bundle is finished, nor does one that starts late."""
    running = publisher(out, tmp_path)
    await running.publish()
    secret = entries(tmp_path, 2, 88)[80]
    await redact(out, 590, 5)
    await running.publish()
    await out.record(*[FOUNDED] * 300)
    await out.drain()
    await running.publish()
    assert not [name for name, content in files(tmp_path).items() if secret in content]
    assert accepted(out, tmp_path) == 901


async def test_announced_is_not_removed(out: Log, tmp_path: Path) -> None:
    """While the database still has the bytes, the folder has them; afterwards neither."""
    async with out.database.begin() as session:
        await announce(session, 0, 5, reason="retention-over")
    await out.drain()
    running = publisher(out, tmp_path)
    await running.publish()
    assert all(entries(tmp_path, 0))
    assert await redact(out, 0, 5) == 5
    await running.publish()
    assert entries(tmp_path, 0)[:6].count(b"") == 5


async def test_what_announces_stays(out: Log, tmp_path: Path, clock: FixedClock) -> None:
    """A later redaction over an earlier one leaves the entry that covers it."""
    await redact(out, 0, 5)
    await publisher(out, tmp_path).publish()
    clock.move(RETENTION + timedelta(days=1))
    assert await redact(out, 500, 101) == 100
    running = publisher(out, tmp_path)
    await running.publish()
    left = entries(tmp_path, 2, 90)
    assert (left[:88], bool(left[88])) == ([b""] * 88, True)
    assert audited(tmp_path, out.signer).state.flaws == []


async def test_a_false_announcement_empties_nothing(out: Log, tmp_path: Path) -> None:
    """Of other entries than those it names: publishing stops, and the folder keeps what it had."""
    false = Event(name="ledger.redacted", actor=REGISTRY, first=0, count=5, digest=bytes(32), reason="retention-over")
    await out.record(false)
    await out.drain()
    await out.tamper("DELETE FROM ledger_bodies WHERE idx < 5")
    before = files(tmp_path)
    with pytest.raises(Tampered):
        await publisher(out, tmp_path).publish()
    now = files(tmp_path)
    assert now["tile/entries/000"] == before["tile/entries/000"]
