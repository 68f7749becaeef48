"""The registry's database as an auditor sees it: rows beside the log, read in a role that can change nothing."""

from collections.abc import Sequence
from typing import Any, Final

import asyncpg

from vault.errors import BadConfiguration
from vault.witness.deriving import Derived, differences
from vault.witness.rules import Declined

_ROWS: Final = """
SELECT e.idx, e.id, b.at, b.event, b.requester, b.declaration, b.purpose, b.outcome, b.tag, b.seq, b.body IS NULL
FROM ledger_entries e LEFT JOIN ledger_bodies b ON b.shard = e.shard AND b.idx = e.idx
WHERE e.shard = $1 AND e.idx = ANY ($2::bigint[])
"""


_ARCHIVED: Final = """
SELECT first, until FROM ledger_partitions WHERE detached_at IS NOT NULL AND until > $1 AND first <= $2
"""


class DatabaseColumns:
    """Over one connection in the role of regulators."""

    def __init__(self, connection: Any, shard: int = 0) -> None:
        self._connection = connection
        self._shard = shard

    async def differences(self, derived: Sequence[Derived]) -> list[str]:
        """Where rows differ. Rows of a part that was archived are not looked for, nor columns without their bytes."""
        if not derived:
            return []
        indexes = [each.index for each in derived]
        try:
            rows = await self._connection.fetch(_ROWS, self._shard, indexes)
            archived = await self._connection.fetch(_ARCHIVED, indexes[0], indexes[-1])
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Declined(503, f"The database does not answer ({type(error).__name__}).") from None
        away = {row["idx"] for row in rows if row[-1]}
        away |= {index for index in indexes if any(first <= index < until for first, until in archived)}
        known = {row["idx"]: tuple(row)[1:-1] for row in rows}
        return differences([each for each in derived if each.index not in away], known)


async def connect(url: str) -> DatabaseColumns:
    """Connect for reading only. Raises BadConfiguration."""
    try:
        options = {"default_transaction_read_only": "on", "application_name": "pivault mirror"}
        return DatabaseColumns(await asyncpg.connect(url, timeout=5, server_settings=options))
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise BadConfiguration(f"The database cannot be asked: {type(error).__name__}.") from None
