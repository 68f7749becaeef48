"""A person's own entries in a copy: every number found, every hole named, the signed count compared."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.test_copies import exported, lay_out, leaf, run, vkey
from tests.ledger.world import FOUNDED, Log, released, written
from vault import ids
from vault.crypto.canonical import b64
from vault.ledger.checkpoint import CheckpointFailed, Signer
from vault.ledger.copies import FolderCopy, note_of
from vault.ledger.counting import KIND, Count, CountFailed, sign_count, verify_count, whose
from vault.ledger.subjects import tags

__all__ = ["vkey"]


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
