"""Old parts of the log: archived, verified by themselves, detached, answered for, attached again."""

import json
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner

from tests.conftest import NOW
from tests.ledger.test_copies import audited, exported
from tests.ledger.world import BANK, Log, drafts, released, written
from vault.cli.ledger import ledger
from vault.db import LEDGER
from vault.errors import Conflict, NotFound, Tampered, VaultError
from vault.ledger import reading
from vault.ledger.archiving import archive, attach, detach, settle, verify_archive
from vault.ledger.copies import FolderSink, open_copy
from vault.ledger.partitions import Archived, listed
from vault.ledger.restoring import restore
from vault.ledger.sequencer import Sequencer


@pytest.fixture
async def parted(log: Log) -> Log:
    """A log of 700 entries in partitions of 256; the person of ``person`` has number 0 in the first."""
    await log.narrow()
    person, _ = await log.person()
    await log.record(written(), person=person)
    await log.put(drafts(699))
    await Sequencer(log.database, log.signer, width=256).drain()
    return log


async def _archived(log: Log, first: int, folder: Path) -> bytes:
    connection = await asyncpg.connect(log.admin_url)
    try:
        part = next(part for part in await listed(connection) if part.first == first)
        digest = await archive(connection, FolderSink(folder), part, log.signer.keys)
        assert verify_archive(open_copy(folder), list(log.signer.keys))[3] == digest
        await settle(connection, part, digest)
        return digest
    finally:
        await connection.close()


async def _detached(log: Log, first: int) -> tuple[str, ...]:
    connection = await asyncpg.connect(log.admin_url)
    try:
        await connection.execute("SET ROLE vault_owner")
        return await detach(connection, first, NOW)
    finally:
        await connection.close()


async def _attached(log: Log, first: int) -> int:
    connection = await asyncpg.connect(log.admin_url)
    try:
        await connection.execute("SET ROLE vault_owner")
        return await attach(connection, first)
    finally:
        await connection.close()


@pytest.mark.parametrize("first", [0, 256])
async def test_an_archive_proves_itself(parted: Log, tmp_path: Path, first: int) -> None:
    """From the bytes of its entries to the signed root, by the command, with the public key and nothing else."""
    await _archived(parted, first, tmp_path / "a")
    vkey = tmp_path / "log.vkey"
    vkey.write_text(parted.signer.keys[-1].vkey())
    told = CliRunner().invoke(ledger, ["partitions", "verify", str(tmp_path / "a"), "--vkey", str(vkey), "--json"])
    assert (told.exit_code, json.loads(told.stdout)["until"]) == (0, first + 256)
    name = f"tile/entries/{first // 256:03d}"
    whole = (tmp_path / "a" / name).read_bytes()
    manifest = (tmp_path / "a" / "archive.json").read_text()
    breaks = {
        name: whole.replace(b'"v":1', b'"v":2', 1),
        "archive.json": manifest.replace(f'"first":{first}', f'"first":{256 - first}').encode(),
    }
    for file, content in breaks.items():
        kept = (tmp_path / "a" / file).read_bytes()
        (tmp_path / "a" / file).write_bytes(content)
        with pytest.raises(VaultError):
            verify_archive(open_copy(tmp_path / "a"), list(parted.signer.keys))
        (tmp_path / "a" / file).write_bytes(kept)
    (tmp_path / "a" / name).unlink()
    broken = CliRunner().invoke(ledger, ["partitions", "verify", str(tmp_path / "a"), "--vkey", str(vkey)])
    assert broken.exit_code == 2


async def test_a_detached_part_is_answered_for(parted: Log, tmp_path: Path) -> None:
    """Its entries are named as archived, proofs of others and sequences go on, fsck and audits hold."""
    old = await parted.id_at(5)
    await _archived(parted, 0, tmp_path / "a")
    assert await _detached(parted, 0) == ("ledger_entries_0", "ledger_bodies_0")
    assert (await parted.fsck()).findings == []
    async with parted.database.begin() as session:
        for wanted in (reading.receipt_at(session, 5), reading.receipt_of(session, old)):
            with pytest.raises(Archived):
                await wanted
        assert (await reading.receipt_at(session, 300)).tree_size == 700
    await parted.record(released(BANK), person=(await parted.person())[0])
    await parted.drain()
    assert (await parted.fsck()).findings == []
    await exported(parted, tmp_path / "c")
    assert "the leaf's bytes are gone" in {flaw.what for flaw in audited(tmp_path / "c", parted.signer).state.flaws}
    vkey = tmp_path / "log.vkey"
    vkey.write_text(parted.signer.keys[-1].vkey())
    together = ["audit", str(tmp_path / "c"), "--archive", str(tmp_path / "a"), "--vkey", str(vkey)]
    assert CliRunner().invoke(ledger, together).exit_code == 0
    assert await _attached(parted, 0) == 256
    assert (await parted.fsck()).findings == []
    async with parted.database.begin() as session:
        assert (await reading.receipt_at(session, 5)).index == 5


