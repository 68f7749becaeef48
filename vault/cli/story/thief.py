"""The worse thief: has the dump and the key ring, and tries to open sections with them.

The dump is taken while the grant is live. The same thief is then handed the grant's access token, to
show that the attempt is a real one: with the person's share, and only then, the general parts open.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg

from vault.authserver.token_keys import KeyCache
from vault.authserver.tokens import open_access_token
from vault.cli.story.dump import DumpThief, table_names
from vault.consent.shares import open_general, open_part_key, open_sensitive, part_place
from vault.crypto.keyring import MAC_PURPOSES, KeyRing
from vault.crypto.sealing import KEY_BYTES, open_aead, unseal
from vault.db import Database
from vault.errors import CannotOpen
from vault.profile.opening import version_place
from vault.profile.sealed_keys import Part

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Loot:
    """What came of it: attempts without the share, how many opened; fields that opened with it."""

    tried: int
    opened: int
    with_share: int


class Thief(DumpThief):
    """Dump and key ring in one hand."""

    def __init__(self, admin_url: str, database: Database, public_texts: str) -> None:
        super().__init__(admin_url, public_texts)
        self._admin_url = admin_url
        self._database = database
        self._rows: Rows = {}

    @property
    def _ring(self) -> KeyRing:
        return self._database.ring

    async def take(self) -> None:
        """Copy every row there is now."""
        connection = await asyncpg.connect(self._admin_url)
        try:
            for table in await table_names(connection):
                self._rows[table] = [dict(row) for row in await connection.fetch(f"TABLE {table}")]
        finally:
            await connection.close()

    async def open_sections(self, token: str, issuer: str) -> Loot:
        """Try every key in reach on everything that guards a section; then the same with the token's share."""
        keys = sorted({key for key in self._keys() if len(key) == KEY_BYTES})
        results = [*self._wraps(keys), *self._boxes(keys), *self._versions(keys)]
        return Loot(len(results), sum(results), await self._with_share(token, issuer))

    def _keys(self) -> Iterator[bytes]:
        """What could serve as a key: the ring's output over the ids in reach, and every 32-byte column."""
        ids = {row[name] for row in self._rows["grants"] for name in ("person_id", "id", "requester_id")}
        contexts = {b"", *(i.bytes for i in ids), *(i.hex.encode() for i in ids)}
        for purpose, context in itertools.product(sorted(MAC_PURPOSES), sorted(contexts)):
            yield self._ring.derive(purpose, context)
        for row in itertools.chain.from_iterable(self._rows.values()):
            yield from (value for value in row.values() if isinstance(value, bytes) and len(value) == KEY_BYTES)

    def _wraps(self, keys: list[bytes]) -> Iterator[bool]:
        for row, g in itertools.product(self._rows["grant_wraps"], keys):
            if row["compartment"] == "general":
                yield _opens(open_general, self._ring, row["grant_id"], g, row["wrapped"])
            else:
                yield _opens(open_sensitive, self._ring, row["grant_id"], g, keys[0], row["wrapped"])
                yield _opens(open_sensitive, self._ring, row["grant_id"], keys[0], g, row["wrapped"])

    def _boxes(self, keys: list[bytes]) -> Iterator[bool]:
        boxes = [row["sealed"] for table in ("grant_parts", "section_keys") for row in self._rows[table]]
        boxes += [row["escrow"] for row in self._rows["section_keys"]]
        for box, key in itertools.product(boxes, keys):
            yield _opens(unseal, key, box)

    def _versions(self, keys: list[bytes]) -> Iterator[bool]:
        for row, compartment in itertools.product(self._rows["section_versions"], ("general", "sensitive")):
            if row[compartment] is not None:
                where = version_place(row["person_id"], Part(row["section"], compartment), row["number"])
                yield from (_opens(open_aead, key, row[compartment], where) for key in keys)

    async def _with_share(self, token: str, issuer: str) -> int:
        """How many section versions open once the person's share is there: the check that the attempt is real."""
        cache = KeyCache()
        await cache.load(self._database)
        access = open_access_token(cache, self._ring, token, self._database.clock.now(), issuer=issuer)
        wraps = {row["compartment"]: row for row in self._rows["grant_wraps"] if row["grant_id"] == access.grant}
        secret = open_general(self._ring, access.grant, access.g, wraps["general"]["wrapped"])
        opened = 0
        for part_row in self._rows["grant_parts"]:
            if part_row["grant_id"] == access.grant and part_row["compartment"] == "general":
                part = Part(part_row["section"], "general")
                where = part_place(access.grant, part, part_row["number"])
                key = open_part_key(secret, part_row["sealed"], where)
                opened += sum(self._versions_of(access.person, part, key))
        return opened

    def _versions_of(self, person: object, part: Part, key: bytes) -> Iterator[bool]:
        for row in self._rows["section_versions"]:
            if (row["person_id"], row["section"]) == (person, part.section) and row["general"] is not None:
                yield _opens(open_aead, key, row["general"], version_place(row["person_id"], part, row["number"]))


def _opens(attempt: Any, *arguments: Any) -> bool:
    try:
        attempt(*arguments)
    except CannotOpen:
        return False
    return True
