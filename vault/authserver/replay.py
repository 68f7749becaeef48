"""What must happen once: jti of proofs and assertions, remembered in the database for all workers."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import asyncpg
import sqlalchemy as sa

from vault.authserver.tables import SeenProof
from vault.db import Session

_SEE: Final = (
    "INSERT INTO seen_proofs (hash, expires_at) SELECT * FROM unnest($1::bytea[], $2::timestamptz[]) "
    "ON CONFLICT (hash) DO NOTHING RETURNING hash"
)


async def see(connection: asyncpg.Connection, proofs: Iterable[tuple[bytes, datetime]]) -> set[bytes]:
    """Remember these hashes; returns those that are new. Of two callers at once, one gets each.

    Outside a transaction, so that a proof stays used whatever becomes of the request.
    """
    given = dict(proofs)
    rows = await connection.fetch(_SEE, list(given), list(given.values()))
    return {row["hash"] for row in rows}


async def forget_old_proofs(session: Session) -> int:
    """Hygiene: delete what is too old to be presented. Returns how many."""
    gone = await session.execute(
        sa.delete(SeenProof).where(SeenProof.expires_at <= session.now).returning(SeenProof.hash)
    )
    return len(gone.all())
