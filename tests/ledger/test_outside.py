"""What others remember: a database that lost entries, or holds others, is not written on."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from tests.ledger.shelves import publisher
from tests.ledger.world import FOUNDED, ORIGIN, Log, running
from vault.clock import FixedClock
from vault.errors import Tampered
from vault.ledger.checkpoint import Checkpoint
from vault.ledger.heartbeat import beat
from vault.ledger.outside import Outside, Promise, Published
from vault.ledger.sequencer import Sequencer
from vault.ledger.shelf import Shelf

BACKUP = """
CREATE TABLE kept_heads AS TABLE ledger_heads; CREATE TABLE kept_entries AS TABLE ledger_entries;
CREATE TABLE kept_bodies AS TABLE ledger_bodies; CREATE TABLE kept_tiles AS TABLE ledger_tiles;
CREATE TABLE kept_checkpoints AS TABLE ledger_checkpoints
"""
RESTORE = """
TRUNCATE ledger_heads, ledger_entries, ledger_bodies, ledger_tiles, ledger_checkpoints;
INSERT INTO ledger_heads TABLE kept_heads; INSERT INTO ledger_entries TABLE kept_entries;
INSERT INTO ledger_bodies TABLE kept_bodies; INSERT INTO ledger_tiles TABLE kept_tiles;
INSERT INTO ledger_checkpoints TABLE kept_checkpoints;
DROP TABLE kept_heads, kept_entries, kept_bodies, kept_tiles, kept_checkpoints
"""


def leader(log: Log, *outside: Outside) -> Sequencer:
    return Sequencer(log.database, log.signer).heeding(*outside)


async def test_a_restored_backup_is_not_written_on(log: Log, tmp_path: Path) -> None:
    """An old backup is consistent in itself; the published checkpoint shows that entries are gone, and says what to
    do. Nothing is written, and a sequencer without that memory would have."""
    await log.fill(300)
    await log.drain()
    await log.tamper(BACKUP)
    await log.fill(10)
    await log.drain()
    await publisher(log, tmp_path).publish()
    await log.tamper(RESTORE)
    await log.fill(5)
    folder = Published(Shelf(tmp_path), log.signer.keys)
    with pytest.raises(Tampered) as caught:
        await leader(log, folder).drain()
    assert "holds 300 entries" in caught.value.private
    assert "covers 310" in caught.value.private
    assert "docs/ledger.md" in caught.value.private
    assert await log.waiting() == 5
    with pytest.raises(Tampered):
        await publisher(log, tmp_path).publish()
    assert await leader(log).drain() == 305


async def test_a_running_leader_says_that_it_refuses(log: Log, tmp_path: Path) -> None:
    """A sequencer that runs does not lead and names the reason, and leads once the folder agrees again."""
    await log.fill(3)
    await log.drain()
    await publisher(log, tmp_path).publish()
    note = (tmp_path / "checkpoint").read_text()
    (tmp_path / "checkpoint").write_text(log.signer.note(Checkpoint(ORIGIN, 9, bytes(32))))
    sequencer = leader(log, Published(Shelf(tmp_path), log.signer.keys))
    async with running(sequencer):
        async with asyncio.timeout(10):
            while sequencer.failure is None:
                await asyncio.sleep(0.01)
        assert not sequencer.leading
    (tmp_path / "checkpoint").write_text(note)
    await log.fill(1)
    assert await leader(log, Published(Shelf(tmp_path), log.signer.keys)).drain() == 4


async def test_another_history_is_not_continued(log: Log, tmp_path: Path) -> None:
    """Long enough but different, or with a checkpoint in the folder that nobody signed: refused."""
    await log.fill(20)
    await log.drain()
    for forked in (
        log.signer.note(Checkpoint(ORIGIN, 12, bytes(32))),
        log.signer.note(Checkpoint(ORIGIN, 12, bytes(32))).replace("—", "— x"),
        "rubbish",
    ):
        (tmp_path / "checkpoint").write_text(forked)
        with pytest.raises(Tampered):
            await leader(log, Published(Shelf(tmp_path), log.signer.keys)).drain()


class Elephant:
    """Somebody who remembers a size."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.notes: list[str | None] = []

    async def promised(self, note: str | None) -> Sequence[Promise]:
        self.notes.append(note)
        return [Promise("an elephant", self.size)]


