"""Who can sign in: four realms, one shape."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from vault.crypto.bundles import Bundle

PERSON: Final = "person"
OFFICER: Final = "officer"
REGULATOR: Final = "regulator"
MEMBER: Final = "member"
REALMS: Final = (PERSON, OFFICER, REGULATOR, MEMBER)


@dataclass(frozen=True)
class Holder:
    """Somebody signed in, with unlocked keys. Lives as long as one request.

    ``realm`` says which kind, ``id`` who (a person's, a member of staff's or of an organisation's id), ``sign_in`` by
    which sign-in, ``belongs_to`` the organisation that a member was enrolled for.
    It proves that the keys were opened; whether the holder may still act is asked of the registry, the accounts or
    the organisations.
    """

    realm: str
    id: UUID
    bundle: Bundle
    sign_in: UUID
    belongs_to: UUID | None = None