async def test_order_and_archives_are_kept(parted: Log, tmp_path: Path) -> None:
    """Nothing is detached without a verified archive, nor before what is older, nor while it is written to."""
    with pytest.raises(Conflict):
        await _detached(parted, 0)
    with pytest.raises(NotFound):
        await _detached(parted, 7)
    with pytest.raises(Conflict):
        await _attached(parted, 0)
    await _archived(parted, 256, tmp_path / "b")
    with pytest.raises(Conflict):
        await _detached(parted, 256)
    with pytest.raises(Conflict):
        await _archived(parted, 512, tmp_path / "c")  # not full yet


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE ledger_bodies_0 SET body = body || ' ' WHERE idx = 3",
        "DELETE FROM ledger_bodies_0 WHERE idx = 3",
        "UPDATE ledger_entries_0 SET leaf_hash = sha256('x') WHERE idx = 3",
        "DELETE FROM ledger_entries_0 WHERE idx = 3",
    ],
)
async def test_what_was_changed_meanwhile_does_not_come_back(parted: Log, tmp_path: Path, edit: str) -> None:
    """A detached part that was edited is refused when it is to be attached, and stays detached."""
    await _archived(parted, 0, tmp_path / "a")
    await _detached(parted, 0)
    await parted.tamper(edit)
    with pytest.raises(Tampered):
        await _attached(parted, 0)
    assert (await parted.fsck()).findings == []
    connection = await parted.database.connect(LEDGER)
    try:
        assert (await listed(connection))[0].detached_at == NOW
    finally:
        await connection.close()


async def _restored(log: Log, first: int, folder: Path) -> int:
    connection = await asyncpg.connect(log.admin_url)
    try:
        await connection.execute("SET ROLE vault_owner")
        return await restore(connection, first, open_copy(folder), list(log.signer.keys))
    finally:
        await connection.close()


async def _lost(log: Log, folder: Path, first: int = 0) -> None:
    """Archived, detached, and then somebody dropped its tables."""
    await _archived(log, first, folder)
    for table in await _detached(log, first):
        await log.tamper(f"DROP TABLE {table}")


@pytest.mark.parametrize("first", [0, 256])
async def test_a_lost_part_is_rebuilt_from_its_archive(parted: Log, tmp_path: Path, first: int) -> None:
    """Every row as it was, guarded as before, without rights of its own; receipts, a person's count and fsck hold."""
    connection = await asyncpg.connect(parted.admin_url)
    query = "SELECT b::text, e::text FROM ledger_bodies b JOIN ledger_entries e USING (shard, idx) ORDER BY idx"
    before = await connection.fetch(query)
    if first:
        await _lost(parted, tmp_path / "0")
    await _lost(parted, tmp_path / "a", first)
    assert await _restored(parted, first, tmp_path / "a") == 256
    if first:
        assert await _restored(parted, 0, tmp_path / "0") == 256
    assert await connection.fetch(query) == before
    assert (await parted.fsck()).findings == []
    async with parted.database.begin() as session:
        assert (await reading.receipt_at(session, first + 5)).index == first + 5
    for statement in ("UPDATE {} SET idx = idx", "TRUNCATE {}", "DELETE FROM {}"):
        for table in (f"ledger_bodies_{first}", f"ledger_entries_{first}"):
            with pytest.raises(asyncpg.IntegrityConstraintViolationError):
                await connection.execute(statement.format(table))
    rights = "SELECT relacl FROM pg_class WHERE relname = $1"
    assert await connection.fetchval(rights, f"ledger_bodies_{first}") is None
    await connection.close()
    await parted.record(released(BANK), person=(await parted.person())[0])
    await parted.drain()
    assert (await parted.fsck()).findings == []


async def test_a_bent_archive_brings_nothing_back(parted: Log, tmp_path: Path) -> None:
    """A changed entry, one taken out as if it had been redacted, another log's archive, another part's: refused, and
    the part stays detached without a table left behind."""
    await _archived(parted, 256, tmp_path / "other")
    await _lost(parted, tmp_path / "a")
    bundle = tmp_path / "a" / "tile" / "entries" / "000"
    whole = bundle.read_bytes()
    length = int.from_bytes(whole[:2])
    breaks = {
        "changed": whole.replace(b'"v":1', b'"v":2', 1),
        "redacted": b"\x00\x00" + whole[2 + length :],
        "shorter": whole[: 2 + length],
        "gone": b"",
    }
    for broken in breaks.values():
        bundle.write_bytes(broken)
        with pytest.raises(VaultError):
            await _restored(parted, 0, tmp_path / "a")
    bundle.write_bytes(whole)
    with pytest.raises(VaultError):
        await _restored(parted, 0, tmp_path / "other")
    with pytest.raises(NotFound):
        await _restored(parted, 7, tmp_path / "a")
    connection = await asyncpg.connect(parted.admin_url)
    assert await connection.fetchval("SELECT to_regclass('ledger_bodies_0')") is None
    assert (await listed(connection))[0].detached_at == NOW
    await connection.close()
    assert await _restored(parted, 0, tmp_path / "a") == 256
    with pytest.raises(Conflict):
        await _restored(parted, 0, tmp_path / "a")


async def test_an_archive_of_another_history_is_not_taken(parted: Log, tmp_path: Path) -> None:
    """One that verifies by itself, signed with the log's own key, of a tree that is not this one."""
    await _archived(parted, 0, tmp_path / "a")
    await _lost(parted, tmp_path / "b")
    await parted.tamper(
        "UPDATE ledger_tiles SET hashes = set_byte(hashes, 3, get_byte(hashes, 3) # 1) WHERE level = 0 AND n = 0"
    )
    with pytest.raises(Tampered):
        await _restored(parted, 0, tmp_path / "a")
    connection = await asyncpg.connect(parted.admin_url)
    assert await connection.fetchval("SELECT to_regclass('ledger_bodies_0')") is None
    await connection.close()


async def test_what_is_still_there_is_not_rebuilt(parted: Log, tmp_path: Path) -> None:
    """A partition that is attached, or detached with its tables at hand: attach those."""
    await _archived(parted, 0, tmp_path / "a")
    with pytest.raises(Conflict):
        await _restored(parted, 0, tmp_path / "a")
    await _detached(parted, 0)
    with pytest.raises(Conflict):
        await _restored(parted, 0, tmp_path / "a")
    assert await _attached(parted, 0) == 256
