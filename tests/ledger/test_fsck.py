"""fsck: a sound log has no findings; each thing broken is found, also behind another one."""

import pytest

from tests.ledger.world import FORGED, FOUNDED, Log, released, written
from vault import ids
from vault.ledger.audit import MOST_FINDINGS, Audit, Broken, StoredEntry
from vault.ledger.checkpoint import Checkpoint, LogKey
from vault.ledger.fsck import fsck

LAW = (
    "ALTER TABLE ledger_bodies DROP CONSTRAINT ck_ledger_bodies_fits, ADD CONSTRAINT ck_ledger_bodies_fits "
    "CHECK (ledger_body_fits(body, at, event, requester, declaration, purpose, outcome, tag, seq))"
)
NOTE_OF = "(SELECT note FROM ledger_checkpoints WHERE size = {})"
EDITED = (
    "UPDATE ledger_bodies SET "
    "body = convert_to(replace(convert_from(body, 'UTF8'), 'delivered', 'deliverer'), 'UTF8'), "
    "event = replace(event, 'delivered', 'deliverer') WHERE idx = {}"
)
BREAKS: dict[str, tuple[str, set[Broken]]] = {
    "a body edited": (EDITED.format(299), {Broken.BODY}),
    "a body edited in a full tile": (EDITED.format(3), {Broken.BODY}),
    "a body edited with its leaf hash": (
        EDITED.format(299)
        + "; UPDATE ledger_entries e SET leaf_hash = sha256('\\x00'::bytea || b.body) FROM ledger_bodies b "
        "WHERE b.idx = 299 AND e.idx = 299",
        {Broken.CHECKPOINT, Broken.HEAD},
    ),
    "a body removed": ("DELETE FROM ledger_bodies WHERE idx = 7", {Broken.BODY_MISSING, Broken.SEQUENCE}),
    "a leaf hash edited": (
        "UPDATE ledger_entries SET leaf_hash = sha256('x') WHERE idx = 299",
        {Broken.BODY, Broken.CHECKPOINT, Broken.HEAD},
    ),
    "a leaf hash edited in a full tile": (
        "UPDATE ledger_entries SET leaf_hash = sha256('x') WHERE idx = 3",
        {Broken.BODY, Broken.LEAF_HASH, Broken.CHECKPOINT, Broken.HEAD},
    ),
    "an entry removed": (
        "DELETE FROM ledger_entries WHERE idx = 7; DELETE FROM ledger_bodies WHERE idx = 7",
        {Broken.ENTRY_MISSING, Broken.LEAF_HASH, Broken.SEQUENCE, Broken.CHECKPOINT, Broken.HEAD},
    ),
    "the last entry removed": (
        "DELETE FROM ledger_entries WHERE idx = 299; DELETE FROM ledger_bodies WHERE idx = 299",
        {Broken.CHECKPOINT, Broken.HEAD},
    ),
    "two entries exchanged": (
        "UPDATE ledger_entries SET idx = -1 - idx WHERE FALSE; "
        "UPDATE ledger_entries e SET leaf_hash = o.leaf_hash FROM ledger_entries o "
        "WHERE (e.idx, o.idx) IN ((3, 4), (4, 3))",
        {Broken.BODY, Broken.LEAF_HASH, Broken.CHECKPOINT, Broken.HEAD},
    ),
    "an entry added": (
        "INSERT INTO ledger_entries VALUES (0, 300, sha256('x'), gen_random_uuid())",
        {Broken.BODY_MISSING, Broken.HEAD},
    ),
    "a body without an entry": (
        "INSERT INTO ledger_bodies SELECT shard, 300, body, at, event, requester, declaration, purpose, outcome, tag, "
        "seq FROM ledger_bodies WHERE idx = 299",
        {Broken.ENTRY_MISSING, Broken.TAG},
    ),
    "an id edited": ("UPDATE ledger_entries SET id = gen_random_uuid() WHERE idx = 5", {Broken.COLUMN}),
    "a column edited": (
        "ALTER TABLE ledger_bodies DROP CONSTRAINT ck_ledger_bodies_fits, ADD CONSTRAINT ck_ledger_bodies_fits "
        "CHECK (true); "
        "UPDATE ledger_bodies SET requester = 'req_0', purpose = NULL WHERE idx = 5",
        {Broken.COLUMN},
    ),
    "a tile edited": ("UPDATE ledger_tiles SET hashes = overlay(hashes placing 'x' from 33)", {Broken.LEAF_HASH}),
    "a tile's root edited": ("UPDATE ledger_tiles SET root = sha256('x')", {Broken.TILE}),
    "a tile removed": ("DELETE FROM ledger_tiles", {Broken.TILE}),
    "a tile added": (
        "INSERT INTO ledger_tiles SELECT shard, level, 1, hashes, root FROM ledger_tiles",
        {Broken.TILE},
    ),
    "a checkpoint under another size": (
        f"UPDATE ledger_checkpoints SET note = {NOTE_OF.format(256)} WHERE size = 300",
        {Broken.CHECKPOINT},
    ),
    "a signature forged": (
        f"{FORGED} WHERE size = 256",
        {Broken.SIGNATURE},
    ),
    "a checkpoint that is none": ("UPDATE ledger_checkpoints SET note = '' WHERE size = 256", {Broken.SIGNATURE}),
    "the newest checkpoint removed": ("DELETE FROM ledger_checkpoints WHERE size = 300", {Broken.CHECKPOINT}),
    "a checkpoint beyond the entries": (
        "UPDATE ledger_checkpoints SET size = 400 WHERE size = 300",
        {Broken.CHECKPOINT},
    ),
    "the head edited": ("UPDATE ledger_heads SET root = sha256('x')", {Broken.HEAD}),
    "the head set back": ("UPDATE ledger_heads SET size = 256", {Broken.HEAD, Broken.CHECKPOINT}),
    "the frontier edited": ("UPDATE ledger_heads SET frontier = sha256('x')", {Broken.HEAD}),
    "the head removed": ("DELETE FROM ledger_heads", {Broken.HEAD}),
}