async def test_everybody_is_asked_before_leading(log: Log, tmp_path: Path) -> None:
    """One memory of more than there is is enough; an empty folder says nothing."""
    await log.fill(2)
    small, large = Elephant(2), Elephant(3)
    folder = Published(Shelf(tmp_path / "none"), log.signer.keys)
    with pytest.raises(Tampered):
        await leader(log, folder, small).drain()
    small.size = 0
    assert await leader(log, folder, small).drain() == 2
    with pytest.raises(Tampered) as caught:
        await leader(log, folder, small, large).drain()
    assert "an elephant" in caught.value.private
    assert large.notes[0] is not None


async def test_a_heartbeat_when_nothing_came(log: Log, clock: FixedClock) -> None:
    """Not in an empty log, not soon after an entry, not while one waits; then once, and again after as long."""
    minute = timedelta(seconds=60)
    assert not await log.database.run(beat, minute)
    await log.record(FOUNDED)
    await log.drain()
    clock.move(timedelta(seconds=59))
    assert not await log.database.run(beat, minute)
    clock.move(timedelta(seconds=1))
    assert await log.database.run(beat, minute)
    assert not await log.database.run(beat, minute)
    await log.drain()
    assert not await log.database.run(beat, minute)
    clock.move(minute)
    assert await log.database.run(beat, minute)
    await log.drain()
    assert [each["event"] for each in await log.members()] == ["registry.founded", "log.heartbeat", "log.heartbeat"]


async def test_the_heart_beats_on_when_the_clock_jumps(log: Log, clock: FixedClock) -> None:
    """Set back by a day, once at once and then in its measure; set forward, the same: never silent until it is there
    again, never in a storm."""
    minute = timedelta(seconds=60)
    await log.record(FOUNDED)
    await log.drain()
    for jump in (timedelta(days=-1), timedelta(days=3)):
        clock.move(jump)
        beats = 0
        for _ in range(4):
            beats += await log.database.run(beat, minute)
            await log.drain()
        assert beats == 1
        clock.move(minute)
        assert await log.database.run(beat, minute)
        await log.drain()
    assert (await log.fsck()).findings == []


ENDLESS = """
import sys
from pathlib import Path
from vault.ledger.checkpoint import Checkpoint
from vault.ledger.places import ENTRIES, Place
from vault.ledger.shelf import Shelf
from vault.ledger.tiles import bundle
from vault.ledger.tree import Edge, leaf_hash
from vault.crypto.keyring import MemoryRing
from vault.ledger.checkpoint import ring_signer
shelf, edge, entries = Shelf(Path(sys.argv[1])), Edge(), []
signer = ring_signer(MemoryRing("00000000", {"ledger": {1: b"k" * 32}}), "ledger.example/test")
assert shelf.lock()
while True:
    fresh = [b"%d" % (edge.size + at) for at in range(37)]
    before = edge.size
    edge.extend([leaf_hash(each) for each in fresh])
    entries += fresh
    n, width = divmod(edge.size, 256)
    files = [(Place(tile.level, tile.n), tile.hashes) for tile in edge.finished_tiles(before)]
    files += [(Place(ENTRIES, at), bundle(entries[at * 256 : at * 256 + 256])) for at in range(before // 256, n)]
    if width:
        files += [(Place(ENTRIES, n, width), bundle(entries[n * 256 :]))]
        files += [(Place(0, n, width), b"".join(edge.node(0, n * 256 + at) for at in range(width)))]
    if n:
        files += [(Place(1, 0, n), b"".join(edge.node(8, at) for at in range(n)))]
    shelf.put(files)
    shelf.set_checkpoint(signer.note(Checkpoint("ledger.example/test", edge.size, edge.root())))
    print(edge.size, flush=True)
"""


def test_a_killed_publisher_leaves_a_log_that_holds(tmp_path: Path) -> None:
    """kill -9 in the midst of writing, ten times: what is out is whole, and the next one can write at once."""
    from tlog_scales.backend import LocalBackend
    from tlog_scales.reader import TilesReader

    sizes = []
    for round_ in range(10):
        folder = tmp_path / str(round_ % 2)
        command = [sys.executable, "-c", ENDLESS, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.getcwd()}) as process:
            assert process.stdout is not None
            for _ in range(3 + round_):
                assert process.stdout.readline()
            process.send_signal(signal.SIGKILL)
        reader = TilesReader(LocalBackend(folder))
        point = reader.get_checkpoint()
        assert reader.calculate_root_hash() == point.root_hash
        assert reader.get_entry(point.size - 1) == b"%d" % (point.size - 1)
        sizes.append(point.size)
    assert Shelf(tmp_path / "0").lock()
    assert min(sizes) > 0
