"""Append-only for real: whoever changes, removes, forges or slips in a row is refused by rights, triggers, or both."""

from dataclasses import replace

import asyncpg
import pytest

from tests.ledger.world import BANK, Log, drafts
from vault.db import LEDGER
from vault.errors import Tampered
from vault.ledger.batch import Drained, grow, readable
from vault.ledger.sequencer import Sequencer
from vault.ledger.tree import Edge

BARRED = (asyncpg.InsufficientPrivilegeError, asyncpg.IntegrityConstraintViolationError)
CHANGES = {
    "an update": "UPDATE {} SET shard = shard",
    "a removal": "DELETE FROM {}",
    "a truncation": "TRUNCATE {}",
}
TABLES = (
    "ledger_entries",
    "ledger_bodies",
    "ledger_tiles",
    "ledger_checkpoints",
    "ledger_ids",
    "ledger_entries_0",
    "ledger_bodies_0",
)
FORGERIES = {
    "an entry without the head": "INSERT INTO {} SELECT shard, 300, leaf_hash, gen_random_uuid() FROM ledger_entries "
    "WHERE idx = 299",
    "an entry far away": "INSERT INTO {} SELECT shard, 9999, leaf_hash, gen_random_uuid() FROM ledger_entries "
    "WHERE idx = 299",
    "an entry in another log": "INSERT INTO {} SELECT 7, 0, leaf_hash, gen_random_uuid() FROM ledger_entries "
    "WHERE idx = 299",
    "an entry in the place of another": "INSERT INTO {} SELECT shard, 5, leaf_hash, id FROM ledger_entries "
    "WHERE idx = 299",
}
BODY = (
    "INSERT INTO {} SELECT shard, 300, body, at, event, requester, declaration, purpose, outcome, tag, seq "
    "FROM ledger_bodies WHERE idx = 299"
)
HEADS = {
    "back": "UPDATE ledger_heads SET size = 299",
    "over nothing": "UPDATE ledger_heads SET size = 301",
    "to an older epoch": "UPDATE ledger_heads SET epoch = epoch - 1",
    "away": "DELETE FROM ledger_heads",
    "clean": "TRUNCATE ledger_heads",
}


@pytest.fixture
async def full(log: Log) -> Log:
    """A log of 300 entries."""
    await log.put(drafts(300))
    await log.drain()
    return log


async def _refusals(connection: asyncpg.Connection, statements: list[str]) -> None:
    for statement in statements:
        with pytest.raises(BARRED):
            await connection.execute(statement)


async def test_nobody_changes_what_is_there(full: Log) -> None:
    """Neither the writer nor the owner nor a superuser updates, removes or truncates a table or a partition."""
    statements = [change.format(table) for table in TABLES for change in CHANGES.values()]
    owner = await asyncpg.connect(full.admin_url)
    writer = await full.database.connect(LEDGER)
    try:
        await _refusals(owner, statements)
        await owner.execute("SET ROLE vault_owner")
        await _refusals(owner, statements)
        await _refusals(writer, statements)
    finally:
        await owner.close()
        await writer.close()
    assert (await full.fsck()).holds


