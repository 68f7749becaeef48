"""A release in the small: what the shares at hand open. The release room does the same with one statement."""

from dataclasses import dataclass, field
from typing import Any

from tests.consent.world import Consents
from tests.profile.world import Administrator
from vault.consent import Given, shares
from vault.consent.tables import Grant
from vault.crypto.keyring import KeyRing
from vault.db import Session
from vault.errors import CannotOpen
from vault.ids import PersonId
from vault.profile.opening import SealedVersion, open_parts
from vault.profile.sealed_keys import Part
from vault.registry import role_secret


@dataclass
class Shares:
    """What somebody has who tries: ``o`` None means no approval."""

    ring: KeyRing
    g: bytes
    o: bytes | None = None


@dataclass
class Opener:
    """Reads the rows as they stand and tries to open items of a grant."""

    consents: Consents
    administrator: Administrator
    cache: dict[str, Any] = field(default_factory=dict)

    async def officers_share(self, given: Given) -> bytes:
        """What a release officer unseals when they approve."""
        officer = self.consents.world.staff.third

        async def act(session: Session) -> bytes:
            row = await session.get(Grant, (PersonId(self.consents.person.id), given.grant))
            assert row is not None
            assert row.officer_share is not None
            assert row.officer_key is not None
            secret = await role_secret(session, officer, "release", row.officer_key)
            return shares.open_officer_share(secret, row.officer_share, given.grant)

        return await self.consents.db.run(act)

    async def all_shares(self, given: Given) -> Shares:
        """Everything a rightful release has."""
        return Shares(self.consents.db.ring, given.g, await self.officers_share(given))

    async def opened(self, given: Given, items: list[str], have: Shares) -> dict[str, Any]:
        """{item: value}, or CannotOpen / Tampered."""
        wraps = await self._by_grant("grant_wraps", given)
        secrets = {row["compartment"]: self._secret(given, row, have) for row in wraps}
        keys: dict[tuple[str, str], dict[int, bytes]] = {}
        for row in await self._by_grant("grant_parts", given):
            part, secret = Part(row["section"], row["compartment"]), secrets.get(row["compartment"])
            if secret is not None:
                where = shares.part_place(given.grant, part, row["number"])
                opened = shares.open_part_key(secret, row["sealed"], where)
                keys.setdefault((part.section, part.compartment), {})[row["number"]] = opened
        newest = await self.administrator.rows(
            "SELECT DISTINCT ON (section) * FROM section_versions WHERE person_id = $1 ORDER BY section, number DESC",
            self.consents.person.id,
        )
        versions = [SealedVersion.from_row(row) for row in newest]
        held = open_parts(versions, keys, self.consents.person.bundle.signing_public, items)
        return {item: each.value for item, each in held.items()}

    def _secret(self, given: Given, row: Any, have: Shares) -> bytes | None:
        if row["compartment"] == "general":
            return shares.open_general(have.ring, given.grant, have.g, row["wrapped"])
        if have.o is None:
            return None
        return shares.open_sensitive(have.ring, given.grant, have.g, have.o, row["wrapped"])

    async def _by_grant(self, table: str, given: Given) -> list[Any]:
        query = f"SELECT * FROM {table} WHERE person_id = $1 AND grant_id = $2"
        return await self.administrator.rows(query, self.consents.person.id, given.grant)

    async def opens(self, given: Given, items: list[str], have: Shares) -> bool:
        """Whether these shares open these items."""
        try:
            return set(await self.opened(given, items, have)) == set(items)
        except CannotOpen:
            return False
