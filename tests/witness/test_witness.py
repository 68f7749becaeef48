"""A witness: what continues is cosigned once it is on the disk; a fork, a rollback and a lost memory are not."""

import asyncio
import json
import stat
from pathlib import Path

import httpx
import pytest
from tlog_scales.signing import Vkey, VkeySet
from tlog_scales.tlog import Checkpoint as TheirCheckpoint

from tests.witness.world import BOOK, LOG, ORIGIN, Branch, post, witness
from vault.crypto.signing import SigningKey
from vault.errors import BadConfiguration
from vault.ledger import add_checkpoint
from vault.ledger.add_checkpoint import MAX_QUESTION
from vault.ledger.checkpoint import Checkpoint, LogKey, Signer
from vault.witness import keys
from vault.witness.memory import Memory


async def test_it_cosigns_what_continues(tmp_path: Path) -> None:
    """First sight, growth over many sizes, the same size again: each is cosigned by both keys, as others verify."""
    old = 0
    with witness(tmp_path) as service:
        for size in (1, 2, 7, 8, 255, 256, 700, 700):
            branch = Branch(size)
            answer = await post(service, branch.question(old))
            assert answer.status_code == 200, answer.text
            theirs = TheirCheckpoint.from_text(branch.note + answer.text)
            vkeys = keys.load(tmp_path).vkeys().splitlines()
            assert len(VkeySet(*map(Vkey.from_string, vkeys)).verify(theirs.signatures, theirs)) == 2
            old = size
    with Memory(tmp_path) as memory:
        assert memory.known(ORIGIN).size == 700


async def test_another_old_size_is_told_the_known_one(tmp_path: Path) -> None:
    """Behind or ahead of what is known: 409 with the size, in the type of the standard; nothing is remembered."""
    with witness(tmp_path) as service:
        await post(service, Branch(5).question(0))
        for old, size in ((0, 9), (3, 9), (7, 9), (0, 3), (3, 3)):
            answer = await post(service, Branch(size).question(old))
            assert (answer.status_code, answer.text) == (409, "5\n")
            assert answer.headers["content-type"] == "text/x.tlog.size"
        assert (await post(service, Branch(9).question(5))).status_code == 200


async def test_a_rollback_is_refused(tmp_path: Path) -> None:
    """A genuine, older and shorter checkpoint is never cosigned again, whatever old size is claimed."""
    with witness(tmp_path) as service:
        await post(service, Branch(9).question(0))
        assert (await post(service, Branch(5).question(5))).status_code == 409
        assert (await post(service, add_checkpoint.encode(9, [], Branch(5).note))).status_code == 400
        assert (await post(service, add_checkpoint.encode(0, [], Branch(5).note))).status_code == 409


async def test_a_fork_is_refused(tmp_path: Path) -> None:
    """A second history, genuinely signed by the log: refused at the same size, larger, with a true proof of its own
    and with one of the other branch; afterwards the first history goes on."""
    honest, fork = Branch(300), Branch(400, mark=b"!", since=20)
    with witness(tmp_path) as service:
        await post(service, honest.question(0))
        same_size = await post(service, add_checkpoint.encode(300, [], Branch(300, mark=b"!").note))
        assert (same_size.status_code, same_size.text) == (409, "300\n")
        for path in (fork.path(300), Branch(400).path(300), []):
            assert (await post(service, add_checkpoint.encode(300, path, fork.note))).status_code == 422
        assert (await post(service, Branch(400).question(300))).status_code == 200


@pytest.mark.parametrize("at", [0, 1, 2, -1])
async def test_a_bent_proof_is_refused(tmp_path: Path, at: int) -> None:
    """One hash of a true proof changed, or left out, or one too many: 422."""
    branch = Branch(1000)
    true = branch.path(77)
    bent = [*true]
    bent[at] = bytes(32)
    with witness(tmp_path) as service:
        await post(service, Branch(77).question(0))
        for path in (bent, true[:at] + true[at + 1 :] if at >= 0 else true[:-1], [*true, bytes(32)]):
            assert (await post(service, add_checkpoint.encode(77, path, branch.note))).status_code == 422


async def test_a_proof_from_nothing_is_refused(tmp_path: Path) -> None:
    """Where nothing was seen there is nothing to prove: 422 for any hash."""
    with witness(tmp_path) as service:
        assert (await post(service, add_checkpoint.encode(0, [bytes(32)], Branch(5).note))).status_code == 422


async def test_who_did_not_sign_is_refused(tmp_path: Path) -> None:
    """An unknown log: 404. A known one that another key signed, or whose signature was taken away or bent: 403."""
    other = SigningKey(b"e" * 32)
    note = Branch(5).note
    forger = Signer([LogKey(ORIGIN, other.public)], other.sign).note(Branch(5).point)
    with witness(tmp_path) as service:
        stranger = LOG.note(Checkpoint("ledger.example/unknown", 5, bytes(32)))
        assert (await post(service, add_checkpoint.encode(0, [], stranger))).status_code == 404
        for forged in (forger, note.replace("\n5\n", "\n6\n"), note.replace("— ledger", "— other")):
            assert (await post(service, add_checkpoint.encode(0, [], forged))).status_code == 403
        assert (await post(service, Branch(5).question(0))).status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"old 0", b"old 0\n\n", b"old 00\n\n" + Branch(1).note.encode(), b"old 0\n\nrubbish", b"\xff\xfe", b"{}"],
)
async def test_nonsense_is_refused(tmp_path: Path, body: bytes) -> None:
    """What is not a question is answered 400."""
    with witness(tmp_path) as service:
        assert (await post(service, body)).status_code == 400


