"""Copies of the log: exported, accepted by another implementation, audited offline, found wrong wherever they are."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey, VkeySet
from tlog_scales.tlog import Checkpoint as TheirCheckpoint

from tests.ledger.world import FOUNDED, Log, drafts, released, written
from vault import ids
from vault.cli.ledger import ledger
from vault.crypto.canonical import b64, canonical
from vault.db import LEDGER
from vault.errors import NotFound, Tampered
from vault.ledger.audited import read_state
from vault.ledger.checkpoint import Checkpoint, CheckpointFailed, LogKey, Signer
from vault.ledger.copies import FolderCopy, FolderSink, ZipSink, note_of
from vault.ledger.counting import KIND, Count, CountFailed, sign_count, verify_count, whose
from vault.ledger.exporting import export
from vault.ledger.places import Place, places
from vault.ledger.subjects import tags
from vault.ledger.tiles import bundle
from vault.ledger.tree import Edge, leaf_hash
from vault.ledger.whole import WholeAudit

ORIGIN = "ledger.example/copy"


def leaf(index: int, **more: Any) -> bytes:
    """A leaf that a log could hold."""
    said = {"v": 1, "id": f"ent_{index:032x}", "at": 1_000_000 + index, "event": "x.y", "nonce": "n", "index": index}
    return canonical(said | more)


def lay_out(folder: Path, bodies: list[bytes], signer: Signer, *, hashes: list[bytes] | None = None) -> None:
    """Write a copy of a log of these leaves, as another program might."""
    edge = Edge()
    edge.extend(hashes or [leaf_hash(body) for body in bodies])
    sink = FolderSink(folder)
    for place in places(len(bodies)):
        first = place.n * 256
        if place.level < 0:
            sink.put(place.path, bundle(bodies[first : first + place.width]))
        else:
            nodes = [edge.node(8 * place.level, first + at) for at in range(place.width)]
            sink.put(place.path, b"".join(nodes))
    sink.put("checkpoint", signer.note(Checkpoint(signer.keys[-1].origin, edge.size, edge.root())).encode())


def audited(folder: Path, signer: Signer, state: Any = None) -> WholeAudit:
    """The finished audit of a folder."""
    audit = WholeAudit(FolderCopy(folder), list(signer.keys), state)
    for _ in audit.steps():
        pass
    audit.end()
    return audit


def flaws(folder: Path, signer: Signer) -> set[str]:
    """What kinds of flaws an audit finds."""
    return {flaw.what for flaw in audited(folder, signer).state.flaws}


def run(*args: object) -> Result:
    """A command of ``pivault ledger``."""
    return CliRunner().invoke(ledger, [str(arg) for arg in args])


@pytest.fixture
def vkey(signer: Signer, tmp_path: Path) -> Path:
    file = tmp_path / "log.vkey"
    file.write_text(signer.keys[-1].vkey() + "\n")
    return file


@pytest.fixture
def copy(tmp_path: Path, signer: Signer) -> Path:
    """A sound copy of 600 entries of two requesters."""
    bodies = [leaf(n, requester=f"req_{n % 2}", seq=n // 2) for n in range(600)]
    lay_out(tmp_path / "copy", bodies, signer)
    return tmp_path / "copy"


async def exported(log: Log, to: Path) -> int:
    connection = await log.database.connect(LEDGER)
    try:
        with ZipSink(to) if to.suffix == ".zip" else FolderSink(to) as sink:
            return await export(connection, sink, log.signer.keys)
    finally:
        await connection.close()


class TheirShelf:
    """A folder as the other implementation reads it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, *path: str) -> bytes | None:
        file = self._folder.joinpath(*path)
        return file.read_bytes() if file.exists() else None


