"""What must hold afterwards, by the rows and by the receipts that were given out."""

from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from vault.cli.runtime import Runtime
from vault.db import LEDGER
from vault.errors import VaultError
from vault.ledger.checkpoint import log_keys
from vault.ledger.fsck import fsck
from vault.ledger.verify import verify_receipt

_WITHOUT_ENTRY = """
SELECT count(*) FROM releases r
WHERE r.state = 'delivered' AND NOT EXISTS (SELECT FROM ledger_entries e WHERE e.id = r.entry_id)
"""
_BODIES = "SELECT idx, body FROM ledger_bodies WHERE shard = 0 AND idx = ANY ($1::bigint[])"
_TWICE = """
SELECT count(*) FROM (
    SELECT 1 FROM ledger_bodies WHERE event = 'release.delivered'
    GROUP BY convert_from(body, 'UTF8')::jsonb ->> 'ref' HAVING count(*) > 1
) twice
"""


async def check(runtime: Runtime, acknowledged: Path) -> dict[str, Any]:
    """Counts of what was lost, wrong or without an entry: each must be 0."""
    connection = await asyncpg.connect(runtime.admin_url)
    keys = log_keys(runtime.ring, runtime.settings.origin(runtime.ring.id))
    given = lost = wrong = 0
    with acknowledged.open("rb") as lines:
        while batch := [line for line, _ in zip(lines, range(2000), strict=False)]:
            kept = [each for line in batch if (each := _read(line)) is not None]
            bodies = dict(await connection.fetch(_BODIES, [each["receipt"]["index"] for each in kept]))
            for each in kept:
                given += 1
                index = each["receipt"]["index"]
                lost += index not in bodies
                wrong += not _holds(each, bodies.get(index), keys[-1].vkey())
    without = await connection.fetchval(_WITHOUT_ENTRY)
    twice = await connection.fetchval(_TWICE)
    await connection.close()
    return {
        "receipts": given,
        "lost": lost,
        "wrong": wrong,
        "releases_without_entry": without,
        "releases_with_two_entries": twice,
        "fsck": await _rebuilt(runtime),
    }


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = msgspec.json.decode(line)
    except msgspec.DecodeError:  # the last line of a run that was itself killed
        return None
    return found


def _holds(kept: dict[str, Any], body: bytes | None, vkey: str) -> bool:
    try:
        verified = verify_receipt(msgspec.json.encode(kept["receipt"]), vkey)
    except VaultError:
        return False
    stored = None if body is None else msgspec.json.decode(body)
    return verified.entry == stored and verified.entry["ref"] == kept["release"]


async def _rebuilt(runtime: Runtime) -> bool:
    database = runtime.database()
    connection = await database.connect(LEDGER)
    try:
        report = await fsck(connection, log_keys(runtime.ring, runtime.settings.origin(runtime.ring.id)))
        return report.holds
    finally:
        await connection.close()
        await database.close()
