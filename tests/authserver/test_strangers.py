"""Strangers are counted, and the counts are on record."""

import msgspec

from tests.profile.world import drafts
from vault.authserver.server import Meter
from vault.authserver.strangers import record_strangers
from vault.db import Database


async def test_counts_become_entries(database: Database) -> None:
    """One entry per check, however many refusals; none when there were none."""
    meter = Meter()
    for check in ("assertion-aud", "assertion-aud", "client-known"):
        meter.count(check)
    assert await database.run(record_strangers, meter.take()) == 2
    assert await database.run(record_strangers, meter.take()) == 0
    entries = [msgspec.json.decode(draft) for draft in await drafts(database)]
    assert [(entry["event"], entry["reason"], entry["count"]) for entry in entries] == [
        ("refusals.counted", "assertion-aud", 2),
        ("refusals.counted", "client-known", 1),
    ]