async def test_nobody_slips_an_entry_in(full: Log) -> None:
    """An entry that the head does not move over is refused, in the table and straight in its partition."""
    owner = await asyncpg.connect(full.admin_url)
    writer = await full.database.connect(LEDGER)
    statements = [forged.format(f"ledger_entries{part}") for forged in FORGERIES.values() for part in ("", "_0")]
    statements += [BODY.format(f"ledger_bodies{part}") for part in ("", "_0")]
    try:
        await _refusals(owner, statements)
        await _refusals(writer, statements)
        for table in ("ledger_entries_0", "ledger_bodies_0"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await writer.execute(f"SELECT FROM {table}")
            for statement in (f"ALTER TABLE {table} DISABLE TRIGGER ALL", f"DROP TABLE {table}"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await writer.execute(statement)
    finally:
        await owner.close()
        await writer.close()


async def test_the_database_hashes_every_leaf_again(full: Log) -> None:
    """Entry, body and head moved together, but the leaf hash is not the body's: refused as a whole."""
    statement = """
    WITH h AS (UPDATE ledger_heads SET size = 301 RETURNING shard),
    e AS (INSERT INTO ledger_entries SELECT 0, 300, {}, gen_random_uuid() FROM h)
    INSERT INTO ledger_bodies
    SELECT shard, 300, body, at, event, requester, declaration, purpose, outcome, tag, seq
    FROM ledger_bodies WHERE idx = 299
    """
    writer = await full.database.connect(LEDGER)
    try:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="leaf hash"):
            await writer.execute(statement.format("sha256('x')"))
        right = "(SELECT leaf_hash FROM ledger_entries WHERE idx = 299)"
        await writer.execute(statement.format(right))  # what the trigger let through, fsck finds: the root is not it
    finally:
        await writer.close()
    assert not (await full.fsck()).holds


@pytest.mark.parametrize("where", HEADS)
async def test_the_head_moves_forward_only(full: Log, where: str) -> None:
    """The head goes neither back nor over entries that are not there; nobody removes it."""
    for connection in (await asyncpg.connect(full.admin_url), await full.database.connect(LEDGER)):
        try:
            await _refusals(connection, [HEADS[where]])
        finally:
            await connection.close()


async def test_a_superuser_gets_around_it_and_is_found_out(full: Log) -> None:
    """With triggers off a superuser can edit a row; the audit of the rows finds it."""
    await full.tamper("UPDATE ledger_entries SET leaf_hash = sha256('x') WHERE idx = 3")
    assert not (await full.fsck()).holds


TRIGGERS = "SELECT tgname, tgtype, tgenabled, tgfoid FROM pg_trigger WHERE tgrelid = $1::regclass ORDER BY 1"
PARTS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::regclass"


async def test_every_partition_is_guarded(log: Log) -> None:
    """Every partition has every trigger that its parent has, enabled, and nobody has rights on it."""
    await log.narrow()
    await log.put(drafts(600))
    assert await Sequencer(log.database, log.signer, width=256).drain() == 600
    connection = await asyncpg.connect(log.admin_url)
    try:
        for parent, most in (("ledger_entries", 2), ("ledger_bodies", 4)):
            wanted = await connection.fetch(TRIGGERS, parent)
            assert [row["tgenabled"] for row in wanted] == [b"O"] * most
            parts = [row[0] for row in await connection.fetch(PARTS, parent)]
            assert len(parts) > 10
            for part in parts:
                assert await connection.fetch(TRIGGERS, part) == wanted
                for role in ("vault_app", "vault_ledger", "vault_regulator"):
                    for verb in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"):
                        assert not await connection.fetchval("SELECT has_table_privilege($1, $2, $3)", role, part, verb)
    finally:
        await connection.close()
    assert (await log.fsck()).holds


async def test_no_run_time_role_makes_partitions_without_end(log: Log) -> None:
    """Only the sequencer's role may ask for a partition, of whole tiles; enough room is not made again."""
    for role in ("vault_app", "vault_regulator"):
        connection = await log.database.connect(role)
        for call in ("ledger_add_partition(256)", "ledger_redact(0::smallint, 0, 1)"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"SELECT {call}")
        await connection.close()
    connection = await log.database.connect(LEDGER)
    try:
        for width in ("NULL", "0", "-256", "100"):
            with pytest.raises(asyncpg.InvalidParameterValueError):
                await connection.execute(f"SELECT ledger_add_partition({width})")
        for _ in range(2):
            assert await connection.fetchval("SELECT ledger_add_partition(256)") == 1 << 24
    finally:
        await connection.close()


async def test_without_triggers_the_sequencer_hashes_again(log: Log) -> None:
    """On an engine that has none, every leaf is hashed once more in code: a flipped bit is not written."""
    for table in ("ledger_entries", "ledger_bodies"):
        await log.tamper(f"DROP TRIGGER next_ones ON {table}")
    await log.tamper("DROP TRIGGER rehashed ON ledger_bodies")
    await log.put(drafts(2))
    assert await log.drain() == 2
    sound = grow(
        Edge(),
        {f"req_{BANK.hex}": 0},
        readable([Drained(*row) for row in drafts(1)], taken=frozenset(), at_ms=0),
        origin="log",
    )
    sound.rehash()
    flipped = replace(sound, leaves=[replace(leaf, body=leaf.body[:-1] + b" ") for leaf in sound.leaves])
    with pytest.raises(Tampered):
        flipped.rehash()
