"""Whether a vault is active, for those who ask on behalf of nobody who is signed in."""

from typing import Final

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from vault.accounts.tables import Person
from vault.crypto.keyring import KeyRing
from vault.ids import PersonId

_ROW: Final = sa.select(*(Person.__table__.c[n] for n in (*Person.guarded_columns(), "mac"))).where(
    Person.person_id == sa.bindparam("person", type_=sa.Uuid())
)
_SQL: Final = str(_ROW.compile(dialect=dialect()))  # type: ignore[no-untyped-call]  # SQLAlchemy's own gap


async def is_active(connection: asyncpg.Connection, ring: KeyRing, person: PersonId) -> bool:
    """Over a plain connection. False where there is no such vault; Tampered when the row was edited."""
    row = await connection.fetchrow(_SQL, person)
    if row is None:
        return False
    Person.check(ring, row)
    return bool(row["status"] == "active")
