"""The verifier in JavaScript, run under node as everybody can: it accepts what ours accepts and refuses each break."""

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tlog_scales.signing import Vkey, VkeySet
from tlog_scales.tlog import Checkpoint as TheirCheckpoint
from tlog_scales.tlog import InclusionProof

from tests.ledger.world import Log, drafts, written
from vault.crypto.canonical import b64
from vault.errors import VaultError
from vault.ledger import reading, tlog_proof
from vault.ledger.offline import trust_in, verify_document
from vault.ledger.own import OwnEntries, own_entries
from vault.ledger.proving import receipts_at
from vault.ledger.receipt import Receipt, decode
from vault.ledger.tree import leaf_hash

ROOT = Path(__file__).parents[2]
VERIFIER = ROOT / "examples" / "verify" / "verify.mjs"
NODE = shutil.which("node") or "node"
RUN = 10_000


def run(*files: Path) -> tuple[int, str]:
    """The verifier's exit status and last line."""
    done = subprocess.run([NODE, VERIFIER, *files], capture_output=True, text=True, timeout=300, check=False)  # ours
    return done.returncode, done.stdout.strip().rpartition("\n")[2] or done.stderr


@pytest.fixture
def vkey(log: Log, tmp_path: Path) -> Path:
    file = tmp_path / "log.vkey"
    file.write_text(log.signer.keys[-1].vkey() + "\n")
    return file


async def _receipts(log: Log, indexes: range) -> list[Receipt]:
    async with log.database.begin() as session:
        found = await receipts_at(session, indexes)
    return [found[index] for index in indexes]


def test_it_is_short() -> None:
    """The verifier that everybody is to read has no more than 150 lines, and none of them is long."""
    lines = (ROOT / "vault/portal/static/ledger-verify.js").read_text().splitlines()
    assert len(lines) <= 150


async def test_every_receipt_of_ten_thousand_holds(log: Log, tmp_path: Path, vkey: Path) -> None:
    """All receipts of a run verify with the JavaScript verifier and with another implementation of the formats."""
    await log.put(drafts(RUN))
    await log.drain()
    receipts = [each for first in range(0, RUN, 2500) for each in await _receipts(log, range(first, first + 2500))]
    note = receipts[0].checkpoint
    theirs = TheirCheckpoint.from_text(note)
    assert len(VkeySet(Vkey.from_string(vkey.read_text().strip())).verify(theirs.signatures, theirs)) == 1
    for receipt in receipts:
        path = [decode(step, "hash") for step in receipt.inclusion_path]
        proof = InclusionProof(receipt.index, receipt.tree_size, path)
        proof.check(leaf_hash(decode(receipt.entry, "entry")), theirs.root_hash)
        assert receipt.checkpoint == note
    file = tmp_path / "receipts.ndjson"
    file.write_bytes(b"\n".join(msgspec.json.encode(receipt) for receipt in receipts) + b"\n")
    assert run(vkey, file) == (0, f"{RUN} hold, 0 do not")


def _broken(receipt: Receipt) -> dict[str, Any]:
    said = msgspec.to_builtins(receipt)
    entry = base64.b64encode(decode(receipt.entry, "entry").replace(b"delivered", b"deliverer")).decode()
    path, note = said["inclusion_path"], receipt.checkpoint
    return {
        "another entry": said | {"entry": entry},
        "another index": said | {"index": receipt.index ^ 1},
        "no index": said | {"index": -1},
        "another size": said | {"tree_size": receipt.tree_size + 1},
        "a path too short": said | {"inclusion_path": path[:-1]},
        "a path too long": said | {"inclusion_path": [*path, path[0]]},
        "a path turned round": said | {"inclusion_path": path[::-1]},
        "a hash cut off": said | {"inclusion_path": ["AAAA", *path[1:]]},
        "another root": said | {"checkpoint": note.replace(note.split("\n")[2], base64.b64encode(bytes(32)).decode())},
        "a forged signature": said | {"checkpoint": note[:-9] + "AAAAAAA=\n"},
        "no signature": said | {"checkpoint": note.partition("\n\n")[0] + "\n\n"},
        "an extension line": said | {"checkpoint": note.replace("\n\n", "\nmore\n\n", 1)},
        "no base64": said | {"entry": receipt.entry + "*"},
        "null": None,
    }


