"""Publishing: what is out verifies elsewhere, never changes, and stops rather than lie."""

import asyncio
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from tests.ledger.shelves import accepted, files, publisher
from tests.ledger.world import FORGED, FOUNDED, ORIGIN, Log
from vault.clock import FixedClock
from vault.errors import Tampered, VaultError
from vault.ledger.checkpoint import Checkpoint
from vault.ledger.cosignature import cosignatures
from vault.ledger.places import Place
from vault.ledger.publisher import Answers
from vault.ledger.shelf import Shelf, ShelfFailed, Told
from vault.witness.publishing import log_signing


async def test_another_implementation_accepts_what_is_published(log: Log, tmp_path: Path) -> None:
    """Step by step, over tile borders: root, entries, Ed25519 and ML-DSA-44 hold, and whole files never change."""
    before: dict[str, bytes] = {}
    for count, size in ((1, 1), (255, 256), (44, 300), (300, 600)):
        await log.fill(count)
        await log.drain()
        status = await publisher(log, tmp_path).publish()
        assert (status.size, status.reached, status.problem, status.waiting) == (size, size, "", False)
        assert accepted(log, tmp_path) == size
        now = files(tmp_path)
        assert all(now[name] == old for name, old in before.items() if name != "checkpoint" and ".p/" not in name)
        before = now
    assert "tile/0/000.p/1" not in before
    assert {"tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/001", "tile/entries/002.p/88"} < set(
        before
    )


async def test_one_publisher_goes_on_where_it_stands(log: Log, tmp_path: Path) -> None:
    """A publisher that keeps running publishes what comes, one folder from a thousand at once or one by one."""
    await log.fill(700)
    await log.drain()
    running = publisher(log, tmp_path)
    task = asyncio.create_task(running.run())
    try:
        async with asyncio.timeout(20):
            for size in (700, 701, 702):
                while running.status.size < size:
                    await asyncio.sleep(0.01)
                await log.record(FOUNDED)
                await log.drain()
            while running.status.size < 703:
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert accepted(log, tmp_path) == 703
    assert Shelf(tmp_path).status() == running.status


async def test_bundles_are_for_their_owner_only(log: Log, tmp_path: Path) -> None:
    """On the disk too, what entries say is readable by the publishing account and nobody else."""
    await log.record(FOUNDED)
    await log.drain()
    await publisher(log, tmp_path).publish()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "tile/entries").rglob("1")}
    assert modes == {"1": 0o600}


async def test_an_empty_log_publishes_nothing(log: Log, tmp_path: Path) -> None:
    """Before the first entry there is no checkpoint to show."""
    assert (await publisher(log, tmp_path).publish()).size == 0
    assert files(tmp_path) == {}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entries SET leaf_hash = decode(repeat('00', 32), 'hex') WHERE idx = 280",
        "ALTER TABLE ledger_bodies DROP CONSTRAINT ck_ledger_bodies_fits; "
        "UPDATE ledger_bodies SET body = body || ' ' WHERE idx = 280",
        "DELETE FROM ledger_entries WHERE idx = 280",
        FORGED,
        "DELETE FROM ledger_checkpoints; UPDATE ledger_heads SET size = 0",
    ],
    ids=["leaf hash", "body", "entry gone", "forged checkpoint", "all gone"],
)
async def test_what_was_edited_is_not_published(log: Log, tmp_path: Path, statement: str) -> None:
    """A superuser's edit before publication: nothing new comes out, what is out stays, and the problem is named."""
    await log.fill(270)
    await log.drain()
    await publisher(log, tmp_path).publish()
    out = files(tmp_path)
    await log.fill(30)
    await log.drain()
    await log.tamper(statement)
    with pytest.raises((Tampered, VaultError)):
        await publisher(log, tmp_path).publish()
    assert files(tmp_path) == out
    running = publisher(log, tmp_path)
    task = asyncio.create_task(running.run())
    async with asyncio.timeout(10):
        while not running.status.problem:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    told = Shelf(tmp_path).status()
    assert told is not None
    assert told.problem


async def test_a_second_publisher_waits(log: Log, tmp_path: Path) -> None:
    """While one process writes a folder, another does not touch it; when the first is gone it goes on."""
    await log.record(FOUNDED)
    await log.drain()
    first = Shelf(tmp_path)
    assert first.lock()
    assert first.lock()
    with pytest.raises(ShelfFailed, match="Another"):
        await publisher(log, tmp_path).publish()
    assert files(tmp_path) == {}
    first.unlock()
    assert (await publisher(log, tmp_path).publish()).size == 1


