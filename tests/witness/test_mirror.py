"""A mirror: it holds and derives everything before it cosigns, and finds what a superuser edited."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.conftest import NOW
from tests.ledger.shelves import accepted, files, publisher
from tests.ledger.world import ORIGIN, Log
from tests.witness.town import Town, asked, town
from vault.clock import FixedClock
from vault.db import REGULATOR
from vault.ledger.checkpoint import Checkpoint, parse
from vault.ledger.cosignature import parse_cosigner
from vault.ledger.places import ENTRIES, Place
from vault.ledger.shelf import Shelf
from vault.ledger.tiles import bundle, unbundle
from vault.ledger.tree import Edge
from vault.witness import keys
from vault.witness.columns import DatabaseColumns
from vault.witness.deriving import Deriver, NotDerivable, derive
from vault.witness.memory import Known, Memory
from vault.witness.mirror import Mirror
from vault.witness.rules import Declined, Logbook
from vault.witness.service import Service
from vault.witness.source import FolderSource

ONLY = "quorum m"


@asynccontextmanager
async def mirrored(log: Log, folder: Path, *, holes: bool = False) -> AsyncIterator[Mirror]:
    """A mirror of the log of a test, with the database in a regulator's eyes."""
    shelf = Shelf(folder / "copy")
    assert shelf.lock()
    connection = await log.database.connect(REGULATOR)
    try:
        source = FolderSource(folder / "log")
        yield Mirror(source, shelf, columns=DatabaseColumns(connection), accepts_holes=holes)
    finally:
        await connection.close()
        shelf.unlock()


@asynccontextmanager
async def witnessed_by(log: Log, folder: Path, mirror: Mirror) -> AsyncIterator[tuple[Town, object]]:
    """The mirror as the only witness of the log."""
    async with town(log, folder / "w") as (there, client):
        own = keys.create(folder / "m", "m.example")
        Memory.create(folder / "m")
        with Memory(folder / "m") as memory:
            book = Logbook({ORIGIN: log.signer.keys})
            there.services["m"] = Service(own, memory, book, clock=FixedClock(NOW), examiner=mirror)
            there.vkeys["m"] = own.cosigners[0].key.vkey()
            yield there, asked(log, there, client, ONLY)


async def test_it_cosigns_what_it_holds(log: Log, tmp_path: Path) -> None:
    """The files are there before the checkpoint is out: it copies and derives them, then cosigns; its copy is the log,
    byte for byte, and another implementation accepts it."""
    async with mirrored(log, tmp_path) as mirror, witnessed_by(log, tmp_path, mirror) as (there, witnesses):
        for count, size in ((1, 1), (299, 300), (300, 600)):
            await log.fill(count)
            await log.drain()
            out = publisher(log, tmp_path / "log", witnesses=witnesses)
            assert (await out.publish()).size == size
            accepted(log, tmp_path / "log", parse_cosigner(there.vkeys["m"]))
        one, copy = files(tmp_path / "log"), files(tmp_path / "copy")
        assert {name for name in one if ".p/" not in name} == {name for name in copy if ".p/" not in name}
        assert all(copy[name] == one[name] for name in copy if name in one and name != "checkpoint")
        assert mirror.findings == []


EDITS = {
    "a column": "UPDATE ledger_bodies SET event = 'grant.given' WHERE idx = 290",
    "another id": "UPDATE ledger_entries SET id = gen_random_uuid() WHERE idx = 290",
    "a row gone": "DELETE FROM ledger_entries WHERE idx = 290",
}


@pytest.mark.parametrize("edit", EDITS)
async def test_what_was_edited_before_it_came(log: Log, tmp_path: Path, edit: str) -> None:
    """A superuser edits a row beside an entry that is published: the mirror finds it, says so, and cosigns nothing
    from then on; fsck finds it too."""
    await log.fill(300)
    await log.drain()
    await publisher(log, tmp_path / "log").publish()
    await log.tamper("ALTER TABLE ledger_bodies DROP CONSTRAINT ck_ledger_bodies_fits")
    await log.tamper(EDITS[edit])
    async with mirrored(log, tmp_path) as mirror:
        note = (tmp_path / "log/checkpoint").read_text()
        point = Checkpoint(ORIGIN, 300, Edge().root())
        with pytest.raises(Declined):
            await mirror.examine(_point(note), note, Known())
        assert "290" in mirror.findings[0]
        with pytest.raises(Declined, match="since"):
            await mirror.examine(point, note, Known())
    assert any(finding.at == 290 for finding in (await log.fsck()).findings)


async def test_what_is_edited_afterwards(log: Log, tmp_path: Path) -> None:
    """An old row that is edited after it was cosigned is found when its turn comes, and fsck finds it as well."""
    await log.fill(700)
    await log.drain()
    await publisher(log, tmp_path / "log").publish()
    async with mirrored(log, tmp_path) as mirror:
        note = (tmp_path / "log/checkpoint").read_text()
        await mirror.examine(_point(note), note, Known())
        for _ in range(4):
            await mirror.compare_old(700, 300)
        await log.tamper("ALTER TABLE ledger_bodies DROP CONSTRAINT ck_ledger_bodies_fits")
        await log.tamper("UPDATE ledger_bodies SET purpose = 'marketing' WHERE idx = 650")
        with pytest.raises(Declined, match="purpose of entry 650"):
            await mirror.compare_old(700, 700)
        with pytest.raises(Declined, match="since"):
            await mirror.examine(_point(note), note, Known())
    assert any(finding.at == 650 for finding in (await log.fsck()).findings)


