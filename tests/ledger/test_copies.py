"""Copies of the log: exported, accepted by another implementation, audited offline, found wrong wherever they are."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey, VkeySet
from tlog_scales.tlog import Checkpoint as TheirCheckpoint

from tests.ledger.world import Log, drafts
from vault.cli.ledger import ledger
from vault.crypto.canonical import b64, canonical
from vault.db import LEDGER
from vault.errors import NotFound, Tampered
from vault.ledger.audited import read_state
from vault.ledger.checkpoint import Checkpoint, LogKey, Signer
from vault.ledger.copies import FolderCopy, FolderSink, ZipSink
from vault.ledger.exporting import export
from vault.ledger.places import Place, places
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