async def test_a_flood_is_cut_off(tmp_path: Path) -> None:
    """Ten megabytes, announced or in pieces without end: 413 once the limit is passed, and no more is read."""
    taken = 0

    async def endless() -> object:
        nonlocal taken
        while True:
            taken += 4096
            yield b"x" * 4096

    with witness(tmp_path) as service:
        assert (await post(service, bytes(10 << 20))).status_code == 413
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=service), base_url="https://w") as client:
            answer = await client.post("/add-checkpoint", content=endless())  # type: ignore[arg-type]  # httpx takes any iterable of bytes
    assert answer.status_code == 413
    assert taken < 2 * MAX_QUESTION


async def test_other_addresses_and_methods(tmp_path: Path) -> None:
    """There is one address, and it takes POST."""
    with witness(tmp_path) as service:
        assert (await post(service, b"", path="/")).status_code == 404
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=service), base_url="https://w") as client:
            assert (await client.get("/add-checkpoint")).status_code == 405


async def test_of_many_at_once_one_history_is_cosigned(tmp_path: Path) -> None:
    """Fifty at once, half of one branch and half of a fork, all from the same old size: one branch gets signatures."""
    with witness(tmp_path) as service:
        await post(service, Branch(10).question(0))
        forks = [Branch(20 + n % 5, mark=b"!" * (n % 2), since=10).question(10) for n in range(50)]
        answers = await asyncio.gather(*(post(service, body) for body in forks))
        assert [answer.status_code for answer in answers].count(200) == 1
        assert {answer.status_code for answer in answers} == {200, 409}


async def test_what_cannot_be_remembered_is_not_cosigned(tmp_path: Path) -> None:
    """A disk that refuses: 503 and no signature; what is remembered is what was."""
    with witness(tmp_path) as service:
        await post(service, Branch(5).question(0))
        service._memory._path = Path("/dev/full/state.json")
        assert (await post(service, Branch(9).question(5))).status_code == 503
        assert service._memory.known(ORIGIN).size == 5


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
async def test_a_damaged_memory_is_no_fresh_start(tmp_path: Path, cut: int) -> None:
    """A state file that is cut short, empty or gone: the witness does not start, and so forgets nothing."""
    with witness(tmp_path) as service:
        await post(service, Branch(5).question(0))
    whole = (tmp_path / "state.json").read_bytes()
    (tmp_path / "state.json").write_bytes(whole[:cut])
    with pytest.raises(BadConfiguration, match="damaged"), Memory(tmp_path):
        pass
    (tmp_path / "state.json").unlink()
    with pytest.raises(BadConfiguration, match="Cannot read"), Memory(tmp_path):
        pass
    (tmp_path / "state.json").write_bytes(whole)
    with Memory(tmp_path) as memory:
        assert memory.known(ORIGIN).size == 5


@pytest.mark.parametrize("change", [{"size": 4}, {"root": "A" * 43}, {"note": "x"}, {"more": 1}, {"size": "5"}])
async def test_an_edited_memory_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    """Size, root and note must say the same."""
    with witness(tmp_path) as service:
        await post(service, Branch(5).question(0))
    state = json.loads((tmp_path / "state.json").read_text())
    state["logs"][ORIGIN] |= change
    (tmp_path / "state.json").write_text(json.dumps(state))
    with pytest.raises(BadConfiguration), Memory(tmp_path):
        pass


def test_two_with_one_memory(tmp_path: Path) -> None:
    """A second program over the same state file is refused; so is making keys or a memory where some are."""
    with witness(tmp_path):
        with pytest.raises(BadConfiguration, match="Another program"), Memory(tmp_path):
            pass
        with pytest.raises(BadConfiguration, match="exists"):
            keys.create(tmp_path, "witness.example/again")
        with pytest.raises(BadConfiguration, match="exists"):
            Memory.create(tmp_path)
    with Memory(tmp_path) as memory:
        assert memory.known(ORIGIN).size == 0


def test_its_keys_are_its_own(tmp_path: Path) -> None:
    """The key file is 0600, refused when others can read it or it is broken; a name unfit for a key makes none."""
    made = keys.create(tmp_path / "w", "witness.example/own")
    path = tmp_path / "w" / keys.FILE
    assert keys.load(tmp_path / "w").vkeys() == made.vkeys()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(BadConfiguration, match="chmod"):
        keys.load(tmp_path / "w")
    path.chmod(0o600)
    path.write_text(path.read_text().replace('"v":1', '"v":2'))
    with pytest.raises(BadConfiguration, match="version 2"):
        keys.load(tmp_path / "w")
    for name in ("", "two words", "a+b", "x" * 256):
        with pytest.raises(BadConfiguration):
            keys.create(tmp_path / "other", name)
    assert not (tmp_path / "other").exists()
    assert BOOK.logs[ORIGIN] == LOG.keys
