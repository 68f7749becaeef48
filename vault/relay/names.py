"""What an address is called, and what an organisation is given of it. Pure but for one read over a connection."""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from vault.crypto.canonical import digest
from vault.crypto.keyring import KeyRing
from vault.ids import GrantId, PersonId
from vault.relay.tables import RelayAddress

PURPOSE: Final = "relay"
MAIL: Final = "mail"
CALL: Final = "call"
_PREFIX: Final = {MAIL: "r-", CALL: "c-"}
_NAME_BYTES: Final = 15
_LETTERS: Final = 24
_OF_GRANT: Final = sa.select(*(RelayAddress.__table__.c[n] for n in (*RelayAddress.guarded_columns(), "mac"))).where(
    RelayAddress.person_id == sa.bindparam("person", type_=sa.Uuid()),
    RelayAddress.grant_id == sa.bindparam("grant", type_=sa.Uuid()),
)
_SQL: Final = str(_OF_GRANT.compile(dialect=dialect()))  # type: ignore[no-untyped-call]  # SQLAlchemy's own gap


@dataclass(frozen=True, slots=True)
class Relayed:
    """An address as a release gives it out in the place of ``item``. ``closed_at`` None: it is open."""

    item: str
    by: str
    name: str
    opened_at: datetime
    closed_at: datetime | None

    def stood_at(self, at: datetime) -> bool:
        """Whether it was open at that moment."""
        return self.opened_at <= at and (self.closed_at is None or at < self.closed_at)

    def address(self, domain: str) -> str:
        """A mail address (RFC 5321), or a SIP URI (RFC 3261) to be called back through."""
        return f"{self.name}@{domain}" if self.by == MAIL else f"sip:{self.name}@{domain}"


def name_of(ring: KeyRing, person: UUID, row_id: UUID, by: str, *, version: int) -> str:
    """What a row is called: 120 bits that nobody can guess or compute without the ring, after r- or c-."""
    made = ring.derive(PURPOSE, b"relay name 1 " + person.bytes + row_id.bytes, version=version)
    return _PREFIX[by] + base64.b32encode(made[:_NAME_BYTES]).decode().lower()


def hash_of(name: str) -> bytes:
    """By what it is found: 32 bytes."""
    return digest(name.encode())


def read_name(text: str, domain: str) -> str | None:
    """The name in an address of this relay, however it is written; None for anything else."""
    local, _, host = text.strip().removeprefix("sip:").lower().partition("@")
    is_ours = host == domain.lower() and local[:2] in _PREFIX.values() and len(local) == 2 + _LETTERS
    return local if is_ours and local[2:].isalnum() and local.isascii() else None


async def of_grant(connection: Any, ring: KeyRing, person: PersonId, grant: GrantId) -> list[Relayed]:
    """The addresses made for a grant, closed ones too, over a plain connection. Raises Tampered."""
    found = []
    for row in await connection.fetch(_SQL, person, grant):
        RelayAddress.check(ring, row)
        name = name_of(ring, person, row["id"], row["by"], version=row["key_version"])
        found.append(Relayed(row["item"], row["by"], name, row["opened_at"], row["closed_at"]))
    return found