async def test_each_break_is_refused(log: Log, tmp_path: Path, vkey: Path) -> None:
    """Every way in which a receipt can be wrong is refused; both forms of the sound one hold."""
    await log.put(drafts(300))
    await log.drain()
    (receipt,) = await _receipts(log, range(77, 78))
    sound = tmp_path / "sound.tlog-proof"
    sound.write_text(tlog_proof.encode(tlog_proof.of_receipt(receipt)))
    assert run(vkey, sound) == (0, "1 hold, 0 do not")
    breaks = _broken(receipt)
    file = tmp_path / "broken.ndjson"
    file.write_text("\n".join(json.dumps(each) for each in breaks.values()) + "\n")
    assert run(vkey, file) == (1, f"0 hold, {len(breaks)} do not")
    stranger = tmp_path / "stranger.vkey"
    stranger.write_text(vkey.read_text().replace(vkey.read_text()[-20:-10], "AAAAAAAAAA"))
    assert run(stranger, sound) == (1, "0 hold, 1 do not")


async def test_growth_is_verified(log: Log, tmp_path: Path, vkey: Path) -> None:
    """Proofs between all kinds of sizes hold; one whose older root differs does not."""
    sizes = (1, 2, 3, 255, 256, 300, 512, 600)
    total = 0
    for size in sizes:
        await log.put(drafts(size - total))
        total = await log.drain()
    proofs = []
    async with log.database.begin() as session:
        signed = {row.size for row in [(await reading.first_and_latest(session)) or ()][0]}
        assert signed == {1, 600}
        for at, old in enumerate(sizes):
            for new in sizes[at:]:
                proofs.append(msgspec.to_builtins(await reading.consistency(session, old, new)))
    file = tmp_path / "proofs.ndjson"
    file.write_text("\n".join(json.dumps(proof) for proof in proofs) + "\n")
    assert run(vkey, file) == (0, f"{len(proofs)} hold, 0 do not")
    wrong = [proof | {"path": [each[::-1] for each in proof["path"]][1:]} for proof in proofs if proof["path"]]
    wrong += [proof | {"old_checkpoint": proof["new_checkpoint"]} for proof in proofs if proof["path"]]
    file.write_text("\n".join(json.dumps(proof) for proof in wrong) + "\n")
    assert run(vkey, file) == (1, f"0 hold, {len(wrong)} do not")


async def test_a_persons_file_is_verified(log: Log, tmp_path: Path, vkey: Path) -> None:
    """The file a person takes home holds; with an entry left out, another's, or another's count it does not."""
    person, k_s = await log.person()
    for _ in range(3):
        await log.put(drafts(50))
        await log.record(written(), person=person)
    await log.drain()
    origin = log.signer.keys[-1].origin
    async with log.database.begin() as session:
        own = msgspec.to_builtins(await own_entries(session, person, k_s, origin))
    file = tmp_path / "own.json"
    file.write_text(json.dumps(own))
    assert run(vkey, file) == (0, "1 hold, 0 do not")
    entries = own["entries"]
    assert msgspec.convert(own, OwnEntries).entries[2].n == 2
    broken = [
        own | {"entries": entries[:-1]},
        own | {"entries": [entries[0], entries[0], entries[2]]},
        own | {"entries": [entries[1] | {"n": 0}, entries[0] | {"n": 1}, entries[2]]},
        own | {"key": b64(b"k" * 32)},
        own | {"statement": own["statement"].replace("\n3\n", "\n2\n")},
        own | {"checkpoint": ""},
    ]
    file = tmp_path / "broken.ndjson"
    file.write_text("\n".join(json.dumps(each) for each in broken) + "\n")
    assert run(vkey, file) == (1, f"0 hold, {len(broken)} do not")
    trust = trust_in(vkey.read_bytes(), None)
    assert verify_document(json.dumps(own).encode(), trust).told["proven"] == 3
    for each in broken:
        with pytest.raises(VaultError):
            verify_document(json.dumps(each).encode(), trust)
