"""What a thief of the database finds in it: every row of every table, searched in many encodings."""

import base64
from collections.abc import Iterator

import asyncpg

_LEAST = 6


class DumpThief:
    """Reads the whole database as its administrator would. ``public_texts``: what stands in it by right."""

    def __init__(self, admin_url: str, public_texts: str) -> None:
        self._url = admin_url
        self._public = public_texts

    async def find(self, values: dict[str, str]) -> list[str]:
        """Paths of values that stand in the dump in some encoding, and not in a public text."""
        haystack = await self._dump()
        return [path for path, text in values.items() if text not in self._public and _stands_in(text, haystack)]

    async def _dump(self) -> bytes:
        """Every table in PostgreSQL's binary COPY form: stored bytes stand in it as they are."""
        connection = await asyncpg.connect(self._url)
        parts: list[bytes] = []

        async def keep(chunk: bytes) -> None:
            parts.append(chunk)

        try:
            for table in await table_names(connection):
                # partitioned ones too, which COPY takes as a query only
                await connection.copy_from_query(f"TABLE {table}", output=keep, format="binary")
        finally:
            await connection.close()
        return b"".join(parts)


async def table_names(connection: asyncpg.Connection) -> list[str]:
    """Every table there is."""
    found = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [row["tablename"] for row in found]


def _stands_in(text: str, haystack: bytes) -> bool:
    return any(len(form) >= _LEAST and form in haystack for form in _encodings(text))


def _encodings(text: str) -> Iterator[bytes]:
    """The text as a careless program might have stored it."""
    for raw in (text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be")):
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        for shift in range(3):  # base64 looks different at each of three alignments
            inner = base64.b64encode(b"\0" * shift + raw)[(0, 2, 3)[shift] :]
            whole = inner[: len(inner) - 4] if len(inner) > 8 else b""
            yield whole
            yield whole.replace(b"+", b"-").replace(b"/", b"_")
    yield text.encode("unicode_escape")