@pytest.fixture
async def full(log: Log) -> Log:
    """A log of 300 entries under two checkpoints."""
    await log.fill(300)
    await log.drain()
    return log


async def test_a_sound_log_has_no_findings(full: Log) -> None:
    """Everything counted, nothing found, progress told to the end."""
    told: list[tuple[int, int]] = []
    connection = await full.database.connect("vault_regulator")
    try:
        report = await fsck(connection, full.signer.keys, progress=lambda done, total: told.append((done, total)))
    finally:
        await connection.close()
    assert report.holds
    assert (report.entries, report.checkpoints, report.findings, report.more) == (300, 2, [], 0)
    assert told[-1] == (300, 300)


async def test_an_empty_log_has_no_findings(log: Log) -> None:
    """A log without entries is sound."""
    report = await log.fsck()
    assert (report.entries, report.checkpoints, report.findings) == (0, 0, [])


async def test_each_break_is_found(full: Log) -> None:
    """What was broken is found, by its kind, and no other kind is reported."""
    found = {}
    for what, (statement, _) in BREAKS.items():
        async with full.broken(statement):
            report = await full.fsck()
            found[what] = {finding.kind for finding in report.findings}
            assert all(finding.why for finding in report.findings)
        await full.tamper(LAW)
    assert found == {what: kinds for what, (_, kinds) in BREAKS.items()}
    assert (await full.fsck()).holds


async def test_one_break_does_not_hide_another(full: Log) -> None:
    """An edited body, an edited column and a forged signature are all found at once."""
    await full.tamper(EDITED.format(100))
    await full.tamper(BREAKS["a column edited"][0])
    await full.tamper(BREAKS["a signature forged"][0])
    report = await full.fsck()
    found = {(finding.kind, finding.at) for finding in report.findings}
    assert found == {(Broken.BODY, 100), (Broken.COLUMN, 5), (Broken.SIGNATURE, 256)}


async def test_a_gap_in_a_sequence_is_found_though_all_else_fits(log: Log) -> None:
    """A log whose writer skipped a requester's number is genuine in every hash, and still found."""
    bank = ids.new_uuid()
    person, _ = await log.person()
    await log.record(released(bank), person=person)
    await log.drain()
    await log.tamper("ALTER TABLE ledger_bodies DROP CONSTRAINT ck_ledger_bodies_fits")
    await log.tamper("UPDATE ledger_bodies SET seq = 5")
    await log.record(released(bank), person=person)
    await log.drain()
    await log.tamper("UPDATE ledger_bodies SET seq = 0 WHERE idx = 0")
    (finding,) = (await log.fsck()).findings
    assert (finding.kind, finding.at) == (Broken.SEQUENCE, 1)


async def test_a_tag_used_twice_is_found(log: Log) -> None:
    """A person's counter set back shows: two entries carry the same tag."""
    person, _ = await log.person()
    await log.record(written(), person=person)
    await log.drain()
    await log.tamper("UPDATE ledger_subjects SET next_n = 0")
    await log.record(written(), person=person)
    await log.drain()
    (finding,) = (await log.fsck()).findings
    assert (finding.kind, finding.at) == (Broken.TAG, 1)


async def test_a_strangers_log_is_not_genuine(full: Log) -> None:
    """Under another public key not one checkpoint is genuine."""
    connection = await full.database.connect("vault_ledger")
    stranger = LogKey(full.signer.keys[0].origin, b"k" * 32)
    try:
        report = await fsck(connection, [stranger])
    finally:
        await connection.close()
    assert [finding.kind for finding in report.findings] == [Broken.SIGNATURE] * 2


async def test_it_sees_one_moment(full: Log) -> None:
    """While entries are being added, the audit sees the log as it was at its beginning, whole."""

    added = False

    def progress(_done: int, _total: int) -> None:
        nonlocal added
        added = True

    connection = await full.database.connect("vault_ledger")
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.fetchval("SELECT count(*) FROM ledger_entries")
            await full.record(FOUNDED)
            await full.drain()
            report = await fsck(connection, full.signer.keys, progress=progress)
    finally:
        await connection.close()
    assert added
    assert (report.entries, report.findings) == (300, [])


def test_findings_are_bounded() -> None:
    """A log that is all rubbish gives the first thousand findings and the number of the rest."""
    audit = Audit([])
    for index in range(MOST_FINDINGS):
        audit.entry(StoredEntry(index, bytes(32), ids.new_uuid(), None, [None] * 8))
    audit.checkpoint(1, Checkpoint("log", 1, bytes(32)).text())
    assert (len(audit.findings), audit.more) == (MOST_FINDINGS, 1)
