"""What a thief has: every row of every table, and in the worse case the key ring too."""

import base64
import itertools
from collections.abc import Iterator

import asyncpg

from vault.crypto.keyring import MAC_PURPOSES, KeyRing, ring_open
from vault.crypto.sealing import SEALED_BOX, XCHACHA, open_aead, place, unseal
from vault.errors import CannotOpen

Rows = dict[str, list[asyncpg.Record]]
_LEAST = 6


class Thief:
    """Reads the whole database as its administrator would, and tries what can be tried with it."""

    def __init__(self, admin_url: str, ring: KeyRing, public_texts: str) -> None:
        self._url = admin_url
        self._ring = ring
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
            for table in await _tables(connection):
                await connection.copy_from_table(table, output=keep, format="binary")
        finally:
            await connection.close()
        return b"".join(parts)

    async def open_sections(self) -> tuple[int, int]:
        """Try every key in reach on every ciphertext that guards a section. Returns (tried, opened)."""
        connection = await asyncpg.connect(self._url)
        try:
            rows = {table: await connection.fetch(f"TABLE {table}") for table in await _tables(connection)}
        finally:
            await connection.close()
        keys = set(self._keys(rows))
        tried = opened = 0
        for key, (blob, ad) in itertools.product(keys, list(_targets(rows))):
            tried += 1
            opened += _opens(key, blob, ad)
        return tried, opened

    def _keys(self, rows: Rows) -> Iterator[bytes]:
        """What could serve as a key: the ring's output over the ids in reach, token keys, 32-byte columns."""
        ids = {row[name] for name in ("person_id", "id") for table in ("grants",) for row in rows.get(table, [])}
        contexts = {b"", *(i.bytes for i in ids), *(i.hex.encode() for i in ids), *(str(i).encode() for i in ids)}
        for purpose, context in itertools.product(sorted(MAC_PURPOSES), sorted(contexts)):
            yield self._ring.derive(purpose, context)
        for row in rows.get("token_keys", []):
            try:
                yield ring_open(self._ring, "token-keys", row["wrapped"], place("token_keys", row["id"], "wrapped"))
            except CannotOpen:
                continue
        for table in rows.values():
            for row in table:
                yield from (value for value in row.values() if isinstance(value, bytes) and len(value) == 32)


async def _tables(connection: asyncpg.Connection) -> list[str]:
    found = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [row["tablename"] for row in found]


def _targets(rows: Rows) -> Iterator[tuple[bytes, bytes]]:
    """Ciphertexts between a thief and a section, each with the place it is bound to."""
    for row in rows.get("grant_wraps", []):
        yield row["wrapped"], place("grant_wraps", (row["person_id"], row["grant_id"]), row["compartment"])
    for table, column in (("grant_parts", "sealed"), ("section_keys", "sealed"), ("section_keys", "escrow")):
        yield from ((row[column], b"") for row in rows.get(table, []))
    for row in rows.get("section_versions", []):
        for part in ("general", "sensitive"):
            if row[part] is not None:
                where = (row["person_id"], row["section"])
                yield row[part], place("section_versions", where, part, row["number"])


def _opens(key: bytes, blob: bytes, ad: bytes) -> bool:
    """Whether the key opens the blob, taken as it is and behind a two-byte key version."""
    for body in (blob, blob[2:]):
        try:
            if body[:1] == SEALED_BOX:
                unseal(key, body)
            elif body[:1] == XCHACHA:
                open_aead(key, body, ad)
            else:
                continue
        except CannotOpen:
            continue
        return True
    return False


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