async def test_another_implementation_accepts_the_export(log: Log, tmp_path: Path) -> None:
    """From the exported tiles tlog-scales reaches the signed root, and its proofs of our entries hold."""
    await log.put(drafts(700))
    await log.drain()
    assert await exported(log, tmp_path) == 700
    note = (tmp_path / "checkpoint").read_text()
    theirs = TheirCheckpoint.from_text(note)
    assert len(VkeySet(Vkey.from_string(log.signer.keys[-1].vkey())).verify(theirs.signatures, theirs)) == 1
    reader = TilesReader(TheirShelf(tmp_path))
    reader.set_size(700)
    assert reader.calculate_root_hash() == theirs.root_hash
    for index in (0, 255, 256, 699):
        width = min(256, 700 - index // 256 * 256)
        entries = (tmp_path / Place(-1, index // 256, width).path).read_bytes()
        bodies = []
        while entries:
            length = int.from_bytes(entries[:2])
            bodies.append(entries[2 : 2 + length])
            entries = entries[2 + length :]
        reader.get_inclusion_proof(index, 700).check(leaf_hash(bodies[index % 256]), theirs.root_hash)


@pytest.mark.parametrize("name", ["copy", "copy.zip"])
async def test_an_export_is_audited_without_a_server(log: Log, tmp_path: Path, vkey: Path, name: str) -> None:
    """A folder or one zip file: every byte, every older checkpoint, exit status 0."""
    await log.put(drafts(600))
    await log.drain()
    await exported(log, tmp_path / name)
    result = run("audit", tmp_path / name, "--vkey", vkey, "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["holds"], told["entries"], told["checkpoints"]) == (0, True, 600, 3)
    plain = run("audit", tmp_path / name, "--vkey", vkey)
    assert (plain.exit_code, "everything holds" in plain.stdout) == (0, True)


async def test_what_does_not_verify_is_not_exported(log: Log, tmp_path: Path) -> None:
    """An empty log, an edited body and a forged root end the export without a checkpoint."""
    with pytest.raises(NotFound):
        await exported(log, tmp_path / "none")
    await log.put(drafts(300))
    await log.drain()
    for number, statement in enumerate(
        (
            "UPDATE ledger_entries SET leaf_hash = sha256('x') WHERE idx = 299",
            "UPDATE ledger_tiles SET hashes = overlay(hashes placing 'x' from 33)",
            "DELETE FROM ledger_entries WHERE idx = 299",
        )
    ):
        async with log.broken(statement):
            with pytest.raises(Tampered):
                await exported(log, tmp_path / f"{number}.zip")
    assert list(tmp_path.glob("?.zip*")) == []


def _edit(path: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda folder: (folder / path).write_bytes(change((folder / path).read_bytes())) and None


def _flip(at: int) -> Callable[[bytes], bytes]:
    return lambda old: old[:at] + bytes([old[at] ^ 1]) + old[at + 1 :]


BREAKS: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "a byte of an entry": (
        _edit("tile/entries/000", lambda old: old.replace(b'"x.y"', b'"x.z"', 1)),
        {
            "the leaf's bytes were changed",
            "a tile is not what the leaf hashes give",
            "a checkpoint does not fit the entries",
        },
    ),
    "a tile": (
        _edit("tile/0/001", _flip(40)),
        {"the leaf's bytes were changed"},
    ),
    "an upper tile": (_edit("tile/1/000.p/2", _flip(40)), {"a tile is not what the leaf hashes give"}),
    "a tile cut off": (_edit("tile/0/001", lambda old: old[:-1]), {"a tile is not what the leaf hashes give"}),
    "a tile removed": (
        lambda folder: (folder / "tile/0/001").unlink(),
        {"a tile is not what the leaf hashes give"},
    ),
    "a bundle removed": (
        lambda folder: (folder / "tile/entries/001").unlink(),
        {"the leaf's bytes are gone"},
    ),
    "a bundle cut off": (
        _edit("tile/entries/001", lambda old: old[:-1]),
        {"the leaf's bytes are gone", "the leaf is not one this product writes"},
    ),
}


@pytest.mark.parametrize("what", BREAKS)
def test_each_break_of_a_copy_is_found(copy: Path, signer: Signer, what: str) -> None:
    """Whatever was changed, cut off or removed is found, by its kind."""
    BREAKS[what][0](copy)
    assert flaws(copy, signer) == BREAKS[what][1]


LEAVES: dict[str, tuple[list[bytes], set[str]]] = {
    "sound": ([leaf(0), leaf(1)], set()),
    "no JSON": ([leaf(0), b"\xff"], {"the leaf is not one this product writes"}),
    "not canonical": ([leaf(0).replace(b",", b", ", 1)], {"the leaf is not one this product writes"}),
    "ill-typed": ([leaf(0, requester=7)], {"the leaf is not one this product writes"}),
    "another index": ([leaf(1)], {"the leaf is not one this product writes"}),
    "a gap in a sequence": (
        [leaf(0, requester="a", seq=0), leaf(1, requester="a", seq=2)],
        {"a requester's sequence has a gap"},
    ),
    "a number without a requester": ([leaf(0, seq=0)], {"a requester's sequence has a gap"}),
}


@pytest.mark.parametrize("what", LEAVES)
def test_what_a_genuine_log_may_not_say(tmp_path: Path, signer: Signer, what: str) -> None:
    """Signed and whole is not enough: unparsable entries and gaps are reported, each by its index."""
    bodies, wanted = LEAVES[what]
    lay_out(tmp_path, bodies, signer)
    assert flaws(tmp_path, signer) == wanted


def _redaction(index: int, first: int, count: int, hashes: list[bytes]) -> bytes:
    digest = b64(hashlib.sha256(b"".join(hashes[first : first + count])).digest())
    return leaf(index, event="ledger.redacted", first=first, count=count, digest=digest)


def _with_redaction(folder: Path, signer: Signer, gone: range, *, wrong: bool = False) -> Path:
    """A log of which entries 100 to 149 are said to be redacted, and those in ``gone`` have no bytes."""
    bodies = [leaf(n, requester="a", seq=n) for n in range(300)]
    hashes = [leaf_hash(body) for body in bodies]
    bodies.append(_redaction(300, 100, 50, hashes[1:] if wrong else hashes))
    hashes.append(leaf_hash(bodies[-1]))
    bodies.append(leaf(301, requester="a", seq=300))
    hashes.append(leaf_hash(bodies[-1]))
    lay_out(folder, [b"" if n in gone else body for n, body in enumerate(bodies)], signer, hashes=hashes)
    return folder


def test_redacted_entries_are_accepted_when_an_entry_says_so(tmp_path: Path, signer: Signer) -> None:
    """Bodies that a redaction covers, and whose hashes its digest knew, may be missing."""
    folder = _with_redaction(tmp_path, signer, range(100, 150))
    assert flaws(folder, signer) == set()
    assert audited(folder, signer).state.gone() == 50


@pytest.mark.parametrize(
    ("gone", "wrong"), [(range(100, 151), False), (range(99, 150), False), (range(100, 150), True)]
)
def test_other_missing_bodies_are_not(tmp_path: Path, signer: Signer, gone: range, *, wrong: bool) -> None:
    """One entry more than the redaction covers, or a digest of other hashes: found."""
    assert "the leaf's bytes are gone" in flaws(_with_redaction(tmp_path, signer, gone, wrong=wrong), signer)


def test_an_audit_goes_on_where_it_was(copy: Path, signer: Signer, tmp_path: Path, vkey: Path) -> None:
    """Interrupted after any step, or with a copy that has grown: the rest is audited, what was found stays found."""
    first = WholeAudit(FolderCopy(copy), list(signer.keys))
    saved = [first.saved() for _ in first.steps()]
    assert len(saved) == 2
    for each in saved:
        assert audited(copy, signer, read_state(each)).state.flaws == []
    grown = [leaf(n, requester=f"req_{n % 2}", seq=n // 2) for n in range(900)]
    lay_out(tmp_path / "grown", grown, signer)
    assert audited(tmp_path / "grown", signer, read_state(saved[-1])).state.flaws == []
    grown[3] = leaf(3, requester="req_1", seq=1, event="other")
    lay_out(tmp_path / "rewritten", grown, signer)
    assert audited(tmp_path / "rewritten", signer, read_state(saved[-1])).state.flaws  # the root does not fit
    state = tmp_path / "state.json"
    assert run("audit", copy, "--vkey", vkey, "--state", state).exit_code == 0
    assert run("audit", tmp_path / "grown", "--vkey", vkey, "--state", state).exit_code == 0
    assert run("audit", tmp_path / "rewritten", "--vkey", vkey, "--state", state).exit_code == 1
    state.write_text("{}x")
    assert run("audit", copy, "--vkey", vkey, "--state", state).exit_code == 1


def test_silence_is_told(tmp_path: Path, signer: Signer, vkey: Path) -> None:
    """Where heartbeats are promised, a longer silence is a finding."""
    lay_out(tmp_path / "c", [leaf(0), leaf(1, at=1_000_001 + 61_000)], signer)
    assert run("audit", tmp_path / "c", "--vkey", vkey).exit_code == 0
    assert run("audit", tmp_path / "c", "--vkey", vkey, "--heartbeat", 90).exit_code == 0
    assert run("audit", tmp_path / "c", "--vkey", vkey, "--heartbeat", 60).exit_code == 1


def test_exit_status_says_what_could_not_be_checked(copy: Path, tmp_path: Path, vkey: Path) -> None:
    """No key, a file that is no copy and an empty folder are 2; a stranger's key is 1."""
    (tmp_path / "empty").mkdir()
    stranger = tmp_path / "stranger.vkey"
    stranger.write_text(LogKey("other/log", b"k" * 32).vkey())
    assert run("audit", copy).exit_code == 2
    assert run("audit", vkey, "--vkey", vkey).exit_code == 2
    assert run("audit", tmp_path / "empty", "--vkey", vkey).exit_code == 2
    assert run("audit", copy, "--vkey", stranger).exit_code == 1
    told = json.loads(run("audit", tmp_path / "empty", "--vkey", vkey, "--json").stdout)
    assert (told["holds"], told["checked"]) == (False, False)


@pytest.fixture
def key_file(tmp_path: Path, signer: Signer) -> Callable[..., Path]:
    def write(k_s: bytes, count: int, *, waiting: int = 0, about: bytes | None = None) -> Path:
        origin = signer.keys[-1].origin
        note = sign_count(signer, Count(origin, 0, whose(about or k_s), count, waiting, 5))
        file = tmp_path / "own.json"
        own = {"kind": KIND, "origin": origin, "shard": 0, "key": b64(k_s), "statement": note}
        file.write_text(json.dumps(own))
        return file

    return write


def _mine(folder: Path, signer: Signer, k_s: bytes, numbers: list[int]) -> None:
    """A log of 300 entries, some of which carry the person's tags of these numbers, in this order."""
    marked = [b64(tags(k_s, 0, n, 1)[0]) for n in numbers]
    bodies = [
        leaf(n, tag=marked[n // 2] if n % 2 and n // 2 < len(marked) else b64(os.urandom(32))) for n in range(300)
    ]
    lay_out(folder, bodies, signer)


COUNTS: dict[str, tuple[list[int], int, list[int]]] = {
    "all there": ([0, 1, 2, 3], 4, []),
    "a hole": ([0, 2, 3], 4, [1]),
    "the last missing": ([0, 1, 2], 4, [3]),
    "nobody's": ([], 0, []),
    "all missing": ([], 3, [0, 1, 2]),
    "more since": ([1, 0, 2, 3, 4], 4, []),
}


@pytest.mark.parametrize("case", COUNTS)
def test_a_person_finds_their_entries_and_every_hole(
    tmp_path: Path, signer: Signer, vkey: Path, key_file: Any, case: str
) -> None:
    """All numbers there, up to what the registry signed for: 0. A hole, or too few: 1, and each is named."""
    numbers, said, holes = COUNTS[case]
    _mine(tmp_path / "c", signer, b"k" * 32, numbers)
    own = key_file(b"k" * 32, said)
    result = run("mine", tmp_path / "c", "--key", own, "--vkey", vkey, "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["holes"]) == (int(bool(holes)), holes)
    assert [line["n"] for line in told["entries"]] == sorted(numbers)
    plain = run("mine", tmp_path / "c", "--key", own, "--vkey", vkey)
    assert (plain.exit_code, "nothing is missing" in plain.stdout) == (int(bool(holes)), not holes)


def test_a_number_used_twice_is_told(tmp_path: Path, signer: Signer, vkey: Path, key_file: Any) -> None:
    """A counter that was set back shows: two entries have one number."""
    _mine(tmp_path / "c", signer, b"k" * 32, [0, 1, 1, 2])
    result = run("mine", tmp_path / "c", "--key", key_file(b"k" * 32, 3), "--vkey", vkey)
    assert (result.exit_code, "TWICE" in result.stdout) == (1, True)


def test_what_was_on_its_way_may_be_missing_at_the_end(
    tmp_path: Path, signer: Signer, vkey: Path, key_file: Any
) -> None:
    """Entries that the registry said were being recorded need not be in a copy of that moment."""
    _mine(tmp_path / "c", signer, b"k" * 32, [0, 1, 2])
    assert run("mine", tmp_path / "c", "--key", key_file(b"k" * 32, 4, waiting=1), "--vkey", vkey).exit_code == 0


def test_statements_of_others_do_not_count(tmp_path: Path, signer: Signer, vkey: Path, key_file: Any) -> None:
    """A statement about another key, an altered one, one that is a checkpoint: refused."""
    _mine(tmp_path / "c", signer, b"k" * 32, [0])
    assert run("mine", tmp_path / "c", "--key", key_file(b"k" * 32, 1, about=b"o" * 32), "--vkey", vkey).exit_code == 1
    said = Count(signer.keys[-1].origin, 0, whose(b"k" * 32), 7, 0, 5)
    note = sign_count(signer, said)
    assert verify_count(note, signer.keys, b"k" * 32) == said
    broken = [
        note.replace("\n7\n", "\n6\n"),
        note.replace("\n7\n", "\n07\n"),
        note.replace("/v1", "/v2"),
        "",
        note[:-9],
    ]
    broken.append(note_of(FolderCopy(tmp_path / "c")))
    for each in broken:
        with pytest.raises((CountFailed, CheckpointFailed)):
            verify_count(each, signer.keys, b"k" * 32)


async def test_a_real_persons_entries_are_found_in_an_export(
    log: Log, tmp_path: Path, vkey: Path, key_file: Any
) -> None:
    """What the product wrote about somebody is what the offline tool finds, and no stranger's."""
    person, k_s = await log.person()
    other, _ = await log.person()
    await log.record(FOUNDED, FOUNDED)
    await log.record(written(), written("contact"), person=person)
    await log.record(written(), person=other)
    await log.record(released(ids.new_uuid()), person=person)
    await log.drain()
    await exported(log, tmp_path / "c.zip")
    told = json.loads(run("mine", tmp_path / "c.zip", "--key", key_file(k_s, 3), "--vkey", vkey, "--json").stdout)
    assert (told["holds"], told["count"], [line["index"] for line in told["entries"]]) == (True, 3, [2, 3, 5])
