"""What the outbox says about refusals."""

from typing import Any

import msgspec

from tests.profile.world import drafts
from vault.db import Database


async def refusals(db: Database) -> list[dict[str, Any]]:
    """Every entry about a refusal, oldest first."""
    entries = [msgspec.json.decode(draft) for draft in await drafts(db)]
    return [entry for entry in entries if entry["event"].endswith(".refused")]