async def test_what_does_not_hash_is_not_cosigned(log: Log, tmp_path: Path) -> None:
    """A bundle or a tile changed on the way, missing, cut or too long: declined, nothing of it is kept as the log."""
    await log.fill(300)
    await log.drain()
    await publisher(log, tmp_path / "log").publish()
    note = (tmp_path / "log/checkpoint").read_text()
    shelf = Shelf(tmp_path / "log")
    for place in (Place(ENTRIES, 1, 44), Place(0, 1, 44), Place(0, 0)):
        path = tmp_path / "log" / place.path
        whole = path.read_bytes()
        bent = bytearray(whole)
        bent[-1] ^= 1
        for content in (bytes(bent), whole[:-1], b"", None):
            path.unlink()
            if content is not None:
                path.write_bytes(content)
            async with mirrored(log, tmp_path) as mirror:
                with pytest.raises(Declined):
                    await mirror.examine(_point(note), note, Known())
            path.write_bytes(whole)
    assert not (tmp_path / "copy/checkpoint").exists()
    assert shelf.read(Place(0, 0)) is not None
    async with mirrored(log, tmp_path) as mirror:
        assert (await mirror.examine(_point(note), note, Known())).size == 300


async def test_a_root_that_does_not_follow(log: Log, tmp_path: Path) -> None:
    """The log's genuine signature over another root than its own published entries have: declined."""
    await log.fill(20)
    await log.drain()
    await publisher(log, tmp_path / "log").publish()
    false = Checkpoint(ORIGIN, 20, bytes(32))
    async with mirrored(log, tmp_path) as mirror:
        with pytest.raises(Declined, match="root"):
            await mirror.examine(false, log.signer.note(false), Known())


async def test_a_damaged_copy_is_not_built_on(log: Log, tmp_path: Path) -> None:
    """What it remembers and what it holds must agree before it goes on."""
    await log.fill(20)
    await log.drain()
    await publisher(log, tmp_path / "log").publish()
    note = (tmp_path / "log/checkpoint").read_text()
    async with mirrored(log, tmp_path) as mirror:
        known = await mirror.examine(_point(note), note, Known())
        (tmp_path / "copy/tile/0/000.p/20").write_bytes(bytes(640))
        await log.fill(3)
        await log.drain()
        await publisher(log, tmp_path / "log").publish()
        later = (tmp_path / "log/checkpoint").read_text()
        with pytest.raises(Declined, match="own copy"):
            await mirror.examine(_point(later), later, known)


async def test_entries_that_were_taken_away(log: Log, tmp_path: Path) -> None:
    """A mirror that comes after a redaction takes the hash for the entry only where it was told to."""
    await log.fill(20)
    await log.drain()
    await publisher(log, tmp_path / "log").publish()
    path = tmp_path / "log/tile/entries/000.p/20"
    entries = unbundle(path.read_bytes(), 20)
    path.write_bytes(bundle([b"" if at == 4 else entry for at, entry in enumerate(entries)]))
    note = (tmp_path / "log/checkpoint").read_text()
    async with mirrored(log, tmp_path) as mirror:
        with pytest.raises(Declined):
            await mirror.examine(_point(note), note, Known())
    async with mirrored(log, tmp_path, holes=True) as mirror:
        assert (await mirror.examine(_point(note), note, Known())).size == 20


GOOD = b'{"at":1,"event":"x.y","id":"ent_' + b"0" * 32 + b'","index":3,"v":1}'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        GOOD + b" ",
        GOOD.replace(b'"at":1,', b'"at":1.0,'),
        GOOD.replace(b'"at":1,', b'"at":1,"at":1,'),
        GOOD.replace(b'"v":1', b'"v":2'),
        GOOD.replace(b'"index":3', b'"index":4'),
        GOOD.replace(b"ent_", b"psn_"),
        GOOD.replace(b'"x.y"', b'"\xc3\xa9"'),
        GOOD.replace(b'"v":1', b'"a":1,"v":1'),
        b"[" * 5000,
    ],
)
def test_what_cannot_be_derived(body: bytes) -> None:
    """Whatever is not exactly the form of a leaf is refused with a sentence that quotes nothing of it."""
    assert derive(GOOD, 3)[0].index == 3
    with pytest.raises(NotDerivable, match="entry 3"):
        derive(body, 3)


def test_sequences_are_followed() -> None:
    """A requester's entries count from 0 without a gap, over restarts; a gap is an entry that was left out."""

    def leaf(index: int, seq: int) -> bytes:
        return GOOD.replace(b'"index":3', b'"index":%d' % index).replace(
            b'"v":1', b'"requester":"req_1","seq":%d,"v":1' % seq
        )

    deriver = Deriver()
    deriver.take(leaf(0, 0), 0)
    again = Deriver(deriver.seqs)
    again.take(leaf(1, 1), 1)
    with pytest.raises(NotDerivable, match="sequence"):
        again.take(leaf(2, 3), 2)
    Deriver({"req_1": 1}, has_holes=True).take(leaf(2, 3), 2)
    with pytest.raises(NotDerivable):
        Deriver({"req_1": 4}, has_holes=True).take(leaf(2, 3), 2)


def _point(note: str) -> Checkpoint:
    return parse(note)[0]