async def test_another_logs_folder_is_left_alone(log: Log, tmp_path: Path) -> None:
    """A folder whose checkpoint another key signed, or that holds rubbish, is refused and not changed."""
    await log.record(FOUNDED)
    await log.drain()
    await publisher(log, tmp_path).publish()
    note = (tmp_path / "checkpoint").read_text()
    for foreign in (note.replace("ledger.example", "other.example"), "rubbish", "\xff", "x" * 70_000):
        (tmp_path / "checkpoint").write_text(foreign, encoding="latin-1" if foreign == "\xff" else "utf-8")
        with pytest.raises(VaultError):
            await publisher(log, tmp_path).publish()
        assert (tmp_path / "checkpoint").read_bytes()[:1] == foreign.encode("latin-1", "replace")[:1]


async def test_a_file_that_holds_something_else_stops_it(log: Log, tmp_path: Path) -> None:
    """What was written is never written over: a false file in the way is named, and no checkpoint covers it."""
    await log.fill(256)
    await log.drain()
    (tmp_path / "tile/0").mkdir(parents=True)
    (tmp_path / "tile/0/000").write_bytes(b"false")
    with pytest.raises(ShelfFailed, match="tile/0/000"):
        await publisher(log, tmp_path).publish()
    assert (tmp_path / "tile/0/000").read_bytes() == b"false"
    assert not (tmp_path / "checkpoint").exists()


async def test_a_full_disk_stops_publishing_only(log: Log, tmp_path: Path) -> None:
    """Where nothing can be written, publishing says so; entries go on being recorded."""
    await log.record(FOUNDED)
    await log.drain()
    await publisher(log, tmp_path).publish()
    shelf = Shelf(Path("/dev/full") / "log")
    running = publisher(log, tmp_path)
    running._shelf = shelf
    task = asyncio.create_task(running.run())
    async with asyncio.timeout(10):
        while not running.status.problem:
            await asyncio.sleep(0.01)
    await log.record(FOUNDED)
    assert await log.drain() == 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert accepted(log, tmp_path) == 1


class Somebody:
    """Witnesses who answer what a test tells them to."""

    def __init__(self) -> None:
        self.answers = Answers((), False, (Told("w", 0, 0, "no answer"),))
        self.paths: list[list[bytes]] = []

    async def ask(self, checkpoint: Checkpoint, note: str, path: object) -> Answers:
        assert callable(path)
        if checkpoint.size > 1:
            self.paths.append(await path(1))
        return self.answers


async def test_without_a_quorum_nothing_is_shown(log: Log, tmp_path: Path) -> None:
    """Witnesses down: files are there, the checkpoint waits and says so; when they answer, it comes out."""
    await log.fill(3)
    await log.drain()
    witnesses = Somebody()
    status = await publisher(log, tmp_path, witnesses=witnesses).publish()
    assert (status.size, status.reached, status.waiting) == (0, 3, True)
    assert [told.problem for told in status.witnesses] == ["no answer"]
    assert not (tmp_path / "checkpoint").exists()
    witnesses.answers = Answers()
    assert (await publisher(log, tmp_path, witnesses=witnesses).publish()).size == 3
    assert len(witnesses.paths[-1]) == 2
    assert accepted(log, tmp_path) == 3


def test_partial_files_end_with_the_whole_one(tmp_path: Path) -> None:
    """Once a tile is full its beginnings are tidied away, also those that a crash left."""
    shelf = Shelf(tmp_path)
    assert shelf.lock()
    (tmp_path / ".tmp" / "left").write_bytes(b"half")
    shelf.unlock()
    assert shelf.lock()
    shelf.put([(Place(0, 1000, 3), b"a" * 96), (Place(0, 1000, 4), b"a" * 128)])
    shelf.put([(Place(0, 1000, 3), b"a" * 96)])
    shelf.put([(Place(0, 1000), b"a" * 8192)])
    assert set(files(tmp_path)) == {"tile/0/x001/000"}
    assert list((tmp_path / ".tmp").iterdir()) == []
    assert shelf.read(Place(0, 1000)) == b"a" * 8192
    assert shelf.read(Place(0, 1000, 3)) is None


async def test_checkpoints_are_dated_forward_only(log: Log, tmp_path: Path, clock: FixedClock) -> None:
    """A clock that is set back dates no later checkpoint before an earlier one, in this process and in the next."""
    second = log_signing(log.database.ring, ORIGIN).second
    assert second is not None
    running, moments = publisher(log, tmp_path), []
    for jump in (0, -3600, 10, -86_400):
        clock.move(timedelta(seconds=jump))
        await log.record(FOUNDED)
        await log.drain()
        running = running if jump > -86_400 else publisher(log, tmp_path)
        await running.publish()
        (made,) = cosignatures((tmp_path / "checkpoint").read_text(), [second.key])
        moments.append(made.at)
    assert moments == sorted(moments)
    assert accepted(log, tmp_path) == 4
