"""A register and grants of a nation's size, copied from the one there is: rows that are beside what is measured."""

from typing import Any, Final

import asyncpg

_STEP: Final = 50_000
_ID: Final = "('{head}-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"


def _made(kind: str) -> str:
    """The n-th id of a kind, the same wherever it is named."""
    return _ID.format(head=f"00000000{kind}"[-8:])


REGISTER: Final[dict[str, dict[str, str]]] = {
    "requesters": {"id": _made("a"), "uscc": "'B' || lpad(n::text, 17, '0')"},
    "declarations": {"id": _made("b"), "requester_id": _made("a"), "number": "1"},
    "permits": {"declaration_id": _made("b")},
    "clients": {"id": _made("c"), "requester_id": _made("a"), "declaration_id": _made("b")},
}
_HELD: Final = {"person_id": _made("d"), "grant_id": _made("e")}
GRANTS: Final[dict[str, dict[str, str]]] = {
    "grants": {"person_id": _made("d"), "id": _made("e")},
    "grant_uses": _HELD,
    "grant_wraps": _HELD,
    "grant_parts": _HELD,
    "refresh_tokens": {"hash": "sha256(n::text::bytea)", "grant_id": _made("e")},
    "codes": {"hash": "sha256(('code' || n)::bytea)", "grant_id": _made("e")},
    "pushed_requests": {"id": _made("f"), "uri_hash": "sha256(('uri' || n)::bytea)"},
    "seen_proofs": {"hash": "sha256(('seen' || n)::bytea)"},
}


async def fill(admin_url: str, tables: dict[str, dict[str, str]], rows: int) -> None:
    """Copy one row of each table so many times, with other ids. Their MACs fit nothing: nobody may read them."""
    connection = await asyncpg.connect(admin_url)
    await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
    for table, changed in tables.items():
        columns = [name for (name,) in await connection.fetch(_COLUMNS, table)]
        values = ", ".join(changed.get(name, f't."{name}"') for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        for first in range(0, rows, _STEP):
            await connection.execute(
                f"INSERT INTO {table} ({names}) SELECT {values} FROM (SELECT * FROM {table} "  # noqa: S608 - our own names
                f"LIMIT 1) t, generate_series({first + 1}, {min(rows, first + _STEP)}) n ON CONFLICT DO NOTHING"
            )
    # Now, so that it does not run beside what is measured.
    await connection.execute("VACUUM (ANALYZE)")
    await connection.close()


async def counted(admin_url: str) -> dict[str, Any]:
    """How much there is."""
    connection = await asyncpg.connect(admin_url)
    found = {
        table: await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own names
        for table in ("requesters", "declarations", "clients", "grants", "refresh_tokens")
    }
    await connection.close()
    return found


_COLUMNS: Final = (
    "SELECT column_name::text FROM information_schema.columns "
    "WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position"
)
