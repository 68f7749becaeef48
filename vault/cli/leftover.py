"""What still rests on older versions of the ring's keys: counted in the database, by the version each row names."""

import itertools
from collections.abc import Mapping
from typing import Final

import asyncpg

from vault.crypto.keyring import KeyRing
from vault.db import Base, Guarded

_BLOBS: Final[tuple[tuple[str, str, str], ...]] = (
    ("approval", "approvals", "share"),
    ("release", "grant_wraps", "wrapped"),
    ("subject", "ledger_subjects", "key"),
    ("token-keys", "token_keys", "wrapped"),
)
"""Purpose, table, column: blobs whose first two bytes are the key's version."""
_COUNTED: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "index",
        "login_names",
        "SELECT count(DISTINCT holder_id) FROM login_names a WHERE NOT EXISTS "
        "(SELECT FROM login_names b WHERE b.holder_id = a.holder_id AND b.ring_version = $1)",
    ),
    (
        "index",
        "national_ids",
        "SELECT count(DISTINCT person_id) FROM national_ids a WHERE NOT EXISTS "
        "(SELECT FROM national_ids b WHERE b.person_id = a.person_id AND b.ring_version = $1)",
    ),
    ("login", "credentials", "SELECT count(*) FROM credentials WHERE (params->>'login')::int < $1"),
)


async def left(admin_url: str, ring: KeyRing) -> Mapping[tuple[str, str], int]:
    """(purpose, table) → how many rows are still under an older version than the newest; zeros left out."""
    counts: dict[tuple[str, str], int] = {}
    connection = await asyncpg.connect(admin_url)
    try:
        guarded = [("row", str(cls.__table__.name), "mac") for cls in _guarded()]
        for purpose, table, column in itertools.chain(guarded, _BLOBS):
            counts[purpose, table] = await connection.fetchval(
                f"SELECT count(*) FROM {table} WHERE "  # noqa: S608  # names come from the models and from this file
                f"get_byte({column}, 0) * 256 + get_byte({column}, 1) < $1",
                ring.versions(purpose)[-1],
            )
        for purpose, table, statement in _COUNTED:
            counts[purpose, table] = await connection.fetchval(statement, ring.versions(purpose)[-1])
    finally:
        await connection.close()
    return {key: count for key, count in counts.items() if count}


def _guarded() -> list[type[Guarded]]:
    return [m.class_ for m in Base.registry.mappers if issubclass(m.class_, Guarded)]
